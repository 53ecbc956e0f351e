package process

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const rlimitProcesses = 6 // RLIMIT_NPROC, which package syscall does not name

// Spec is what to start. Zero = no such limit.
type Spec struct {
	Argv        []string
	Env         []string
	Workdir     string
	Incarnation string
	OpenFiles   uint64
	Processes   uint64
}

// Process is a running program with its three pipes, in a session of its own.
type Process struct {
	PID         int
	Incarnation string
	Stdin       *Pipe
	Stdout      *Pipe
	Stderr      *os.File
	// Ended gets the status once
	Ended <-chan syscall.WaitStatus
}

// Start runs a program; no shell sees its arguments. Its errors hold the name of the program or folder, no argument.
func (reaper *Reaper) Start(spec Spec) (*Process, error) {
	if len(spec.Argv) == 0 || spec.Argv[0] == "" {
		return nil, errors.New("no program is named")
	}
	if err := os.MkdirAll(spec.Workdir, 0o700); err != nil {
		return nil, err
	}
	path, err := lookUp(spec.Argv[0], valueOf(spec.Env, "PATH"), spec.Workdir)
	if err != nil {
		return nil, err
	}
	pipes, err := openPipes()
	if err != nil {
		return nil, err
	}
	attr := &syscall.ProcAttr{
		Dir:   spec.Workdir,
		Env:   spec.Env,
		Files: []uintptr{uintptr(pipes.child[0]), uintptr(pipes.child[1]), uintptr(pipes.child[2])},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	}
	pid, ended, err := reaper.fork(path, spec.Argv, attr)
	pipes.closeChildEnds()
	if err != nil {
		pipes.closeOwnEnds()
		return nil, &os.PathError{Op: "start", Path: path, Err: err}
	}
	restrain(pid, spec)
	return &Process{
		PID: pid, Incarnation: spec.Incarnation, Ended: ended,
		Stdin: newPipe(pipes.own[0]), Stdout: newPipe(pipes.own[1]), Stderr: pipes.own[2],
	}, nil
}

// restrain comes just after the start: before its first line a program has hardly done anything, and what it starts later inherits all of it.
func restrain(pid int, spec Spec) {
	limit(pid, syscall.RLIMIT_CORE, 0)
	if spec.OpenFiles > 0 {
		limit(pid, syscall.RLIMIT_NOFILE, spec.OpenFiles)
	}
	if spec.Processes > 0 {
		limit(pid, rlimitProcesses, spec.Processes)
	}
	// when memory ends the kernel takes the child, not its parent; not allowed everywhere, then it decides by size
	_ = os.WriteFile("/proc/"+strconv.Itoa(pid)+"/oom_score_adj", []byte("1000"), 0)
}

func lookUp(name, path, workdir string) (string, error) {
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(workdir, name)
		}
		return name, nil
	}
	for _, folder := range filepath.SplitList(path) {
		if !filepath.IsAbs(folder) {
			continue
		}
		candidate := filepath.Join(folder, name)
		if info, err := os.Stat(candidate); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return candidate, nil
		}
	}
	return "", &os.PathError{Op: "find", Path: name, Err: errors.New("no such program in PATH")}
}

type pipes struct {
	child [3]int
	own   [3]*os.File
}

// openPipes: the child's ends block, as programs expect; the shim's do not, so that the runtime can wait for them.
func openPipes() (*pipes, error) {
	made := &pipes{child: [3]int{-1, -1, -1}}
	for at := range made.child {
		var ends [2]int
		if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
			made.closeChildEnds()
			made.closeOwnEnds()
			return nil, err
		}
		childEnd, ownEnd := ends[1], ends[0]
		if at == 0 {
			childEnd, ownEnd = ends[0], ends[1]
		}
		_ = syscall.SetNonblock(ownEnd, true)
		made.child[at] = childEnd
		made.own[at] = os.NewFile(uintptr(ownEnd), "pipe")
	}
	return made, nil
}

func (made *pipes) closeChildEnds() {
	for _, end := range made.child {
		if end >= 0 {
			_ = syscall.Close(end)
		}
	}
}

func (made *pipes) closeOwnEnds() {
	for _, end := range made.own {
		if end != nil {
			_ = end.Close()
		}
	}
}

// KeepTail copies what comes into the ring until the pipe ends.
func KeepTail(ring *Ring, from io.Reader) { _, _ = io.Copy(ring, from) }
