package offline

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// The test program plays both parts: what keeps off the network, and what then tries it.
const (
	part  = "MCPHUB_OFFLINE_TEST"
	vsock = 40
)

func TestMain(m *testing.M) {
	switch os.Getenv(part) {
	case "start":
		_ = os.Setenv(part, "try")
		if err := Exec(os.Args); err != nil {
			println(err.Error())
		}
		os.Exit(3)
	case "try":
		os.Exit(try(os.Args[1]))
	}
	os.Exit(m.Run())
}

func try(address string) int {
	for _, family := range []int{syscall.AF_INET, syscall.AF_INET6, syscall.AF_UNIX, syscall.AF_PACKET, vsock} {
		if _, err := syscall.Socket(family, syscall.SOCK_STREAM, 0); !errors.Is(err, syscall.EACCES) {
			println("socket of family", family, "was not refused")
			return 4
		}
	}
	if _, err := net.Dial("tcp", address); !errors.Is(err, syscall.EACCES) {
		println("a connection was not refused")
		return 5
	}
	if _, _, errno := syscall.Syscall(callRingSetup, 1, 0, 0); errno != syscall.ENOSYS {
		println("a ring was not refused")
		return 6
	}
	// what programs do all the time goes on
	if _, err := net.Interfaces(); err != nil {
		println("interfaces:", err.Error())
		return 7
	}
	if _, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0); err != nil {
		println("a pair of sockets:", err.Error())
		return 8
	}
	// a child is kept off, too
	if os.Getenv("CHILD") == "" {
		child := exec.Command(os.Args[0], address)
		child.Env = append(os.Environ(), "CHILD=yes")
		if said, err := child.CombinedOutput(); err != nil {
			println("a child:", string(said))
			return 9
		}
	}
	return 0
}

func TestNoConnectionCanBeOpened(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	// without the filter it opens: the refusal below is the filter's
	if connection, err := net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	} else {
		_ = connection.Close()
	}
	command := exec.Command(os.Args[0], listener.Addr().String())
	command.Env = append(os.Environ(), part+"=start")
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
}

func TestWhatCannotStartIsSaid(t *testing.T) {
	if err := Exec(nil); err == nil {
		t.Error("no program was accepted")
	}
	if err := Exec([]string{"there-is-no-such-program"}); err == nil || !strings.Contains(err.Error(), "there-is-no-such-program") {
		t.Errorf("a program that is not there: %v", err)
	}
}
