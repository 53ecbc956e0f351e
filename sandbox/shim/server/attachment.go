package server

import (
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"mcphub.io/shim/frames"
	"mcphub.io/shim/identity"
)

const (
	windowBytes = 1 << 20
	// credit is given back in pieces of this size, so that small lines cost no frames of their own
	creditStep = windowBytes / 4
	// what a gateway may send beyond its credit before it counts as broken
	overdraft = 16 << 20
	// lines wait while this much is on its way to the socket; control frames end the connection at the other bound
	queueBytes   = 1 << 20
	controlBytes = 32 << 20
	lastWords    = time.Second
)

// The codes of PROTOCOL.md §7.
const (
	codeUnauthorized = "unauthorized"
	codePrefixTaken  = "prefix_taken"
	codeBadFrame     = "bad_frame"
	codeTooLarge     = "too_large"
	codeStalled      = "stalled"
	codeLimit        = "limit"
	codeUnknownChild = "unknown_child"
)

// window is the credit of one child on one attachment.
type window struct {
	// may still be sent to the gateway
	out int64
	// the gateway may still send
	in int64
	// used up by the child and not given back yet
	owed int64
}

// attachment is one gateway replica's connection.
type attachment struct {
	server  *Server
	conn    *tls.Conn
	replica string
	prefix  string
	// it has heard DRAINING, or was told on its arrival
	knowsDrain atomic.Bool

	mu      sync.Mutex
	changed *sync.Cond
	queue   []byte
	windows map[uint32]*window
	// no more frames are taken, what is queued is written
	isClosing bool
	isGone    bool
}

func newAttachment(server *Server, conn *tls.Conn, claims identity.Claims) *attachment {
	made := &attachment{server: server, conn: conn, replica: claims.Replica, prefix: claims.Prefix, windows: map[uint32]*window{}}
	made.changed = sync.NewCond(&made.mu)
	return made
}

// run serves the connection until it is over.
func (joined *attachment) run() {
	joined.server.options.Log("replica " + joined.replica + " is attached")
	written := make(chan struct{})
	go func() {
		defer close(written)
		joined.write()
	}()
	code, message := joined.read()
	if code != "" {
		joined.fail(code, message)
	} else {
		joined.close()
	}
	<-written
	joined.close()
	joined.server.options.Log("replica " + joined.replica + " is gone")
}

func (joined *attachment) write() {
	var batch []byte
	for {
		joined.mu.Lock()
		for len(joined.queue) == 0 && !joined.isClosing && !joined.isGone {
			joined.changed.Wait()
		}
		batch, joined.queue = joined.queue, batch[:0]
		isLast := joined.isClosing || joined.isGone
		joined.mu.Unlock()
		joined.changed.Broadcast()
		patience := joined.server.options.StallTime
		if isLast {
			patience = lastWords
		}
		_ = joined.conn.SetWriteDeadline(time.Now().Add(patience))
		if _, err := joined.conn.Write(batch); err != nil || isLast {
			joined.close()
			return
		}
		if cap(batch) > 2*queueBytes {
			batch = nil
		}
	}
}

func (joined *attachment) close() {
	joined.mu.Lock()
	joined.isGone = true
	joined.mu.Unlock()
	joined.changed.Broadcast()
	_ = joined.conn.NetConn().Close()
}

// fail says why and ends the connection.
func (joined *attachment) fail(code, message string) {
	joined.sendJSON(frames.Error, 0, fault{Code: code, Message: message})
	joined.mu.Lock()
	joined.isClosing = true
	joined.mu.Unlock()
	joined.changed.Broadcast()
}

// send queues a control frame; it never waits.
func (joined *attachment) send(frame frames.Frame) {
	joined.mu.Lock()
	defer joined.mu.Unlock()
	joined.enqueue(frame)
}

func (joined *attachment) enqueue(frame frames.Frame) {
	if joined.isClosing || joined.isGone {
		return
	}
	joined.queue = frames.Append(joined.queue, frame)
	if len(joined.queue) > controlBytes {
		joined.isClosing = true
	}
	joined.changed.Broadcast()
}

func (joined *attachment) sendJSON(kind frames.Type, child uint32, value any) {
	payload, err := json.Marshal(value)
	if err != nil {
		payload = []byte("{}")
	}
	joined.send(frames.Frame{Type: kind, Child: child, Payload: payload})
}

func (joined *attachment) openWindow(child uint32) {
	joined.mu.Lock()
	defer joined.mu.Unlock()
	joined.windows[child] = &window{out: windowBytes, in: windowBytes}
}

func (joined *attachment) closeWindow(child uint32) {
	joined.mu.Lock()
	defer joined.mu.Unlock()
	delete(joined.windows, child)
	joined.changed.Broadcast()
}

// deliver queues a line once there is credit and room. False: the attachment is gone, has left the child, or took nothing for too long and is closed now.
func (joined *attachment) deliver(child uint32, line []byte) bool {
	joined.mu.Lock()
	if !joined.canTake(child) {
		isLate := false
		timer := time.AfterFunc(joined.server.options.StallTime, func() {
			joined.mu.Lock()
			isLate = true
			joined.mu.Unlock()
			joined.changed.Broadcast()
		})
		for !isLate && !joined.canTake(child) && joined.has(child) {
			joined.changed.Wait()
		}
		timer.Stop()
		if isLate && !joined.canTake(child) && joined.has(child) {
			joined.mu.Unlock()
			joined.fail(codeStalled, "a line waited too long for credit")
			return false
		}
	}
	defer joined.mu.Unlock()
	return joined.deliverNow(child, line)
}

func (joined *attachment) has(child uint32) bool {
	return !joined.isClosing && !joined.isGone && joined.windows[child] != nil
}

func (joined *attachment) canTake(child uint32) bool {
	return joined.has(child) && joined.windows[child].out > 0 && len(joined.queue) < queueBytes
}

// deliverNow needs the lock and does not look at the credit: for what was kept.
func (joined *attachment) deliverNow(child uint32, line []byte) bool {
	if !joined.has(child) {
		return false
	}
	joined.windows[child].out -= costOf(line)
	joined.enqueue(frames.Frame{Type: frames.Stdout, Child: child, Payload: line})
	return true
}

// pass is deliverNow for callers without the lock.
func (joined *attachment) pass(child uint32, line []byte) bool {
	joined.mu.Lock()
	defer joined.mu.Unlock()
	return joined.deliverNow(child, line)
}

// addCredit: the gateway has used up lines.
func (joined *attachment) addCredit(child uint32, bytes uint32) {
	joined.mu.Lock()
	defer joined.mu.Unlock()
	if one := joined.windows[child]; one != nil {
		one.out = min(one.out+int64(bytes), windowBytes)
		joined.changed.Broadcast()
	}
}

// charge counts a line from the gateway. False: it sends far more than it may.
func (joined *attachment) charge(child uint32, line []byte) bool {
	joined.mu.Lock()
	defer joined.mu.Unlock()
	one := joined.windows[child]
	if one == nil {
		return true
	}
	one.in -= costOf(line)
	return one.in > -overdraft
}

// giveBack: the child has read a line.
func (joined *attachment) giveBack(child uint32, cost int64) {
	joined.mu.Lock()
	defer joined.mu.Unlock()
	one := joined.windows[child]
	if one == nil {
		return
	}
	one.owed += cost
	if one.owed < creditStep {
		return
	}
	joined.enqueue(frames.Frame{Type: frames.Credit, Child: child, Payload: binary.BigEndian.AppendUint32(nil, uint32(one.owed))})
	one.in += one.owed
	one.owed = 0
}

func costOf(line []byte) int64 { return int64(len(line)) + frames.HeaderBytes }

type fault struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// refuse answers somebody who is not attached.
func refuse(to io.Writer, code, message string) {
	payload, _ := json.Marshal(fault{Code: code, Message: message})
	_, _ = to.Write(frames.Append(nil, frames.Frame{Type: frames.Error, Payload: payload}))
}
