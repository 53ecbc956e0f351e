package server

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"mcphub.io/shim/frames"
)

const (
	maxPing   = 64
	readBytes = 16 << 10
)

// read handles frames until the connection ends; a code says that the gateway is to be told why.
func (joined *attachment) read() (code, message string) {
	from := bufio.NewReaderSize(joined.conn, readBytes)
	for {
		_ = joined.conn.SetReadDeadline(time.Now().Add(joined.server.options.Silence))
		frame, err := frames.Read(from, frames.MaxFrame)
		switch {
		case errors.Is(err, frames.ErrTooLarge):
			return codeTooLarge, err.Error()
		case errors.Is(err, frames.ErrBad):
			return codeBadFrame, err.Error()
		case err != nil:
			return "", ""
		}
		if code, message := joined.handle(frame); code != "" {
			return code, message
		}
	}
}

func (joined *attachment) handle(frame frames.Frame) (code, message string) {
	switch frame.Type {
	case frames.Ping:
		if len(frame.Payload) > maxPing {
			return codeBadFrame, "a ping is too long"
		}
		joined.send(frames.Frame{Type: frames.Pong, Payload: frame.Payload})
	case frames.Pong:
		if bytes.Equal(frame.Payload, drainMark) {
			joined.knowsDrain.Store(true)
		}
	case frames.Start:
		return joined.handleStart(frame)
	case frames.Drain:
		return joined.handleDrain(frame)
	case frames.Stderr:
		joined.handleStderr(frame)
	case frames.Stdin, frames.Credit, frames.Kill, frames.Leave, frames.Claim:
		return joined.handleForChild(frame)
	default:
		return codeBadFrame, "a frame of this type comes from the shim alone"
	}
	return "", ""
}

func (joined *attachment) handleStart(frame frames.Frame) (code, message string) {
	var request startRequest
	if json.Unmarshal(frame.Payload, &request) != nil {
		return codeBadFrame, "START holds no valid JSON"
	}
	if failure := joined.server.start(joined, request); failure != nil {
		failure.Ref = request.Ref
		joined.sendJSON(frames.Failed, 0, failure)
	}
	return "", ""
}

func (joined *attachment) handleDrain(frame frames.Frame) (code, message string) {
	var request struct {
		DeadlineMs int64 `json:"deadlineMs"`
	}
	if json.Unmarshal(frame.Payload, &request) != nil || request.DeadlineMs < 0 || request.DeadlineMs > int64(time.Hour/time.Millisecond) {
		return codeBadFrame, "DRAIN holds no valid JSON"
	}
	go joined.server.Drain(time.Duration(request.DeadlineMs)*time.Millisecond, nil)
	return "", ""
}

func (joined *attachment) handleStderr(frame frames.Frame) {
	text, isKnown := joined.server.readStderr(frame.Child)
	if !isKnown {
		joined.complain(frame.Child, codeUnknownChild)
		return
	}
	joined.send(frames.Frame{Type: frames.Stderr, Child: frame.Child, Payload: text})
}

func (joined *attachment) handleForChild(frame frames.Frame) (code, message string) {
	one := joined.server.find(frame.Child)
	if one == nil || !one.isOpenFor(joined) {
		// a line may cross the EXIT of its child
		joined.complain(frame.Child, codeUnknownChild)
		return "", ""
	}
	switch frame.Type {
	case frames.Stdin:
		return joined.handleLine(one, frame.Payload)
	case frames.Credit:
		if len(frame.Payload) != 4 {
			return codeBadFrame, "CREDIT is a number of four bytes"
		}
		joined.addCredit(one.id, binary.BigEndian.Uint32(frame.Payload))
	case frames.Kill:
		return joined.handleKill(one, frame.Payload)
	case frames.Leave:
		one.leave(joined)
	case frames.Claim:
		one.claim(joined, string(frame.Payload))
	}
	return "", ""
}

func (joined *attachment) handleLine(one *child, line []byte) (code, message string) {
	if len(line) > frames.MaxLine {
		return codeTooLarge, "a line is too large"
	}
	if !joined.charge(one.id, line) {
		return codeLimit, "far more was sent than there was credit for"
	}
	if !one.accept(joined, line) {
		joined.complain(one.id, codeLimit)
		joined.giveBack(one.id, costOf(line))
	}
	return "", ""
}

func (joined *attachment) handleKill(one *child, payload []byte) (code, message string) {
	var request struct {
		Reason  string `json:"reason"`
		GraceMs *int64 `json:"graceMs"`
	}
	if json.Unmarshal(payload, &request) != nil || request.Reason == "" || len(request.Reason) > 64 {
		return codeBadFrame, "KILL needs a reason"
	}
	grace := defaultGrace
	if request.GraceMs != nil {
		grace = time.Duration(min(max(*request.GraceMs, 0), 60_000)) * time.Millisecond
	}
	go one.end(exit{Kind: "ended", By: request.Reason}, grace)
	return "", ""
}

func (joined *attachment) complain(child uint32, code string) {
	joined.sendJSON(frames.Error, child, fault{Code: code, Message: messages[code]})
}

var messages = map[string]string{
	codeUnknownChild: "no such child runs and is open for this attachment",
	codeLimit:        "too many calls are in flight, or an id is too long",
}
