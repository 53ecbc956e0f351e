package router

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mcphub.io/shim/message"
)

type world struct {
	*Router
	t *testing.T
}

func newWorld(t *testing.T, prefixes ...string) world {
	made := world{New(), t}
	for _, prefix := range prefixes {
		made.Open(prefix)
	}
	return made
}

func (w world) write(prefix, line string) {
	w.t.Helper()
	if !w.FromGateway(prefix, message.Classify([]byte(line))) {
		w.t.Fatalf("refused: %s", line)
	}
}

func (w world) expect(line string, want ...string) {
	w.t.Helper()
	got := w.FromChild(message.Classify([]byte(line)), []byte(line))
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.t.Fatalf("%s went to %v, want %v", line, got, want)
	}
}

func request(id string) string { return `{"id":"` + id + `","method":"tools/call"}` }
func result(id string) string  { return `{"result":{},"id":"` + id + `"}` }

func TestAnswersGoByPrefix(t *testing.T) {
	w := newWorld(t, "a-", "b-")
	w.write("a-", request("a-1"))
	w.write("b-", request("b-1"))
	w.expect(result("b-1"), "b-")
	w.expect(result("a-1"), "a-")
	if w.InFlight() != 0 {
		t.Fatal("answered calls are still in flight")
	}
	w.expect(result("c-9"))
}

func TestNotifications(t *testing.T) {
	w := newWorld(t, "a-", "b-")
	w.expect(`{"method":"notifications/tools/list_changed"}`, "a-", "b-")
	w.expect(`{"method":"notifications/progress","params":{"progressToken":"b-4"}}`, "b-")
	w.expect(`{"method":"notifications/progress","params":{"progressToken":"gone-4"}}`)
	w.expect(`{"method":"x","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"a-2"}}}`, "a-")
}

func TestARequestOfTheChildGoesToExactlyOne(t *testing.T) {
	w := newWorld(t, "a-", "b-")
	ask := `{"id":1,"method":"elicitation/create"}`
	w.write("b-", request("b-1"))
	w.write("a-", `{"method":"notifications/initialized"}`)
	w.expect(ask, "b-") // a call in flight beats the latest writer
	due := w.Close("b-")
	if len(due) != 1 || due[0].Prefix != "a-" {
		t.Fatalf("the question must go to the other one: %v", due)
	}
	w.write("a-", `{"id":1,"result":{}}`)
	if due := w.Close("a-"); len(due) != 0 || len(w.questions) != 0 {
		t.Fatal("an answered question is not asked again")
	}
	w.expect(`{"id":2,"method":"roots/list"}`)
	if due := w.Open("c-"); len(due) != 1 || due[0].Prefix != "c-" {
		t.Fatalf("who opens it next is asked: %v", due)
	}
}

func TestWhatAGatewayAsksForItselfDrawsNoQuestion(t *testing.T) {
	w := newWorld(t, "a-", "b-")
	w.write("a-", request("a-1"))
	for _, method := range []string{"tools/list", "ping", "initialize", "server/discover"} {
		w.write("b-", `{"id":"b-`+method+`","method":"`+method+`"}`)
		w.expect(`{"id":"of `+method+`","method":"elicitation/create"}`, "a-")
	}
	w.write("b-", `{"id":"b-2","method":"prompts/get"}`)
	w.expect(`{"id":2,"method":"elicitation/create"}`, "b-")
	w.expect(result("a-1"), "a-")
	w.expect(result("b-2"), "b-")
	w.expect(`{"id":3,"method":"roots/list"}`, "b-") // only its own are left
}

func TestClaims(t *testing.T) {
	w := newWorld(t, "a-", "b-")
	w.write("a-", request("a-1"))
	w.write("a-", request("a-2"))
	w.Close("a-")
	w.expect(result("a-1")) // kept
	if state, line := w.Claim("b-", "a-1"); state != Kept || string(line) != result("a-1") {
		t.Fatalf("kept: %v %s", state, line)
	}
	if state, _ := w.Claim("b-", "a-1"); state != Unknown {
		t.Fatalf("a second time: %v", state)
	}
	if state, _ := w.Claim("b-", "a-2"); state != Waiting {
		t.Fatalf("waiting: %v", state)
	}
	w.expect(`{"method":"notifications/progress","params":{"progressToken":"a-2"}}`, "b-")
	w.expect(result("a-2"), "b-")
	w.write("b-", request("b-3"))
	w.write("b-", `{"method":"notifications/cancelled","params":{"requestId":"b-3"}}`)
	if state, _ := w.Claim("a-", "b-3"); state != Unknown {
		t.Fatalf("canceled: %v", state)
	}
}

func TestWhoComesBackGetsWhatWasKept(t *testing.T) {
	w := newWorld(t, "a-", "b-")
	w.write("a-", request("a-1"))
	w.Close("a-")
	w.expect(result("a-1"))
	if due := w.Open("a-"); len(due) != 1 || string(due[0].Line) != result("a-1") {
		t.Fatalf("due: %v", due)
	}
	if w.keptSize != 0 {
		t.Fatalf("%d bytes are still counted", w.keptSize)
	}
}

func TestGarbageGoesToTheLatestWriter(t *testing.T) {
	w := newWorld(t, "a-", "b-")
	w.expect("hello")
	w.write("b-", request("b-1"))
	w.expect("hello", "b-")
	w.write("a-", request("a-1"))
	w.expect("hello", "a-")
}

func TestBounds(t *testing.T) {
	w := newWorld(t, "a-")
	for n := range maxInFlight {
		w.write("a-", request(fmt.Sprint("a-", n)))
	}
	if w.FromGateway("a-", message.Classify([]byte(request("a-x")))) {
		t.Fatal("one more must be refused")
	}
	w.Close("a-")
	large := strings.Repeat("x", 100_000)
	for n := range maxInFlight {
		w.expect(fmt.Sprintf(`{"id":"a-%d","result":"%s"}`, n, large))
	}
	if w.keptSize > keptBytes || len(w.kept) > keptAnswers || w.InFlight() != 0 {
		t.Fatalf("%d bytes and %d answers are kept", w.keptSize, len(w.kept))
	}
	if state, _ := w.Claim("b-", fmt.Sprint("a-", maxInFlight-1)); state != Kept {
		t.Fatal("the newest must be kept")
	}
	for n := range 10 * waitingQuestions {
		w.expect(fmt.Sprintf(`{"id":%d,"method":"ping","params":"%s"}`, n, large))
	}
	if len(w.questions) > waitingQuestions || len(w.questions)*len(large) > waitingBytes+len(large) {
		t.Fatalf("%d questions wait", len(w.questions))
	}
	if w.FromGateway("a-", message.Classify([]byte(request(strings.Repeat("a", maxIDBytes+1))))) {
		t.Fatal("a huge id must be refused")
	}
}
