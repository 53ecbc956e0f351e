package server

import (
	"sync"
	"time"

	"mcphub.io/shim/frames"
)

const drainLook = 10 * time.Millisecond

// Drain takes no new children, lets calls in flight end until the deadline, then ends every child. A message on hurry ends the waiting. Returns when nothing runs.
func (server *Server) Drain(deadline time.Duration, hurry <-chan struct{}) {
	server.mu.Lock()
	isFirst := !server.draining
	server.draining = true
	children := server.list()
	if isFirst {
		for _, one := range server.attachments {
			one.sendJSON(frames.Draining, 0, struct{}{})
		}
	}
	server.mu.Unlock()
	wait(children, time.After(deadline), hurry)
	var all sync.WaitGroup
	for _, one := range children {
		all.Go(func() { one.end(exit{Kind: "ended", By: "drained"}, min(defaultGrace, deadline)) })
	}
	all.Wait()
}

// wait until no call is in flight.
func wait(children []*child, late <-chan time.Time, hurry <-chan struct{}) {
	look := time.NewTicker(drainLook)
	defer look.Stop()
	for {
		busy := 0
		for _, one := range children {
			busy += one.inFlight()
		}
		if busy == 0 {
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
