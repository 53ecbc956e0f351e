package message

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestClassify(t *testing.T) {
	for line, want := range map[string]Message{
		`{"jsonrpc":"2.0","id":"a-1","method":"tools/call","params":{"_meta":{"progressToken":"a-1"}}}`: {Kind: Request, ID: "a-1", Method: "tools/call"},
		`{"result":{"id":"x","method":"y","text":"\"}{\\"},"jsonrpc":"2.0","id":"a-1"}`:                 {Kind: Response, ID: "a-1"},
		` { "id" : 7 , "error" : { } } `: {Kind: Response, ID: "\x007"},
		`{"method":"notifications/progress","params":{"progress":1,"progressToken":"a-2"}}`:  {Kind: Notification, Method: "notifications/progress", Token: "a-2"},
		`{"method":"notifications/cancelled","params":{"requestId":5}}`:                      {Kind: Notification, Method: "notifications/cancelled", RequestID: "\x005"},
		`{"method":"n","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"a-3"}}}`: {Kind: Notification, Method: "n", Subscription: "a-3"},
		`{"\u0069d":"\u0061-1","id2":1}`:                                                     {Kind: Response, ID: "a-1"},
		`{"id":null,"error":{}}`:                                                             {},
		`{"id":"1","id":"2"}`:                                                                {Kind: Response, ID: "2"},
		`{}`:                                                                                 {},
		``:                                                                                   {},
		`[{"id":1}]`:                                                                         {},
		`{"id":1} {"id":2}`:                                                                  {},
		`{"id":1`:                                                                            {},
		`{"id":"a\"}`:                                                                        {},
		`Server listens on stdio`:                                                            {},
		`{"id":1,}`:                                                                          {},
		`{"id":{"a":1},"method":"m"}`:                                                        {Kind: Notification, Method: "m"},
		strings.Repeat("[", 1<<16) + "1":                                                     {},
	} {
		if got := Classify([]byte(line)); got != want {
			t.Errorf("%.80s: got %+v, want %+v", line, got, want)
		}
	}
}

// What encoding/json understands as an object must give the same id and method here.
func FuzzClassify(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","id":"a-1","result":{"a":[1,"\\\""]}}`))
	f.Add([]byte(`{"method":"m","params":{"progressToken":3}}`))
	f.Add([]byte("{\"id\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, line []byte) {
		got := Classify(line)
		var object map[string]json.RawMessage
		if json.Unmarshal(line, &object) != nil || object == nil {
			return
		}
		var id, method string
		if json.Unmarshal(object["method"], &method) != nil {
			method = ""
		}
		hasText := json.Unmarshal(object["id"], &id) == nil && id != ""
		if strings.ContainsRune(id+method, '\uFFFD') {
			return
		}
		if got.Method != method || (hasText && got.ID != id) {
			t.Fatalf("%q: got %+v, want %q %q", line, got, id, method)
		}
	})
}

func BenchmarkClassify(b *testing.B) {
	line := []byte(`{"result":{"content":[{"type":"text","text":"` + strings.Repeat("hello ", 200) + `"}]},"jsonrpc":"2.0","id":"a1b2c3-77"}`)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		Classify(line)
	}
}
