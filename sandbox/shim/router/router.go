// Package router decides who gets a line of one child and keeps what belongs to somebody who is gone (sandbox/PROTOCOL.md §4). It moves no bytes and is not
// safe for use by several goroutines: its child locks it. Attachments are known by their prefix.
package router

import (
	"strings"

	"mcphub.io/shim/message"
)

const (
	maxInFlight = 4096
	maxIDBytes  = 256
	keptAnswers = 256
	keptBytes   = 8 << 20
	// requests of the child while nobody is there
	waitingQuestions = 64
	waitingBytes     = 1 << 20
)

// Delivery is one line for one attachment.
type Delivery struct {
	Prefix string
	Line   []byte
}

// State of a claimed id.
type State string

// The states of PROTOCOL.md §4.
const (
	Kept    State = "kept"
	Waiting State = "waiting"
	Unknown State = "unknown"
)

type call struct {
	owner string
	order uint64
	// what a gateway asks for itself is not what a child asks back about
	isOwn bool
}

type answer struct {
	id    string
	owner string
	line  []byte
}

// question is a request of the child that nobody answered yet.
type question struct {
	id   string
	to   string
	line []byte
}

// Router of one child.
type Router struct {
	open      map[string]bool
	calls     map[string]call
	order     uint64
	lastUsed  []string
	kept      []answer
	keptSize  int
	questions []question
}

// New makes an empty one.
func New() *Router {
	return &Router{open: map[string]bool{}, calls: map[string]call{}}
}

// InFlight counts calls without an answer.
func (router *Router) InFlight() int { return len(router.calls) }

// Awaited counts those whose attachment is there to take the answer.
func (router *Router) Awaited() int {
	count := 0
	for _, one := range router.calls {
		if router.open[one.owner] {
			count++
		}
	}
	return count
}

// IsOpen says whether this attachment has the child open.
func (router *Router) IsOpen(prefix string) bool { return router.open[prefix] }

// Members are all that have the child open.
func (router *Router) Members() []string {
	members := make([]string, 0, len(router.open))
	for prefix := range router.open {
		members = append(members, prefix)
	}
	return members
}

// Open adds an attachment; what is kept for it is to be sent to it now.
func (router *Router) Open(prefix string) []Delivery {
	router.open[prefix] = true
	var due []Delivery
	var others []answer
	for _, one := range router.kept {
		if one.owner == prefix {
			due = append(due, Delivery{prefix, one.line})
			router.keptSize -= len(one.line)
		} else {
			others = append(others, one)
		}
	}
	router.kept = others
	return append(due, router.placeQuestions()...)
}

// Close removes an attachment that left or was lost. Its calls stay in flight; what it was asked goes to another.
func (router *Router) Close(prefix string) []Delivery {
	delete(router.open, prefix)
	router.forgetUse(prefix)
	for at := range router.questions {
		if router.questions[at].to == prefix {
			router.questions[at].to = ""
		}
	}
	return router.placeQuestions()
}

// FromGateway notes a line for the child. False: too much is in flight, the line must not be written.
func (router *Router) FromGateway(prefix string, found message.Message) bool {
	router.forgetUse(prefix)
	router.lastUsed = append(router.lastUsed, prefix)
	switch found.Kind {
	case message.Request:
		if len(found.ID) > maxIDBytes || len(router.calls) >= maxInFlight {
			return false
		}
		router.order++
		router.calls[found.ID] = call{prefix, router.order, isGatewaysOwn(found.Method)}
	case message.Response:
		router.dropQuestion(found.ID)
	case message.Notification:
		if found.Method == "notifications/cancelled" {
			delete(router.calls, found.RequestID)
		}
	}
	return true
}

// FromChild says to whom a line of the child goes; what goes to nobody now is kept or dropped.
func (router *Router) FromChild(found message.Message, line []byte) []string {
	switch found.Kind {
	case message.Response:
		return router.fromAnswer(found.ID, line)
	case message.Notification:
		return router.fromNotification(found)
	case message.Request:
		return router.fromQuestion(found.ID, line)
	default:
		return router.latestWriter()
	}
}

// Undelivered takes back a line whose attachment went between the decision and the sending.
func (router *Router) Undelivered(prefix string, found message.Message, line []byte) {
	if found.Kind == message.Response {
		router.keep(answer{found.ID, prefix, line})
	}
}

// Claim moves an id to an attachment; a line that was kept is to be sent to it.
func (router *Router) Claim(prefix, id string) (State, []byte) {
	for at, one := range router.kept {
		if one.id == id {
			router.dropKept(at)
			return Kept, one.line
		}
	}
	found, isKnown := router.calls[id]
	if !isKnown {
		return Unknown, nil
	}
	found.owner = prefix
	router.calls[id] = found
	return Waiting, nil
}

func (router *Router) fromAnswer(id string, line []byte) []string {
	found, isKnown := router.calls[id]
	delete(router.calls, id)
	owner := found.owner
	if !isKnown {
		owner = prefixOf(id)
	}
	if router.open[owner] {
		return []string{owner}
	}
	if isKnown {
		router.keep(answer{id, owner, line})
		return nil
	}
	return nil
}

func (router *Router) fromNotification(found message.Message) []string {
	about := found.Subscription
	if found.Method == "notifications/progress" {
		about = found.Token
	} else if about == "" {
		return router.Members()
	}
	owner := prefixOf(about)
	if one, isKnown := router.calls[about]; isKnown {
		owner = one.owner
	}
	if router.open[owner] {
		return []string{owner}
	}
	return nil
}

func (router *Router) fromQuestion(id string, line []byte) []string {
	router.dropQuestion(id)
	to := router.choose()
	router.questions = append(router.questions, question{id, to, line})
	router.boundQuestions()
	if to == "" {
		return nil
	}
	return []string{to}
}

// isGatewaysOwn: handshakes, lists and pings of a gateway that looks after a child. A list may also be a person's; hardly any child asks back about one.
func isGatewaysOwn(method string) bool {
	switch method {
	case "initialize", "ping", "server/discover":
		return true
	default:
		return strings.HasSuffix(method, "/list")
	}
}

// choose: the attachment of the latest request still unanswered, a person's before a gateway's own; else the latest writer, else anybody.
func (router *Router) choose() string {
	best := call{isOwn: true}
	for _, one := range router.calls {
		if router.open[one.owner] && one.isLikelierThan(best) {
			best = one
		}
	}
	if best.owner != "" {
		return best.owner
	}
	if latest := router.latestWriter(); latest != nil {
		return latest[0]
	}
	for prefix := range router.open {
		return prefix
	}
	return ""
}

func (one call) isLikelierThan(other call) bool {
	if one.isOwn != other.isOwn {
		return other.isOwn
	}
	return one.order > other.order
}

func (router *Router) placeQuestions() []Delivery {
	var due []Delivery
	for at := range router.questions {
		one := &router.questions[at]
		if one.to != "" {
			continue
		}
		if one.to = router.choose(); one.to != "" {
			due = append(due, Delivery{one.to, one.line})
		}
	}
	return due
}

func (router *Router) dropQuestion(id string) {
	for at, one := range router.questions {
		if one.id == id {
			router.questions = append(router.questions[:at], router.questions[at+1:]...)
			return
		}
	}
}

// boundQuestions forgets the oldest ones; one that was handed out is then not handed out again.
func (router *Router) boundQuestions() {
	size := 0
	for at := len(router.questions) - 1; at >= 0; at-- {
		size += len(router.questions[at].line)
		if len(router.questions)-at > waitingQuestions || (size > waitingBytes && at < len(router.questions)-1) {
			router.questions = append([]question(nil), router.questions[at+1:]...)
			return
		}
	}
}

func (router *Router) keep(one answer) {
	router.kept = append(router.kept, one)
	router.keptSize += len(one.line)
	for len(router.kept) > 1 && (len(router.kept) > keptAnswers || router.keptSize > keptBytes) {
		router.dropKept(0)
	}
}

func (router *Router) dropKept(at int) {
	router.keptSize -= len(router.kept[at].line)
	router.kept = append(router.kept[:at:at], router.kept[at+1:]...)
}

func (router *Router) latestWriter() []string {
	for at := len(router.lastUsed) - 1; at >= 0; at-- {
		if router.open[router.lastUsed[at]] {
			return router.lastUsed[at : at+1 : at+1]
		}
	}
	return nil
}

func (router *Router) forgetUse(prefix string) {
	for at, one := range router.lastUsed {
		if one == prefix {
			router.lastUsed = append(router.lastUsed[:at:at], router.lastUsed[at+1:]...)
			return
		}
	}
}

// prefixOf: up to and with the first dash.
func prefixOf(id string) string {
	return id[:strings.IndexByte(id, '-')+1]
}
