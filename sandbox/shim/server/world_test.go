package server

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mcphub.io/shim/frames"
	"mcphub.io/shim/identity"
	"mcphub.io/shim/probe"
	"mcphub.io/shim/process"
)

var reaper = process.NewReaper()

// world is one shim on loopback and the keys of its gateways.
type world struct {
	t       *testing.T
	server  *Server
	own     *identity.Identity
	address string
	keys    []ed25519.PrivateKey
	folder  string
	logMu   sync.Mutex
	logged  strings.Builder
}

func newWorld(t *testing.T, change func(*Options)) *world {
	t.Helper()
	own, err := identity.New()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, own: own, folder: t.TempDir()}
	w.addKey()
	options := Options{
		Version: "test", Identity: own, Reaper: reaper, Environ: os.Environ(),
		Verifier: identity.Verifier{PodUID: "pod-1", Fingerprint: own.Fingerprint, KeysFile: filepath.Join(w.folder, "keys.pem")},
		Log: func(message string) {
			w.logMu.Lock()
			defer w.logMu.Unlock()
			w.logged.WriteString(message + "\n")
		},
	}
	if change != nil {
		change(&options)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.server, w.address = New(options), listener.Addr().String()
	go func() { _ = w.server.Serve(listener) }()
	t.Cleanup(func() {
		_ = listener.Close()
		w.server.Drain(0, nil)
	})
	return w
}

// addKey writes all keys so far: current, next.
func (w *world) addKey() {
	public, private, _ := ed25519.GenerateKey(rand.Reader)
	der, _ := x509.MarshalPKIXPublicKey(public)
	w.keys = append(w.keys, private)
	file, err := os.OpenFile(filepath.Join(w.folder, "keys.pem"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	defer file.Close()
	_ = pem.Encode(file, &pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func (w *world) gateway(name string) probe.Gateway {
	return probe.Gateway{Key: w.keys[0], PodUID: "pod-1", Replica: name, Prefix: name + "-", Fingerprint: w.own.Fingerprint}
}

func (w *world) log() string {
	w.logMu.Lock()
	defer w.logMu.Unlock()
	return w.logged.String()
}

// replica is an attached gateway with one child open.
type replica struct {
	*probe.Conn
	t     *testing.T
	child uint32
	told  started
}

func (w *world) attach(name string) *replica {
	w.t.Helper()
	conn, err := w.gateway(name).Dial(w.address)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(conn.Close)
	_ = conn.TLS().SetDeadline(time.Now().Add(20 * time.Second))
	return &replica{Conn: conn, t: w.t}
}

// open attaches and starts or opens the child of that script.
func (w *world) open(name, script string) *replica {
	w.t.Helper()
	made := w.attach(name)
	made.start(map[string]any{"key": "shared", "fingerprint": "f", "argv": []string{"sh", "-c", script}, "workdir": w.folder})
	return made
}

func (r *replica) start(request map[string]any) {
	r.t.Helper()
	request["ref"] = 1
	if err := r.SendJSON(frames.Start, 0, request); err != nil {
		r.t.Fatal(err)
	}
	frame := r.await(frames.Started)
	r.child = frame.Child
	if err := json.Unmarshal(frame.Payload, &r.told); err != nil {
		r.t.Fatal(err)
	}
}

func (r *replica) await(kind frames.Type) frames.Frame {
	r.t.Helper()
	frame, err := r.Await(kind)
	if err != nil {
		r.t.Fatalf("waiting for a frame of type %d: %v", kind, err)
	}
	return frame
}

func (r *replica) write(line string) {
	r.t.Helper()
	if err := r.Send(frames.Stdin, r.child, []byte(line)); err != nil {
		r.t.Fatal(err)
	}
}

// line reads the next one and gives its credit back.
func (r *replica) line() string {
	r.t.Helper()
	frame := r.await(frames.Stdout)
	credit := binary.BigEndian.AppendUint32(nil, uint32(len(frame.Payload)+frames.HeaderBytes))
	if err := r.Send(frames.Credit, r.child, credit); err != nil {
		r.t.Fatal(err)
	}
	return string(frame.Payload)
}

func (r *replica) expect(want string) {
	r.t.Helper()
	if got := r.line(); got != want {
		r.t.Fatalf("got %.200q, want %.200q", got, want)
	}
}

func (r *replica) exit() exit {
	r.t.Helper()
	var told exit
	if err := json.Unmarshal(r.await(frames.Exit).Payload, &told); err != nil {
		r.t.Fatal(err)
	}
	return told
}

func (r *replica) claim(id string) string {
	r.t.Helper()
	if err := r.Send(frames.Claim, r.child, []byte(id)); err != nil {
		r.t.Fatal(err)
	}
	var told claimed
	if err := json.Unmarshal(r.await(frames.Claimed).Payload, &told); err != nil {
		r.t.Fatal(err)
	}
	return string(told.State)
}

func (w *world) waitFor(what string, holds func() bool) {
	w.t.Helper()
	for until := time.Now().Add(10 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(until) {
			w.t.Fatal("not in time: " + what)
		}
	}
}

func (w *world) attached() int {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	return len(w.server.attachments)
}

// inFlight counts the calls of all children.
func (w *world) inFlight() int {
	count := 0
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	for _, one := range w.server.list() {
		all, _ := one.inFlight()
		count += all
	}
	return count
}
