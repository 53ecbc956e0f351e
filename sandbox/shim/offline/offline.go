// Package offline starts a program that can open no connection, by a seccomp filter: no privilege is needed, no namespace, and no help of what runs the container.
// The builds of images start a package so, which they would otherwise have to trust with their network (images/prepare).
package offline

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"
)

// what <linux/seccomp.h>, <linux/prctl.h> and <linux/audit.h> call them
const (
	prSetNoNewPrivileges = 38
	prSetSeccomp         = 22
	modeFilter           = 2
	resultAllow          = 0x7fff0000
	resultErrno          = 0x00050000
	// of struct seccomp_data
	offsetCall     = 0
	offsetMachine  = 4
	offsetArgument = 16
	// same number on every machine: a ring opens sockets without the call
	callRingSetup = 425
	// calls of the x32 interface have this bit
	x32Bit = 0x40000000
)

type machine struct{ audit, socket uint32 }

var machines = map[string]machine{
	"amd64": {audit: 0xc000003e, socket: 41},
	"arm64": {audit: 0xc00000b7, socket: 198},
}

func load(offset uint32) syscall.SockFilter {
	return syscall.SockFilter{Code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS, K: offset}
}

func jump(condition uint16, k uint32, yes, no uint8) syscall.SockFilter {
	return syscall.SockFilter{Code: syscall.BPF_JMP | condition | syscall.BPF_K, Jt: yes, Jf: no, K: k}
}

func result(k uint32) syscall.SockFilter {
	return syscall.SockFilter{Code: syscall.BPF_RET | syscall.BPF_K, K: k}
}

// filter refuses every socket but those that ask the kernel for its own interfaces and routes, which programs do when they start. Pipes, and pairs of sockets
// that a program makes for its children, are other calls.
func filter(of machine) []syscall.SockFilter {
	return []syscall.SockFilter{
		load(offsetMachine),
		jump(syscall.BPF_JEQ, of.audit, 0, 6), // another interface of the kernel: refused
		load(offsetCall),
		jump(syscall.BPF_JGE, x32Bit, 4, 0),
		jump(syscall.BPF_JEQ, callRingSetup, 5, 0),
		jump(syscall.BPF_JEQ, of.socket, 0, 3),
		load(offsetArgument),
		jump(syscall.BPF_JEQ, syscall.AF_NETLINK, 1, 0),
		result(resultErrno | uint32(syscall.EACCES)),
		result(resultAllow),
		result(resultErrno | uint32(syscall.ENOSYS)),
	}
}

// Exec becomes the program, which has this one's environment. It returns only when it could not.
func Exec(argv []string) error {
	if len(argv) == 0 {
		return errors.New("--offline wants a program")
	}
	of, known := machines[runtime.GOARCH]
	if !known {
		return fmt.Errorf("nothing can be kept off the network on %s", runtime.GOARCH)
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	// the filter is this thread's, and so is the program then
	runtime.LockOSThread()
	code := filter(of)
	program := syscall.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivileges, 1, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("no_new_privs: %w", errno)
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetSeccomp, modeFilter, uintptr(unsafe.Pointer(&program))); errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	return syscall.Exec(path, argv, os.Environ())
}
