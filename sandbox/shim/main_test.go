package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mcphub.io/shim/callhome"
	"mcphub.io/shim/frames"
	"mcphub.io/shim/probe"
)

// the figures of the issue; times are printed and judged by the benches, for a test machine may be busy
const (
	maxBinary  = 8_000_000
	maxPrivate = 12 << 20
)

var buildFolder string

// build makes the binary as make shim does, once.
var build = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "mcphub-shim-test-*")
	if err != nil {
		return "", err
	}
	buildFolder = folder
	path := filepath.Join(folder, "mcphub-shim")
	command := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=1.2.3", "-o", path, ".")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(buildFolder)
	os.Exit(code)
}

func binary(t *testing.T) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// gatewayDouble takes the call-home.
type gatewayDouble struct {
	environ []string
	calls   chan callhome.Body
	gateway probe.Gateway
	folder  string
}

// newGateway serves at once: its answer to every call-home must be known before.
func newGateway(t *testing.T, answer int) *gatewayDouble {
	t.Helper()
	made := &gatewayDouble{calls: make(chan callhome.Body, 8), folder: t.TempDir()}
	server := httptest.NewTLSServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		var body callhome.Body
		if json.NewDecoder(request.Body).Decode(&body) != nil || request.Header.Get("Authorization") != "Bearer token-1" {
			t.Error("the call-home is malformed")
		}
		made.calls <- body
		response.WriteHeader(answer)
	}))
	t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if os.WriteFile(made.folder+"/ca.pem", ca, 0o600) != nil || os.WriteFile(made.folder+"/token", []byte("token-1"), 0o600) != nil {
		t.Fatal("cannot write")
	}
	key, keysFile, err := makeKeys(made.folder)
	if err != nil {
		t.Fatal(err)
	}
	made.gateway = probe.Gateway{Key: key, PodUID: "uid-1", Replica: "gw-1", Prefix: "a1-"}
	made.environ = []string{
		"PATH=" + os.Getenv("PATH"), "MCPHUB_POD_NAME=pod-1", "MCPHUB_POD_UID=uid-1", "MCPHUB_LISTEN=127.0.0.1:0", "MCPHUB_GATEWAY_URL=" + server.URL + "/x",
		"MCPHUB_TOKEN_FILE=" + made.folder + "/token", "MCPHUB_CA_FILE=" + made.folder + "/ca.pem", "MCPHUB_KEYS_FILE=" + keysFile,
	}
	return made
}

func (double *gatewayDouble) start(t *testing.T) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	command := exec.Command(binary(t))
	logged := &bytes.Buffer{}
	command.Env, command.Stderr = double.environ, logged
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill() })
	return command, logged
}

func (double *gatewayDouble) called(t *testing.T) callhome.Body {
	t.Helper()
	select {
	case body := <-double.calls:
		return body
	case <-time.After(10 * time.Second):
		t.Fatal("nobody called home")
		return callhome.Body{}
	}
}

func TestStartsCallsHomeAndStaysSmall(t *testing.T) {
	double := newGateway(t, http.StatusNoContent)
	var took []time.Duration
	var private int64
	for range 9 {
		begun := time.Now()
		command, _ := double.start(t)
		body := double.called(t)
		took = append(took, time.Since(begun))
		if body.PodUID != "uid-1" || body.PodName != "pod-1" || body.Port == 0 || len(body.Fingerprint) != 64 {
			t.Fatalf("%+v", body)
		}
		private = readPrivate(command.Process.Pid)
		_ = command.Process.Kill()
		_ = command.Wait()
	}
	slices.Sort(took)
	info, err := os.Stat(binary(t))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("shim: start to call-home received p50 %v, max %v; private memory %.1f MiB; binary %.1f MB\n",
		took[len(took)/2].Round(time.Millisecond/10), took[len(took)-1].Round(time.Millisecond/10), float64(private)/(1<<20), float64(info.Size())/1e6)
	if info.Size() > maxBinary {
		t.Errorf("the binary has %d bytes", info.Size())
	}
	if private > maxPrivate {
		t.Errorf("%d bytes of private memory", private)
	}
}

// readPrivate: bytes that this process alone holds; 0 where its memory is hidden from this user, as it should be.
func readPrivate(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	var sum, kilobytes int64
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "Private_") {
			if _, err := fmt.Sscanf(line[strings.IndexByte(line, ':')+1:], "%d", &kilobytes); err == nil {
				sum += kilobytes
			}
		}
	}
	return sum << 10
}

func TestAPodsLife(t *testing.T) {
	double := newGateway(t, http.StatusNoContent)
	command, logged := double.start(t)
	body := double.called(t)
	double.gateway.Fingerprint = body.Fingerprint
	conn, err := double.gateway.Dial(fmt.Sprintf("127.0.0.1:%d", body.Port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	canary := "canary-7f3a"
	_ = conn.SendJSON(frames.Start, 0, map[string]any{
		"ref": 1, "key": "k", "argv": []string{"sh", "-c", `echo "{\"method\":\"$(env | grep -c MCPHUB_POD_UID)\"}"; cat`, canary},
		"env": map[string]string{"USER_TOKEN": canary}, "workdir": double.folder + "/work",
	})
	line, err := conn.Await(frames.Stdout)
	if err != nil || string(line.Payload) != `{"method":"0"}` {
		t.Fatalf("%s %v", line.Payload, err)
	}
	_ = conn.Send(frames.Stdin, line.Child, []byte(canary))
	if line, err = conn.Await(frames.Stdout); err != nil || string(line.Payload) != canary {
		t.Fatalf("%s %v", line.Payload, err)
	}
	_ = command.Process.Signal(syscall.SIGTERM)
	told, err := conn.Await(frames.Exit)
	if err != nil || !strings.Contains(string(told.Payload), `"drained"`) {
		t.Fatalf("%s %v", told.Payload, err)
	}
	if err := command.Wait(); err != nil {
		t.Fatalf("it must end with 0: %v", err)
	}
	if text := logged.String(); strings.Contains(text, canary) || strings.Contains(text, "token-1") {
		t.Fatal(text)
	}
	lines := bufio.NewScanner(logged)
	for lines.Scan() {
		if !json.Valid(lines.Bytes()) {
			t.Fatalf("no JSON: %s", lines.Text())
		}
	}
}

func TestAPodThatIsBeingDeletedEndsWithoutASignal(t *testing.T) {
	double := newGateway(t, http.StatusGone)
	command, _ := double.start(t)
	if err := command.Wait(); err != nil {
		t.Fatalf("it must end with 0: %v", err)
	}
}

func TestCommandLine(t *testing.T) {
	target := filepath.Join(t.TempDir(), "copied")
	if output, err := exec.Command(binary(t), "--copy-to", target).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	for range 2 {
		output, err := exec.Command(target, "--version").Output()
		if err != nil || string(output) != "1.2.3\n" {
			t.Fatalf("%q %v", output, err)
		}
		// an init container that runs again
		if err := exec.Command(target, "--copy-to", target).Run(); err != nil {
			t.Fatal(err)
		}
	}
	if output, err := exec.Command(target, "--self-test").CombinedOutput(); err != nil || !strings.Contains(string(output), "passed") {
		t.Fatalf("%v: %s", err, output)
	}
	bare := exec.Command(target)
	bare.Env = []string{"MCPHUB_DRAIN_MS=x"}
	output, err := bare.CombinedOutput()
	if err == nil || !strings.Contains(string(output), "MCPHUB_POD_UID is not set") || !strings.Contains(string(output), "MCPHUB_DRAIN_MS is not") {
		t.Fatalf("%s", output)
	}
	if err := exec.Command(target, "--nonsense").Run(); err == nil {
		t.Fatal("unknown arguments must be refused")
	}
}
