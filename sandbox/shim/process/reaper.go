// Package process starts, watches and ends the programs of a sandbox. The shim is the first process of its pod, so it is also everybody's last parent: orphans
// come to it and are reaped here, in one place, which is why os/exec is not used (its Wait and ours would take each other's children).
package process

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"unsafe"
)

const (
	prSetDumpable       = 4
	prSetChildSubreaper = 36
)

// Reaper is the one that waits for processes. One per program.
type Reaper struct {
	mu      sync.Mutex
	waiting map[int]chan syscall.WaitStatus
}

// NewReaper begins to reap. Outside of a pod, too, orphans below this process come to it.
func NewReaper() *Reaper {
	// best effort: as the first process of a pod it is the reaper anyhow
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0)
	reaper := &Reaper{waiting: map[int]chan syscall.WaitStatus{}}
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGCHLD)
	go func() {
		for range ends {
			reaper.reap()
		}
	}()
	return reaper
}

// HideSelf keeps children of the same uid from reading the shim's memory, environment and open files through /proc.
func HideSelf() {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, prSetDumpable, 0, 0)
}

// fork starts a program; its end is told by the channel. Under the lock, so that an end is never reaped before somebody waits for it.
func (reaper *Reaper) fork(path string, argv []string, attr *syscall.ProcAttr) (int, <-chan syscall.WaitStatus, error) {
	reaper.mu.Lock()
	defer reaper.mu.Unlock()
	pid, err := syscall.ForkExec(path, argv, attr)
	if err != nil {
		return 0, nil, err
	}
	ended := make(chan syscall.WaitStatus, 1)
	reaper.waiting[pid] = ended
	return pid, ended, nil
}

func (reaper *Reaper) reap() {
	reaper.mu.Lock()
	defer reaper.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if ended, isOurs := reaper.waiting[pid]; isOurs {
			delete(reaper.waiting, pid)
			ended <- status
		}
	}
}

// limit sets a resource limit of a process that runs already; one that is gone has no limits.
func limit(pid, resource int, value uint64) {
	rlimit := syscall.Rlimit{Cur: value, Max: value}
	_, _, _ = syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), uintptr(resource), uintptr(unsafe.Pointer(&rlimit)), 0, 0, 0)
}
