package server

import (
	"errors"
	"sync"
	"syscall"
	"time"

	"mcphub.io/shim/frames"
	"mcphub.io/shim/message"
	"mcphub.io/shim/process"
	"mcphub.io/shim/router"
)

const (
	defaultGrace = 2 * time.Second
	// after its exit a child's last lines are waited for this long: a grandchild may hold the pipe open
	lastLines = 250 * time.Millisecond
)

type childSpec struct {
	id               uint32
	key, fingerprint string
	lineBytes        int
	stderrBytes      int
}

// input is a line on its way to the child.
type input struct {
	line []byte
	from *attachment
}

// child is one running program and who talks with it.
type child struct {
	childSpec
	server  *Server
	process *process.Process
	stderr  *process.Ring
	// both pipes were read to their end
	read chan struct{}
	// nothing is left of it and everybody was told
	gone chan struct{}
	ends sync.Once

	mu       sync.Mutex
	changed  *sync.Cond
	router   *router.Router
	attached map[string]*attachment
	inputs   []input
	verdict  *exit
}

func newChild(server *Server, running *process.Process, spec childSpec) *child {
	made := &child{
		childSpec: spec, server: server, process: running, stderr: process.NewRing(spec.stderrBytes),
		read: make(chan struct{}), gone: make(chan struct{}), router: router.New(), attached: map[string]*attachment{},
	}
	made.changed = sync.NewCond(&made.mu)
	return made
}

func (one *child) run() {
	go process.KeepTail(one.stderr, one.process.Stderr)
	go one.feed()
	go func() {
		defer close(one.read)
		if err := process.ReadLines(one.process.Stdout, one.lineBytes, one.route); errors.Is(err, process.ErrLineTooLong) {
			go one.end(exit{Kind: "limit", Limit: "line", Message: "a line of its output is too long"}, 0)
		}
	}()
	go one.watch()
}

func (one *child) describe() childInfo {
	one.mu.Lock()
	defer one.mu.Unlock()
	return childInfo{one.id, one.key, one.fingerprint, one.process.Incarnation, one.router.InFlight()}
}

// inFlight counts calls without an answer, and those of them whose replica is there.
func (one *child) inFlight() (all, awaited int) {
	one.mu.Lock()
	defer one.mu.Unlock()
	return one.router.InFlight(), one.router.Awaited()
}

func (one *child) isOpenFor(asker *attachment) bool {
	one.mu.Lock()
	defer one.mu.Unlock()
	return one.attached[asker.prefix] == asker
}

// accept takes a line for the child. False: too much is in flight.
func (one *child) accept(from *attachment, line []byte) bool {
	found := message.Classify(line)
	one.mu.Lock()
	defer one.mu.Unlock()
	if !one.router.FromGateway(from.prefix, found) {
		return false
	}
	one.inputs = append(one.inputs, input{line, from})
	one.changed.Signal()
	return true
}

// feed writes what was accepted to the child, in order; a child that does not read stops its writers by their credit alone.
func (one *child) feed() {
	for {
		one.mu.Lock()
		for len(one.inputs) == 0 && one.verdict == nil {
			one.changed.Wait()
		}
		if one.verdict != nil {
			one.inputs = nil
			one.mu.Unlock()
			_ = one.process.Stdin.Close()
			return
		}
		next := one.inputs[0]
		one.inputs[0] = input{}
		one.inputs = one.inputs[1:]
		one.mu.Unlock()
		cost := costOf(next.line)
		// an error means that nobody reads any more, which the exit tells
		_, _ = one.process.Stdin.Write(append(next.line, '\n'))
		next.from.giveBack(one.id, cost)
	}
}

// route gives a line of the child to whom it belongs; it waits where that one has no credit, and so the child does.
func (one *child) route(line []byte) {
	found := message.Classify(line)
	one.mu.Lock()
	var targets []*attachment
	for _, prefix := range one.router.FromChild(found, line) {
		if to := one.attached[prefix]; to != nil {
			targets = append(targets, to)
		}
	}
	one.mu.Unlock()
	for _, to := range targets {
		if !to.deliver(one.id, line) {
			one.mu.Lock()
			one.router.Undelivered(to.prefix, found, line)
			one.mu.Unlock()
		}
	}
}

// closeFor: the connection of this attachment is over.
func (one *child) closeFor(gone *attachment) {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.attached[gone.prefix] != gone {
		return
	}
	delete(one.attached, gone.prefix)
	one.hand(one.router.Close(gone.prefix))
}

func (one *child) leave(leaver *attachment) {
	one.closeFor(leaver)
	leaver.closeWindow(one.id)
	one.mu.Lock()
	isUnused := len(one.attached) == 0
	one.mu.Unlock()
	if isUnused {
		go one.end(exit{Kind: "ended", By: "left"}, defaultGrace)
	}
}

type claimed struct {
	ID    string       `json:"id"`
	State router.State `json:"state"`
}

func (one *child) claim(asker *attachment, id string) {
	one.mu.Lock()
	defer one.mu.Unlock()
	state, line := one.router.Claim(asker.prefix, id)
	asker.sendJSON(frames.Claimed, one.id, claimed{id, state})
	if line != nil && !asker.pass(one.id, line) {
		one.router.Undelivered(asker.prefix, message.Classify(line), line)
	}
}

// watch tells the exit once, after the last line, when nothing is left.
func (one *child) watch() {
	status := <-one.process.Ended
	one.decide(exitOf(status))
	select {
	case <-one.read:
	case <-time.After(lastLines):
	}
	one.endTree()
	select {
	case <-one.read:
	case <-time.After(one.server.options.StallTime + time.Second):
	}
	_ = one.process.Stdout.Close()
	_ = one.process.Stderr.Close()
	one.server.retire(one)
	one.mu.Lock()
	for _, to := range one.attached {
		to.sendJSON(frames.Exit, one.id, one.verdict)
		to.closeWindow(one.id)
	}
	clear(one.attached)
	one.router = router.New() // what is kept is of no use without the child
	one.mu.Unlock()
	close(one.gone)
}

// decide sets why it ends; the first reason stays. False: it was decided before.
func (one *child) decide(verdict exit) bool {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.verdict != nil {
		return false
	}
	one.verdict = &verdict
	one.changed.Broadcast()
	return true
}

// end brings it to its end and waits for it: stdin closed, SIGTERM, SIGKILL, each after the grace.
func (one *child) end(verdict exit, grace time.Duration) {
	one.decide(verdict)
	one.ends.Do(func() {
		// a write that blocks would keep stdin open
		_ = one.process.Stdin.SetWriteDeadline(time.Now())
		if one.wait(grace) {
			return
		}
		one.process.SignalGroup(syscall.SIGTERM)
		if one.wait(grace) {
			return
		}
		one.process.SignalGroup(syscall.SIGKILL)
		one.endTree()
	})
	<-one.gone
}

// wait says whether it is gone within that time.
func (one *child) wait(grace time.Duration) bool {
	select {
	case <-one.gone:
		return true
	case <-time.After(grace):
		return false
	}
}

func (one *child) endTree() {
	if left := one.process.KillTree(func() []*process.Process { return one.server.othersOf(one) }); left > 0 {
		one.server.options.Log("processes of a child withstand SIGKILL")
	}
}
