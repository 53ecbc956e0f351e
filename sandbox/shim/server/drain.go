package server

import (
	"sync"
	"time"

	"mcphub.io/shim/frames"
)

const (
	drainLook = 10 * time.Millisecond
	// how long a gateway may take to say that it knows
	drainKnown = time.Second
	// without a call: a gateway that was in the middle of a handshake sends its call only then
	drainQuiet = 200 * time.Millisecond
)

// drainMark is what a ping after DRAINING carries. Its echo says: what was on its way before this gateway knew is here, and it sends no new call.
var drainMark = []byte("draining")

// Drain takes no new children, lets calls in flight end until the deadline, then ends every child. Calls of replicas that are gone are waited for as long
// as another may take to claim them. A message on hurry ends the waiting. Returns when nothing runs.
func (server *Server) Drain(deadline time.Duration, hurry <-chan struct{}) {
	server.mu.Lock()
	isFirst := !server.draining
	server.draining = true
	children := server.list()
	if isFirst {
		for _, one := range server.attachments {
			one.sendJSON(frames.Draining, 0, struct{}{})
			one.send(frames.Frame{Type: frames.Ping, Payload: drainMark})
		}
	}
	server.mu.Unlock()
	server.wait(children, time.After(deadline), hurry)
	var all sync.WaitGroup
	for _, one := range children {
		all.Go(func() { one.end(exit{Kind: "ended", By: "drained"}, min(defaultGrace, deadline)) })
	}
	all.Wait()
}

// wait until no call is in flight nor on its way, or those that are have had no replica for so long that none will claim them.
func (server *Server) wait(children []*child, late <-chan time.Time, hurry <-chan struct{}) {
	look := time.NewTicker(drainLook)
	defer look.Stop()
	began := time.Now()
	lastAwaited, lastBusy := began, began
	for {
		busy, awaited := 0, 0
		for _, one := range children {
			inFlight, ofThose := one.inFlight()
			busy, awaited = busy+inFlight, awaited+ofThose
		}
		if awaited > 0 {
			lastAwaited = time.Now()
		}
		if busy > 0 {
			lastBusy = time.Now()
		}
		isKnown := server.isDrainKnown() || time.Since(began) > drainKnown
		isDone := isKnown && time.Since(lastBusy) > drainQuiet
		if isDone || time.Since(lastAwaited) > server.options.ClaimTime {
			return
		}
		select {
		case <-look.C:
		case <-late:
			return
		case <-hurry:
			return
		}
	}
}

// isDrainKnown: every gateway that is attached has answered.
func (server *Server) isDrainKnown() bool {
	server.mu.Lock()
	defer server.mu.Unlock()
	for _, one := range server.attachments {
		if !one.knowsDrain.Load() {
			return false
		}
	}
	return true
}

// Flush gives what is queued for the attachments a moment to be written.
func (server *Server) Flush() {
	server.mu.Lock()
	attachments := make([]*attachment, 0, len(server.attachments))
	for _, one := range server.attachments {
		attachments = append(attachments, one)
	}
	server.mu.Unlock()
	var all sync.WaitGroup
	for _, one := range attachments {
		all.Go(one.finish)
	}
	all.Wait()
}

// finish writes what is queued and closes.
func (joined *attachment) finish() {
	joined.mu.Lock()
	defer joined.mu.Unlock()
	joined.isClosing = true
	joined.changed.Broadcast()
	for !joined.isGone {
		joined.changed.Wait()
	}
}
