package server

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"mcphub.io/shim/frames"
)

func request(id string) string { return `{"jsonrpc":"2.0","id":"` + id + `","method":"tools/call"}` }
func result(id string) string  { return `{"jsonrpc":"2.0","id":"` + id + `","result":{}}` }

func TestTwoReplicasShareAChild(t *testing.T) {
	w := newWorld(t, nil)
	// answers in the order that it is told, by what stands after "answer "
	script := `while read -r line; do case "$line" in answer*) echo "${line#answer }";; esac; done`
	a, b := w.open("a", script), w.open("b", script)
	if !a.told.IsNew || b.told.IsNew || a.told.Incarnation != b.told.Incarnation || a.child != b.child {
		t.Fatalf("one child must be started: %+v %+v", a.told, b.told)
	}
	a.write(request("a-1"))
	b.write(request("b-1"))
	b.write("answer " + result("a-1"))
	a.expect(result("a-1"))
	a.write("answer " + result("b-1"))
	b.expect(result("b-1"))
	a.write(`answer {"method":"notifications/tools/list_changed"}`)
	a.expect(`{"method":"notifications/tools/list_changed"}`)
	b.expect(`{"method":"notifications/tools/list_changed"}`)
}

func TestAReplicaGoesInTheMiddleOfACall(t *testing.T) {
	w := newWorld(t, nil)
	script := `while read -r line; do case "$line" in answer*) echo "${line#answer }";; esac; done`
	a, b := w.open("a", script), w.open("b", script)
	ask := `{"id":7,"method":"elicitation/create"}`
	a.write(request("a-1"))
	a.write(request("a-2"))
	a.write("answer " + ask)
	a.expect(ask)
	a.Close()
	b.expect(ask) // nobody had answered it
	b.write("answer " + result("a-1"))
	b.write("answer " + `{"method":"notifications/message"}`)
	b.expect(`{"method":"notifications/message"}`) // the answer before it is kept, not given to somebody else
	if state := b.claim("a-1"); state != "kept" {
		t.Fatal(state)
	}
	b.expect(result("a-1"))
	if state := b.claim("a-2"); state != "waiting" {
		t.Fatal(state)
	}
	if state := b.claim("a-9"); state != "unknown" {
		t.Fatal(state)
	}
	b.write("answer " + result("a-2"))
	b.expect(result("a-2"))
}

func TestAReplicaThatComesBackGetsItsAnswer(t *testing.T) {
	w := newWorld(t, nil)
	script := `while read -r line; do case "$line" in answer*) echo "${line#answer }";; esac; done`
	a, b := w.open("a", script), w.open("b", script)
	a.write(request("a-1"))
	b.write(request("b-1"))
	b.write("answer " + result("b-1"))
	b.expect(result("b-1")) // so a's request was read before it goes
	a.write(`answer {"method":"x"}`)
	a.expect(`{"method":"x"}`)
	a.Close()
	w.waitFor("it is gone", func() bool { return w.attached() == 1 })
	b.write("answer " + result("a-1"))
	b.write(`answer {"method":"y"}`)
	b.expect(`{"method":"x"}`)
	b.expect(`{"method":"y"}`)
	w.open("a", script).expect(result("a-1"))
}

func TestLargeLinesAndOrder(t *testing.T) {
	w := newWorld(t, nil)
	a := w.open("a", "cat")
	large := `{"id":"a-1","result":"` + strings.Repeat("x", frames.MaxLine-100) + `"}`
	a.write(large)
	seen := map[frames.Type]string{}
	for seen[frames.Stdout] == "" || seen[frames.Credit] == "" {
		frame, err := a.Read()
		if err != nil {
			t.Fatal(err)
		}
		seen[frame.Type] = string(frame.Payload)
	}
	if seen[frames.Stdout] != large || binary.BigEndian.Uint32([]byte(seen[frames.Credit])) != uint32(len(large)+frames.HeaderBytes) {
		t.Fatal("the line or its credit came back changed")
	}
	_ = a.Send(frames.Credit, a.child, []byte(seen[frames.Credit]))
	for n := range 5000 {
		a.write(result(fmt.Sprint("a-", n)))
	}
	for n := range 5000 {
		a.expect(result(fmt.Sprint("a-", n)))
	}
}

func TestAReplicaThatTakesNothingIsLeftBehind(t *testing.T) {
	w := newWorld(t, func(options *Options) { options.StallTime = 200 * time.Millisecond })
	script := fmt.Sprintf(`until [ "$go" = go ]; do read -r go; done; for n in 1 2 3 4; do head -c %d /dev/zero | tr '\0' x; echo; done; cat`, 700_000)
	a, b := w.open("a", script), w.open("b", script)
	b.write(request("b-1"))
	w.waitFor("its request was taken", func() bool { return w.inFlight() == 1 })
	a.write("go") // the latest writer gets what is no JSON
	a.write(request("a-1"))
	if err := func() error {
		for {
			if _, err := a.Await(frames.Exit); err != nil {
				return err
			}
		}
	}(); err == nil || err.Error() != codeStalled {
		t.Fatalf("it must be told why: %v", err)
	}
	b.write(result("b-7"))
	for b.line() != result("b-7") { // goes on for the other one
	}
}

func TestAChildThatDoesNotReadStopsItsWriter(t *testing.T) {
	w := newWorld(t, nil)
	a := w.open("a", `sleep 1000`)
	line := `{"method":"x","params":"` + strings.Repeat("x", 1<<20) + `"}`
	for n := range 40 {
		if err := a.Send(frames.Stdin, a.child, []byte(line)); err != nil {
			return // closed
		}
		if n == 39 {
			if _, err := a.Await(frames.Exit); err == nil || err.Error() != codeLimit {
				t.Fatalf("whoever ignores credit must be cut off: %v", err)
			}
		}
	}
}

func TestTooManyCallsInFlight(t *testing.T) {
	w := newWorld(t, nil)
	a := w.open("a", `cat >/dev/null`)
	for n := range 4097 {
		a.write(request(fmt.Sprint("a-", n)))
	}
	frame := a.await(frames.Error)
	if frame.Child != a.child || !strings.Contains(string(frame.Payload), codeLimit) {
		t.Fatalf("%d %s", frame.Child, frame.Payload)
	}
}

func TestNothingOfWhatIsCarriedIsLogged(t *testing.T) {
	w := newWorld(t, nil)
	a := w.attach("a")
	canary := "canary-5b1f"
	a.start(map[string]any{
		"key": "k", "argv": []string{"sh", "-c", "echo $TOKEN >&2; cat", canary}, "workdir": w.folder, "env": map[string]string{"TOKEN": canary},
	})
	a.write(canary)
	a.expect(canary)
	_ = a.SendJSON(frames.Start, 0, map[string]any{"ref": 2, "key": "b", "argv": []string{"none", canary}, "workdir": "/", "env": map[string]string{"LD_X": canary}})
	failed := a.await(frames.Failed)
	_ = a.SendJSON(frames.Start, 0, map[string]any{"ref": 3, "key": "b", "argv": []string{"none", canary}, "workdir": "/"})
	spawn := a.await(frames.Failed)
	var told failure
	if err := json.Unmarshal(spawn.Payload, &told); err != nil || told.Ref != 3 || told.Code != "spawn" {
		t.Fatalf("%s", spawn.Payload)
	}
	if strings.Contains(w.log()+string(failed.Payload)+string(spawn.Payload), canary) {
		t.Fatalf("%s\n%s\n%s", w.log(), failed.Payload, spawn.Payload)
	}
	var stderr string
	w.waitFor("stderr came", func() bool {
		_ = a.Send(frames.Stderr, a.child, nil)
		stderr = string(a.await(frames.Stderr).Payload)
		return stderr != ""
	})
	if stderr != canary+"\n" {
		t.Fatalf("stderr: %q", stderr)
	}
}
