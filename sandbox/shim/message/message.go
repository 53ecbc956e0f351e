// Package message tells what a line is, as far as routing needs it: its kind, its id, whom a notification is about. It looks at the outermost members
// and those of params, skips all else without checking it (the gateway does), allocates nothing for usual lines, and never fails: what it does not understand is Other.
package message

import (
	"bytes"
	"encoding/json"
)

// Kind of a JSON-RPC message.
type Kind int

// Other is whatever is no JSON object or no JSON-RPC.
const (
	Other Kind = iota
	Request
	Notification
	Response
)

// Message is what routing needs of a line. Ids are the text of a string, or the text of a number behind a NUL, so that 1 and "1" differ; empty = none.
type Message struct {
	Kind   Kind
	ID     string
	Method string
	// Token is params.progressToken, Subscription the id in params._meta, RequestID params.requestId; only of notifications
	Token        string
	Subscription string
	RequestID    string
}

const subscriptionKey = "io.modelcontextprotocol/subscriptionId"

// Classify reads one line.
func Classify(line []byte) Message {
	var found Message
	var params []byte
	ok := eachMember(line, func(key, value []byte) {
		switch string(key) {
		case "id":
			found.ID = idOf(value)
		case "method":
			found.Method = textOf(value)
		case "params":
			params = value
		}
	})
	if !ok {
		return Message{}
	}
	switch {
	case found.Method == "" && found.ID != "":
		found.Kind = Response
	case found.Method != "" && found.ID != "":
		found.Kind = Request
	case found.Method != "":
		found.Kind = Notification
		readParams(&found, params)
	}
	return found
}

func readParams(found *Message, params []byte) {
	eachMember(params, func(key, value []byte) {
		switch string(key) {
		case "progressToken":
			found.Token = idOf(value)
		case "requestId":
			found.RequestID = idOf(value)
		case "_meta":
			eachMember(value, func(key, value []byte) {
				if string(key) == subscriptionKey {
					found.Subscription = idOf(value)
				}
			})
		}
	})
}

func idOf(value []byte) string {
	if len(value) == 0 {
		return ""
	}
	if value[0] == '"' {
		return textOf(value)
	}
	if value[0] == '-' || (value[0] >= '0' && value[0] <= '9') {
		return "\x00" + string(value)
	}
	return ""
}

func textOf(value []byte) string {
	if len(value) < 2 || value[0] != '"' {
		return ""
	}
	return string(unescape(value))
}

// unescape takes a string with its quotes.
func unescape(quoted []byte) []byte {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return nil
	}
	return []byte(text)
}

// eachMember calls back for each member of the object that text holds and nothing beside it. False when it holds none; members told before are then void.
func eachMember(text []byte, member func(key, value []byte)) bool {
	at := skipSpace(text, 0)
	if at >= len(text) || text[at] != '{' {
		return false
	}
	at = skipSpace(text, at+1)
	if at < len(text) && text[at] == '}' {
		return skipSpace(text, at+1) == len(text)
	}
	for {
		keyEnd := skipString(text, at)
		if keyEnd < 0 {
			return false
		}
		key := unescape(text[at:keyEnd])
		at = skipSpace(text, keyEnd)
		if at >= len(text) || text[at] != ':' {
			return false
		}
		at = skipSpace(text, at+1)
		end := skipValue(text, at)
		if end <= at {
			return false
		}
		member(key, text[at:end])
		at = skipSpace(text, end)
		if at >= len(text) {
			return false
		}
		if text[at] == '}' {
			return skipSpace(text, at+1) == len(text)
		}
		if text[at] != ',' {
			return false
		}
		at = skipSpace(text, at+1)
	}
}

func skipSpace(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n') {
		at++
	}
	return at
}

// skipString gives the place behind the closing quote, -1 when there is no string.
func skipString(text []byte, at int) int {
	if at >= len(text) || text[at] != '"' {
		return -1
	}
	for from := at + 1; ; {
		next := bytes.IndexByte(text[from:], '"')
		if next < 0 {
			return -1
		}
		quote := from + next
		escapes := 0
		for text[quote-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return quote + 1
		}
		from = quote + 1
	}
}

func skipValue(text []byte, at int) int {
	if at >= len(text) {
		return -1
	}
	switch text[at] {
	case '"':
		return skipString(text, at)
	case '{', '[':
		return skipNested(text, at)
	}
	for at < len(text) {
		switch text[at] {
		case ',', '}', ']', ' ', '\t', '\r', '\n', '"', ':', '{', '[':
			return at
		}
		at++
	}
	return at
}

func skipNested(text []byte, at int) int {
	for depth := 0; at < len(text); {
		switch text[at] {
		case '"':
			end := skipString(text, at)
			if end < 0 {
				return -1
			}
			at = end
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth == 0 {
				return at + 1
			}
		}
		at++
	}
	return -1
}
