package process

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

var reaper = NewReaper()

func alone() []*Process { return nil }

func start(t *testing.T, script string) *Process {
	t.Helper()
	env, err := BuildEnvironment(os.Environ(), nil, t.Name())
	if err != nil {
		t.Fatal(err)
	}
	started, err := reaper.Start(Spec{Argv: []string{"sh", "-c", script}, Env: env, Workdir: t.TempDir(), Incarnation: t.Name()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { started.KillTree(alone) })
	return started
}

func waitStatus(t *testing.T, from *Process) syscall.WaitStatus {
	t.Helper()
	select {
	case status := <-from.Ended:
		return status
	case <-time.After(10 * time.Second):
		t.Fatal("it did not end")
		return 0
	}
}

func TestStatusIsToldOnce(t *testing.T) {
	if status := waitStatus(t, start(t, "exit 7")); status.ExitStatus() != 7 {
		t.Fatalf("status %v", status)
	}
	if status := waitStatus(t, start(t, "kill -9 $$")); !status.Signaled() || status.Signal() != syscall.SIGKILL {
		t.Fatalf("status %v", status)
	}
}

func TestArgumentsSeeNoShell(t *testing.T) {
	odd := []string{"printf", `%s|`, "$(id)", "; rm -rf /", "a b", "`x`", "한글", "\n"}
	env, _ := BuildEnvironment(os.Environ(), nil, "x")
	started, err := reaper.Start(Spec{Argv: odd, Env: env, Workdir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(started.Stdout)
	if want := strings.Join(odd[2:], "|") + "|"; string(got) != want {
		t.Fatalf("got %q", got)
	}
}

func TestWhatCannotStartSaysWhy(t *testing.T) {
	for _, argv := range [][]string{{"no-such-program", "top-secret"}, {"/etc/passwd", "top-secret"}, {"./none"}, {}, {""}} {
		_, err := reaper.Start(Spec{Argv: argv, Env: os.Environ(), Workdir: t.TempDir()})
		if err == nil || strings.Contains(err.Error(), "top-secret") {
			t.Errorf("%v: %v", argv, err)
		}
	}
}

func TestTheWholeTreeGoes(t *testing.T) {
	// a grandchild in a session of its own, orphaned, that ignores signals, and one that also drops its mark
	started := start(t, `(setsid sh -c 'trap "" TERM HUP; echo $$; exec sleep 1000' &) ; (env -i setsid /bin/sh -c 'echo $$; exec /bin/sleep 1001' &) ; sleep 1002`)
	lines := bufio.NewScanner(started.Stdout)
	var pids []int
	for len(pids) < 2 && lines.Scan() {
		pid, _ := strconv.Atoi(lines.Text())
		pids = append(pids, pid)
	}
	started.SignalGroup(syscall.SIGTERM)
	waitStatus(t, started)
	if left := started.KillTree(alone); left != 0 {
		t.Fatalf("%d withstood", left)
	}
	for _, pid := range pids {
		if one, isThere := readProcess(pid); isThere && !one.isZombie {
			t.Errorf("%d still runs", pid)
		}
	}
}

func TestAnotherProgramIsLeftAlone(t *testing.T) {
	other := start(t, "echo ready; cat")
	bufio.NewScanner(other.Stdout).Scan()
	gone := start(t, "sleep 1000")
	if left := gone.KillTree(func() []*Process { return []*Process{other} }); left != 0 {
		t.Fatalf("%d withstood", left)
	}
	waitStatus(t, gone)
	if err := syscall.Kill(other.PID, 0); err != nil {
		t.Fatal("the other one is gone, too")
	}
}

func TestEnvironment(t *testing.T) {
	container := []string{"PATH=/bin", "NODE_VERSION=26", "MCPHUB_POD_UID=u", "KUBERNETES_SERVICE_HOST=10.0.0.1", "LANG=C"}
	env, err := BuildEnvironment(container, map[string]string{"TOKEN": "a=b\nc", "LANG": "ko"}, "i-1")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(env)
	if want := []string{"LANG=ko", "MCPHUB_CHILD=i-1", "NODE_VERSION=26", "PATH=/bin", "TOKEN=a=b\nc"}; !slices.Equal(env, want) {
		t.Fatalf("got %q", env)
	}
	for _, name := range []string{"PATH", "LD_PRELOAD", "LD_X", "NODE_OPTIONS", "MCPHUB_CHILD", "BASH_ENV", "A=B", "", "1A", "A\x00"} {
		if _, err := BuildEnvironment(nil, map[string]string{name: "canary"}, "i"); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestLines(t *testing.T) {
	var got []string
	collect := func(line []byte) { got = append(got, string(line)) }
	long := strings.Repeat("x", 100_000)
	if err := ReadLines(strings.NewReader("a\r\n\n\r\n"+long+"\nb\nrest"), 100_000, collect); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, []string{"a", long, "b"}) {
		t.Fatalf("%d lines", len(got))
	}
	endless := io.MultiReader(strings.NewReader("a\n"), neverEnding{})
	if err := ReadLines(endless, 1<<20, collect); err != ErrLineTooLong {
		t.Fatal(err)
	}
}

type neverEnding struct{}

func (neverEnding) Read(into []byte) (int, error) {
	for at := range into {
		into[at] = 'x'
	}
	return len(into), nil
}

func TestRing(t *testing.T) {
	ring := NewRing(10)
	var all []byte
	for n := range 40 {
		chunk := bytes.Repeat([]byte{byte('a' + n%26)}, n%13)
		_, _ = ring.Write(chunk)
		all = append(all, chunk...)
		if want := all[max(0, len(all)-10):]; !bytes.Equal(ring.Read(), want) {
			t.Fatalf("got %q, want %q", ring.Read(), want)
		}
	}
}

func TestLimitsReachTheChild(t *testing.T) {
	env, _ := BuildEnvironment(os.Environ(), nil, "x")
	workdir := filepath.Join(t.TempDir(), "made", "here")
	started, err := reaper.Start(Spec{Argv: []string{"sh", "-c", "read line; ulimit -n; ulimit -c; pwd"}, Env: env, Workdir: workdir, OpenFiles: 77})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = started.Stdin.WriteString("go\n")
	got, _ := io.ReadAll(started.Stdout)
	if want := "77\n0\n" + workdir + "\n"; string(got) != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}
