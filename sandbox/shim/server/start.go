package server

import (
	"crypto/rand"
	"encoding/hex"
	"strings"

	"mcphub.io/shim/frames"
	"mcphub.io/shim/process"
	"mcphub.io/shim/router"
)

const (
	maxKey         = 128
	maxFingerprint = 256
	defaultStderr  = 64 << 10
	maxStderr      = 1 << 20
)

type startRequest struct {
	Ref         uint64            `json:"ref"`
	Key         string            `json:"key"`
	Fingerprint string            `json:"fingerprint"`
	Argv        []string          `json:"argv"`
	Env         map[string]string `json:"env"`
	Workdir     string            `json:"workdir"`
	Limits      struct {
		LineBytes   int    `json:"lineBytes"`
		StderrBytes int    `json:"stderrBytes"`
		OpenFiles   uint64 `json:"openFiles"`
		Processes   uint64 `json:"processes"`
	} `json:"limits"`
}

type started struct {
	Ref         uint64 `json:"ref"`
	Incarnation string `json:"incarnation"`
	PID         int    `json:"pid"`
	IsNew       bool   `json:"isNew"`
}

type failure struct {
	Ref     uint64 `json:"ref"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// start opens the child of this key and fingerprint, or starts it. Under the server's lock: however many replicas ask at once, one starts.
func (server *Server) start(asker *attachment, request startRequest) *failure {
	if reason := checkStart(request); reason != "" {
		return &failure{Code: "bad_request", Message: reason}
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if server.attachments[asker.prefix] != asker {
		return nil // replaced in the meantime: nobody would hear of this child
	}
	for _, one := range server.children {
		if one.key == request.Key && one.fingerprint == request.Fingerprint && one.openFor(asker, request.Ref, false) {
			return nil
		}
	}
	if server.draining {
		return &failure{Code: "draining", Message: "this sandbox takes no new children"}
	}
	if len(server.children) >= maxChildren {
		return &failure{Code: codeLimit, Message: "too many children run in this sandbox"}
	}
	one, failed := server.startChild(request)
	if failed != nil {
		return failed
	}
	server.children[one.id] = one
	one.openFor(asker, request.Ref, true)
	one.run()
	return nil
}

func (server *Server) startChild(request startRequest) (*child, *failure) {
	incarnation := newIncarnation()
	env, err := process.BuildEnvironment(server.options.Environ, request.Env, incarnation)
	if err != nil {
		return nil, &failure{Code: "bad_request", Message: err.Error()}
	}
	limits := request.Limits
	running, err := server.options.Reaper.Start(process.Spec{
		Argv: request.Argv, Env: env, Workdir: request.Workdir, Incarnation: incarnation,
		OpenFiles: limits.OpenFiles, Processes: limits.Processes,
	})
	if err != nil {
		return nil, &failure{Code: "spawn", Message: err.Error()}
	}
	server.lastChild++
	return newChild(server, running, childSpec{
		id: server.lastChild, key: request.Key, fingerprint: request.Fingerprint,
		lineBytes:   clampOr(limits.LineBytes, frames.MaxLine, frames.MaxLine),
		stderrBytes: clampOr(limits.StderrBytes, defaultStderr, maxStderr),
	}), nil
}

// checkStart says what is wrong, without a value of env or argv.
func checkStart(request startRequest) string {
	switch {
	case request.Key == "" || len(request.Key) > maxKey:
		return "key must have 1 to 128 bytes"
	case len(request.Fingerprint) > maxFingerprint:
		return "fingerprint is too long"
	case len(request.Argv) == 0 || request.Argv[0] == "":
		return "argv names no program"
	case strings.ContainsRune(strings.Join(request.Argv, ""), 0):
		return "argv holds a NUL character"
	case !strings.HasPrefix(request.Workdir, "/") || strings.ContainsRune(request.Workdir, 0):
		return "workdir must be an absolute path"
	}
	return ""
}

func clampOr(value, otherwise, most int) int {
	if value <= 0 {
		return otherwise
	}
	return min(value, most)
}

func newIncarnation() string {
	var bytes [8]byte
	_, _ = rand.Read(bytes[:]) // never fails: the runtime ends the program instead
	return hex.EncodeToString(bytes[:])
}

// openFor tells the asker of the child and what is kept for it. False: the child is ending and cannot be opened.
func (one *child) openFor(asker *attachment, ref uint64, isNew bool) bool {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.verdict != nil {
		return false
	}
	if old := one.attached[asker.prefix]; old != asker {
		if old != nil {
			delete(one.attached, asker.prefix)
			one.hand(one.router.Close(asker.prefix))
		}
		asker.openWindow(one.id)
		one.attached[asker.prefix] = asker
	}
	asker.sendJSON(frames.Started, one.id, started{Ref: ref, Incarnation: one.process.Incarnation, PID: one.process.PID, IsNew: isNew})
	one.hand(one.router.Open(asker.prefix))
	return true
}

// hand needs the lock. What cannot be handed over now is told by the end of that attachment.
func (one *child) hand(due []router.Delivery) {
	for _, delivery := range due {
		if to := one.attached[delivery.Prefix]; to != nil {
			to.pass(one.id, delivery.Line)
		}
	}
}
