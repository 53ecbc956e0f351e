package server

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mcphub.io/shim/frames"
)

func TestExitsAreTold(t *testing.T) {
	w := newWorld(t, nil)
	a := w.open("a", `echo '{"id":"a-1"}'; echo last >&2; exit 3`)
	// an answer to nobody's call, with this one's prefix
	a.expect(`{"id":"a-1"}`)
	if told := a.exit(); told.Kind != "exited" || told.Code == nil || *told.Code != 3 {
		t.Fatalf("%+v", told)
	}
	if err := a.Send(frames.Stderr, a.child, nil); err != nil {
		t.Fatal(err)
	}
	if text := string(a.await(frames.Stderr).Payload); text != "last\n" {
		t.Fatalf("stderr after the end: %q", text)
	}
	a.write("too late")
	if frame := a.await(frames.Error); frame.Child != a.child || !strings.Contains(string(frame.Payload), codeUnknownChild) {
		t.Fatalf("%s", frame.Payload)
	}
	again := w.open("b", `kill -SEGV $$`)
	if told := again.exit(); told.Signal == nil || *told.Signal != "SIGSEGV" {
		t.Fatalf("%+v", told)
	}
}

func TestAnEndlessLineEndsTheChild(t *testing.T) {
	w := newWorld(t, nil)
	a := w.open("a", `tr '\0' x </dev/zero`)
	if told := a.exit(); told.Kind != "limit" || told.Limit != "line" {
		t.Fatalf("%+v", told)
	}
}

func TestAFloodOfStderrIsBounded(t *testing.T) {
	w := newWorld(t, nil)
	a := w.open("a", `read -r go; tr '\0' x </dev/zero | head -c 20000000 >&2; echo end >&2; echo done; cat`)
	a.write("x")
	a.expect("done")
	var text string
	w.waitFor("its end is there", func() bool {
		_ = a.Send(frames.Stderr, a.child, nil)
		text = string(a.await(frames.Stderr).Payload)
		return strings.HasSuffix(text, "xend\n")
	})
	if len(text) != defaultStderr {
		t.Fatalf("%d bytes are kept", len(text))
	}
}

func TestKillTakesTheWholeTree(t *testing.T) {
	w := newWorld(t, nil)
	a := w.open("a", `read -r go; (trap '' TERM; setsid sh -c 'trap "" TERM HUP; echo $$; exec sleep 1000' &) ; trap '' TERM; sleep 1000; sleep 1000`)
	b := w.open("b", "")
	a.write("x")
	orphan, err := strconv.Atoi(a.line())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.SendJSON(frames.Kill, a.child, map[string]any{"reason": "deactivated", "graceMs": 50}); err != nil {
		t.Fatal(err)
	}
	for _, one := range []*replica{a, b} {
		if told := one.exit(); told.Kind != "ended" || told.By != "deactivated" {
			t.Fatalf("%+v", told)
		}
	}
	w.waitFor("the orphan is gone", func() bool { return syscall.Kill(orphan, 0) != nil })
}

func TestAChildThatForksLeavesNothing(t *testing.T) {
	w := newWorld(t, nil)
	a := w.open("a", `for n in 1 2 3 4 5 6 7 8 9 10; do (setsid sleep 1000 &) ; done; echo forked; exit 0`)
	a.await(frames.Exit)
	w.waitFor("nothing is left", func() bool { return countSleepers(t) == 0 })
}

// countSleepers counts processes below the test with the child's mark.
func countSleepers(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range names {
		line, err := os.ReadFile("/proc/" + name.Name() + "/cmdline")
		stat, statErr := os.ReadFile("/proc/" + name.Name() + "/stat")
		if err == nil && statErr == nil && strings.HasPrefix(string(line), "sleep\x001000") &&
			strings.Contains(string(stat), " "+strconv.Itoa(os.Getpid())+" ") {
			found++
		}
	}
	return found
}

func TestTheLastToLeaveEndsIt(t *testing.T) {
	w := newWorld(t, nil)
	a, b := w.open("a", "cat"), w.open("b", "cat")
	if err := a.Send(frames.Leave, a.child, nil); err != nil {
		t.Fatal(err)
	}
	b.write(result("b-1"))
	b.expect(result("b-1"))
	if err := b.Send(frames.Leave, b.child, nil); err != nil {
		t.Fatal(err)
	}
	w.waitFor("it has ended", func() bool { return w.server.find(b.child) == nil })
}

func TestIsolatedChildrenAreApart(t *testing.T) {
	w := newWorld(t, nil)
	a := w.attach("a")
	for _, key := range []string{"s1", "s2"} {
		a.start(map[string]any{"key": key, "fingerprint": "f", "argv": []string{"cat"}, "workdir": w.folder + "/" + key})
		if !a.told.IsNew {
			t.Fatal("a session's child must be its own")
		}
	}
	second := a.child
	if err := a.SendJSON(frames.Kill, second-1, map[string]any{"reason": "session"}); err != nil {
		t.Fatal(err)
	}
	if frame := a.await(frames.Exit); frame.Child != second-1 {
		t.Fatal("the wrong one ended")
	}
	a.write(result("a-1"))
	a.expect(result("a-1"))
	a.start(map[string]any{"key": "s2", "fingerprint": "other values", "argv": []string{"cat"}, "workdir": w.folder})
	if !a.told.IsNew || a.child == second {
		t.Fatal("other values need another child")
	}
}

func TestDrainLetsCallsEnd(t *testing.T) {
	w := newWorld(t, nil)
	script := `while read -r line; do case "$line" in answer*) echo "${line#answer }";; esac; done`
	a, b := w.open("a", script), w.open("b", script)
	a.write(request("a-1"))
	b.write(`answer {"method":"x"}`)
	b.expect(`{"method":"x"}`)
	w.waitFor("the call is in flight", func() bool { return w.inFlight() == 1 })
	if err := b.SendJSON(frames.Drain, 0, map[string]any{"deadlineMs": 20_000}); err != nil {
		t.Fatal(err)
	}
	b.await(frames.Draining)
	_ = b.SendJSON(frames.Start, 0, map[string]any{"ref": 9, "key": "new", "argv": []string{"cat"}, "workdir": w.folder})
	if text := string(b.await(frames.Failed).Payload); !strings.Contains(text, `"draining"`) {
		t.Fatal(text)
	}
	a.write("answer " + result("a-1"))
	a.expect(`{"method":"x"}`)
	a.expect(result("a-1"))
	if told := a.exit(); told.By != "drained" {
		t.Fatalf("%+v", told)
	}
}

func TestDrainWaitsForWhatIsOnItsWayFromWhoDoesNotKnowYet(t *testing.T) {
	w := newWorld(t, nil)
	script := `while read -r line; do case "$line" in answer*) echo "${line#answer }";; esac; done`
	a := w.open("a", script)
	drained := make(chan struct{})
	go func() {
		w.server.Drain(20*time.Second, nil)
		close(drained)
	}()
	told := a.await(frames.Ping) // after DRAINING
	time.Sleep(2 * drainQuiet)
	a.write(request("a-1"))
	if err := a.Send(frames.Pong, 0, told.Payload); err != nil {
		t.Fatal(err)
	}
	w.waitFor("the call is in flight", func() bool { return w.inFlight() == 1 })
	a.write("answer " + result("a-1"))
	a.expect(result("a-1"))
	if told := a.exit(); told.By != "drained" {
		t.Fatalf("%+v", told)
	}
	<-drained
}

func TestDrainWaitsForTheCallAfterAHandshake(t *testing.T) {
	w := newWorld(t, nil)
	script := `while read -r line; do case "$line" in answer*) echo "${line#answer }";; esac; done`
	a := w.open("a", script)
	a.write(request("a-1"))
	w.waitFor("the handshake is in flight", func() bool { return w.inFlight() == 1 })
	go w.server.Drain(20*time.Second, nil)
	a.await(frames.Draining)
	a.write("answer " + result("a-1"))
	a.expect(result("a-1"))
	time.Sleep(5 * drainLook)
	a.write(request("a-2"))
	a.write("answer " + result("a-2"))
	a.expect(result("a-2"))
	if told := a.exit(); told.By != "drained" {
		t.Fatalf("%+v", told)
	}
}

func TestDrainWaitsForALostReplicasCallsOnlyUntilNobodyClaimsThem(t *testing.T) {
	w := newWorld(t, func(options *Options) { options.ClaimTime = 300 * time.Millisecond })
	script := `while read -r line; do case "$line" in answer*) echo "${line#answer }";; esac; done`
	a, b := w.open("a", script), w.open("b", script)
	a.write(request("a-1"))
	w.waitFor("the call is in flight", func() bool { return w.inFlight() == 1 })
	drained := make(chan time.Time, 1)
	begun := time.Now()
	go func() {
		w.server.Drain(20*time.Second, nil)
		drained <- time.Now()
	}()
	b.await(frames.Draining)
	a.Close()
	w.waitFor("the replica is gone", func() bool { return w.attached() == 1 })
	if state := b.claim("a-1"); state != "waiting" {
		t.Fatal(state)
	}
	// claimed: it goes on for longer than that
	time.Sleep(2 * w.server.options.ClaimTime)
	if len(drained) != 0 {
		t.Fatal("a claimed call was not waited for")
	}
	b.Close()
	if took := (<-drained).Sub(begun); took < 3*w.server.options.ClaimTime || took > 10*time.Second {
		t.Fatalf("it took %v", took)
	}
}

func TestDrainEndsAtItsDeadline(t *testing.T) {
	w := newWorld(t, nil)
	a := w.open("a", "cat >/dev/null")
	a.write(request("a-1"))
	w.waitFor("the call is in flight", func() bool { return w.inFlight() == 1 })
	begun := time.Now()
	w.server.Drain(100*time.Millisecond, nil)
	if took := time.Since(begun); took < 100*time.Millisecond || took > 3*time.Second {
		t.Fatalf("it took %v", took)
	}
	if told := a.exit(); told.By != "drained" {
		t.Fatalf("%+v", told)
	}
}
