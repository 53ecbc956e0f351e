// Package server is the shim's side of sandbox/PROTOCOL.md: it lets gateways attach, keeps the children they start and moves lines between both.
//
// Locks, taken in this order: server, child, attachment. None is held while something waits for a pipe, a socket or credit.
package server

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"sync"
	"time"

	"mcphub.io/shim/frames"
	"mcphub.io/shim/identity"
	"mcphub.io/shim/process"
	"mcphub.io/shim/rawio"
)

const (
	maxAttachments = 64
	maxChildren    = 32
	maxStrangers   = 32
	helloTime      = 5 * time.Second
	// ended children whose stderr can still be read
	keptEnded = 4
)

// Options of a server; all are needed but the times.
type Options struct {
	Version  string
	Identity *identity.Identity
	Verifier identity.Verifier
	Reaper   *process.Reaper
	// Environ is the container's environment
	Environ []string
	// Log gets constant messages and names, never a value, an argument or a line
	Log func(message string)
	// Silence after which a connection is closed; StallTime a line may wait for credit; ClaimTime a draining child waits for calls whose replica is
	// gone. Zero: as published
	Silence   time.Duration
	StallTime time.Duration
	ClaimTime time.Duration
}

// Server of one sandbox.
type Server struct {
	options   Options
	strangers chan struct{}

	mu          sync.Mutex
	attachments map[string]*attachment
	children    map[uint32]*child
	ended       []*child
	lastChild   uint32
	draining    bool
}

// New makes one; Serve lets gateways in.
func New(options Options) *Server {
	if options.Silence == 0 {
		options.Silence = 60 * time.Second
	}
	if options.StallTime == 0 {
		options.StallTime = 30 * time.Second
	}
	if options.ClaimTime == 0 {
		options.ClaimTime = 15 * time.Second
	}
	return &Server{
		options:     options,
		strangers:   make(chan struct{}, maxStrangers),
		attachments: map[string]*attachment{},
		children:    map[uint32]*child{},
	}
}

// Serve accepts connections until the listener is closed.
func (server *Server) Serve(listener net.Listener) error {
	config := server.options.Identity.ServerConfig()
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			server.options.Log("a connection could not be accepted: " + err.Error())
			time.Sleep(10 * time.Millisecond) // out of descriptors: trying at once would spin
			continue
		}
		select {
		case server.strangers <- struct{}{}:
			go server.welcome(tls.Server(rawio.NewConn(conn), config))
		default:
			_ = conn.Close()
		}
	}
}

// welcome turns a stranger into an attachment and serves it to its end.
func (server *Server) welcome(conn *tls.Conn) {
	defer conn.Close()
	joined, err := server.admit(conn)
	<-server.strangers
	if err != nil {
		server.options.Log("refused a connection: " + err.Error())
		return
	}
	joined.run()
	server.detach(joined)
}

func (server *Server) admit(conn *tls.Conn) (*attachment, error) {
	_ = conn.SetDeadline(time.Now().Add(helloTime))
	ctx, cancel := context.WithTimeout(context.Background(), helloTime)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, errors.New("TLS handshake failed")
	}
	version := frames.ReadPreamble(conn)
	if version == nil || errors.Is(version, frames.ErrVersion) {
		_, _ = conn.Write(frames.Preamble[:])
	}
	if version != nil {
		return nil, version
	}
	frame, err := frames.Read(conn, frames.MaxHello)
	if err != nil {
		return nil, err
	}
	var claims identity.Claims
	if frame.Type != frames.Hello || json.Unmarshal(frame.Payload, &claims) != nil {
		refuse(conn, codeBadFrame, "the first frame must be HELLO")
		return nil, errors.New("no HELLO")
	}
	if err := server.options.Verifier.Check(claims, conn.ConnectionState()); err != nil {
		refuse(conn, codeUnauthorized, "not a gateway of this pod")
		return nil, err
	}
	_ = conn.SetDeadline(time.Time{})
	return server.attach(conn, claims)
}

func (server *Server) attach(conn *tls.Conn, claims identity.Claims) (*attachment, error) {
	joined := newAttachment(server, conn, claims)
	for {
		server.mu.Lock()
		old, isTaken := server.attachments[claims.Prefix]
		if !isTaken {
			break
		}
		server.mu.Unlock()
		if old.replica != claims.Replica {
			refuse(conn, codePrefixTaken, "another replica is attached with this prefix")
			return nil, errors.New("its prefix is taken")
		}
		// its earlier connection is dead and does not know it yet
		old.close()
		server.detach(old)
	}
	defer server.mu.Unlock()
	if len(server.attachments) >= maxAttachments {
		refuse(conn, codeLimit, "too many replicas are attached")
		return nil, errors.New("too many attachments")
	}
	server.attachments[claims.Prefix] = joined
	joined.knowsDrain.Store(server.draining)
	joined.sendJSON(frames.Welcome, 0, server.describe())
	return joined, nil
}

type childInfo struct {
	Child       uint32 `json:"child"`
	Key         string `json:"key"`
	Fingerprint string `json:"fingerprint"`
	Incarnation string `json:"incarnation"`
	InFlight    int    `json:"inFlight"`
}

type welcome struct {
	Version  string      `json:"version"`
	Draining bool        `json:"draining"`
	Children []childInfo `json:"children"`
}

func (server *Server) describe() welcome {
	told := welcome{Version: server.options.Version, Draining: server.draining, Children: []childInfo{}}
	for _, one := range server.children {
		told.Children = append(told.Children, one.describe())
	}
	return told
}

// detach forgets a connection that is over; its children go on. Idempotent.
func (server *Server) detach(gone *attachment) {
	server.mu.Lock()
	if server.attachments[gone.prefix] != gone {
		server.mu.Unlock()
		return
	}
	delete(server.attachments, gone.prefix)
	children := server.list()
	server.mu.Unlock()
	for _, one := range children {
		one.closeFor(gone)
	}
}

// list needs the lock.
func (server *Server) list() []*child {
	children := make([]*child, 0, len(server.children))
	for _, one := range server.children {
		children = append(children, one)
	}
	return children
}

func (server *Server) find(id uint32) *child {
	server.mu.Lock()
	defer server.mu.Unlock()
	return server.children[id]
}

// readStderr also of the last children that ended.
func (server *Server) readStderr(id uint32) ([]byte, bool) {
	server.mu.Lock()
	defer server.mu.Unlock()
	if one, isRunning := server.children[id]; isRunning {
		return one.stderr.Read(), true
	}
	for _, one := range server.ended {
		if one.id == id {
			return one.stderr.Read(), true
		}
	}
	return nil, false
}

func (server *Server) retire(gone *child) {
	server.mu.Lock()
	defer server.mu.Unlock()
	delete(server.children, gone.id)
	server.ended = append(server.ended, gone)
	if len(server.ended) > keptEnded {
		server.ended = append([]*child(nil), server.ended[1:]...)
	}
}

// othersOf are the programs that must survive the end of this one.
func (server *Server) othersOf(gone *child) []*process.Process {
	server.mu.Lock()
	defer server.mu.Unlock()
	var others []*process.Process
	for _, one := range server.children {
		if one != gone {
			others = append(others, one.process)
		}
	}
	return others
}
