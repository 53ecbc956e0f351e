package server

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"mcphub.io/shim/frames"
	"mcphub.io/shim/identity"
	"mcphub.io/shim/probe"
)

func TestOnlyAGatewayOfThisPodAttaches(t *testing.T) {
	w := newWorld(t, nil)
	var seen identity.Claims
	first := w.gateway("a")
	first.Tamper = func(claims *identity.Claims) { seen = *claims }
	if _, err := first.Dial(w.address); err != nil {
		t.Fatal(err)
	}
	_, stranger, _ := ed25519.GenerateKey(rand.Reader)
	for name, change := range map[string]func(*probe.Gateway){
		"a stranger's key":        func(g *probe.Gateway) { g.Key = stranger },
		"another pod's uid":       func(g *probe.Gateway) { g.PodUID = "pod-2" },
		"a replayed HELLO":        func(g *probe.Gateway) { g.Tamper = func(c *identity.Claims) { *c = seen } },
		"an unsigned one":         func(g *probe.Gateway) { g.Tamper = func(c *identity.Claims) { c.Signature = nil } },
		"a changed prefix":        func(g *probe.Gateway) { g.Tamper = func(c *identity.Claims) { c.Prefix = "zz-" } },
		"a changed replica":       func(g *probe.Gateway) { g.Tamper = func(c *identity.Claims) { c.Replica = "zz" } },
		"a prefix without a dash": func(g *probe.Gateway) { g.Prefix = "b" },
		"a prefix of two parts":   func(g *probe.Gateway) { g.Prefix = "b-c-" },
		"no replica":              func(g *probe.Gateway) { g.Replica = "" },
		"a line break in a name":  func(g *probe.Gateway) { g.Replica = "b\nc" },
	} {
		gateway := w.gateway("b")
		change(&gateway)
		if _, err := gateway.Dial(w.address); err == nil || err.Error() != codeUnauthorized {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := w.gateway("b")
	other.Fingerprint = "00"
	if _, err := other.Dial(w.address); !errors.Is(err, probe.ErrOtherPod) {
		t.Errorf("another certificate: %v", err)
	}
}

func TestBothKeysCountAsSoonAsTheyAreWritten(t *testing.T) {
	w := newWorld(t, nil)
	w.addKey()
	gateway := w.gateway("next")
	gateway.Key = w.keys[1]
	if _, err := gateway.Dial(w.address); err != nil {
		t.Fatal(err)
	}
	w.attach("current")
}

func TestPrefixesAreOneReplicasOwn(t *testing.T) {
	w := newWorld(t, nil)
	old := w.attach("a")
	thief := w.gateway("b")
	thief.Prefix = "a-"
	if _, err := thief.Dial(w.address); err == nil || err.Error() != codePrefixTaken {
		t.Fatalf("another replica: %v", err)
	}
	w.attach("a")
	if _, err := old.Read(); err == nil {
		t.Fatal("its own older connection must be closed")
	}
}

func TestStrangersGetNothingForTheirTime(t *testing.T) {
	w := newWorld(t, nil)
	// plain TLS 1.2, garbage and an old version: all end, and gateways still get in
	if _, err := tls.Dial("tcp", w.address, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}); err == nil {
		t.Error("TLS 1.2 must be refused")
	}
	conn, err := tls.Dial("tcp", w.address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = conn.Write([]byte("MCPS\x09"))
	if err := frames.ReadPreamble(conn); err != nil {
		t.Errorf("an unknown version is told ours: %v", err)
	}
	for range 2 * maxStrangers {
		idle, err := net.Dial("tcp", w.address)
		if err != nil {
			t.Fatal(err)
		}
		defer idle.Close()
	}
	begun := time.Now()
	w.waitFor("a gateway gets in when the strangers' time is over", func() bool {
		conn, err := w.gateway("a").Dial(w.address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	if took := time.Since(begun); took > helloTime+2*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestBrokenFramesEndTheConnection(t *testing.T) {
	w := newWorld(t, nil)
	for name, one := range map[string]struct {
		wire []byte
		code string
	}{
		"a type of the shim": {frames.Append(nil, frames.Frame{Type: frames.Exit}), codeBadFrame},
		"a second HELLO":     {frames.Append(nil, frames.Frame{Type: frames.Hello}), codeBadFrame},
		"no such type":       {[]byte{0, 0, 0, 5, 99, 0, 0, 0, 0}, codeBadFrame},
		"4 GiB":              {[]byte{255, 255, 255, 255, 6, 0, 0, 0, 1}, codeTooLarge},
		"bad JSON":           {frames.Append(nil, frames.Frame{Type: frames.Start, Payload: []byte("{")}), codeBadFrame},
		"a long ping":        {frames.Append(nil, frames.Frame{Type: frames.Ping, Payload: make([]byte, 65)}), codeBadFrame},
	} {
		made := w.attach("a")
		_, _ = made.TLS().Write(one.wire)
		if _, err := made.Await(frames.Pong); err == nil || err.Error() != one.code {
			t.Errorf("%s: %v", name, err)
		}
		w.waitFor("it is detached", func() bool { return w.attached() == 0 })
	}
}

func TestASilentConnectionIsClosed(t *testing.T) {
	w := newWorld(t, func(options *Options) { options.Silence = 50 * time.Millisecond })
	made := w.attach("a")
	if _, err := made.Read(); err == nil {
		t.Fatal("it must be closed")
	}
	w.waitFor("it is detached", func() bool { return w.attached() == 0 })
}
