package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const nobody = 65534

// unprivileged makes the command run as an ordinary user, as everything in a sandbox pod does.
func unprivileged(command *exec.Cmd) *exec.Cmd {
	if os.Getuid() == 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	command.Dir = "/"
	return command
}

func TestAnotherProgramOfTheSameUserCannotReadTheShim(t *testing.T) {
	if err := os.Chmod(filepath.Dir(binary(t)), 0o755); err != nil {
		t.Fatal(err)
	}
	shim := unprivileged(exec.Command(binary(t)))
	for _, name := range []string{"POD_NAME", "POD_UID", "TOKEN_FILE", "CA_FILE", "KEYS_FILE"} {
		shim.Env = append(shim.Env, "MCPHUB_"+name+"=none")
	}
	shim.Env = append(shim.Env, "MCPHUB_GATEWAY_URL=https://127.0.0.1:1/", "MCPHUB_LISTEN=127.0.0.1:0")
	stderr, err := shim.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shim.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = shim.Process.Kill()
		_ = shim.Wait()
	}()
	for lines := bufio.NewScanner(stderr); lines.Scan() && !strings.Contains(lines.Text(), "listening"); {
	}
	folder := "/proc/" + strconv.Itoa(shim.Process.Pid)
	for _, file := range []string{"environ", "mem", "maps", "fd/0"} {
		if output, err := unprivileged(exec.Command("head", "-c", "1", folder+"/"+file)).CombinedOutput(); err == nil || !strings.Contains(string(output), "ermission denied") {
			t.Errorf("%s: %v %q", file, err, output)
		}
	}
	if err := unprivileged(exec.Command("head", "-c", "1", folder+"/stat")).Run(); err != nil {
		t.Errorf("the check itself does not work: %v", err)
	}
}
