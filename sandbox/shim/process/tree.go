package process

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// rounds × pause: how long what was killed may take to go
const (
	killRounds = 400
	killPause  = 5 * time.Millisecond
)

type entry struct {
	pid, parent, session int
	isZombie             bool
}

// SignalGroup tells the program and what stayed in its group.
func (process *Process) SignalGroup(signal syscall.Signal) { _ = syscall.Kill(-process.PID, signal) }

// KillTree ends all that the program started: what is in its session, below it, or has its mark. With no other program running, everything below the
// shim goes, also what hid from all three. others is asked after each look at the processes, so that one that was started meanwhile is known. Returns
// how many withstood for 2 s.
func (process *Process) KillTree(others func() []*Process) int {
	for round := 0; ; round++ {
		left := process.findTree(others)
		if len(left) == 0 || round == killRounds {
			return len(left)
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(killPause)
	}
}

func (process *Process) findTree(listOthers func() []*Process) []int {
	entries := readProcesses()
	others := listOthers()
	var found []int
	for pid, one := range entries {
		if one.isZombie || pid == os.Getpid() || !descends(entries, pid, os.Getpid()) || belongsToAny(entries, one, others) {
			continue
		}
		if len(others) == 0 || process.owns(entries, one) {
			found = append(found, pid)
		}
	}
	return found
}

func belongsToAny(entries map[int]entry, one entry, others []*Process) bool {
	for _, other := range others {
		if one.session == other.PID || descends(entries, one.pid, other.PID) {
			return true
		}
	}
	return false
}

func (process *Process) owns(entries map[int]entry, one entry) bool {
	return one.session == process.PID || descends(entries, one.pid, process.PID) || readMark(one.pid) == process.Incarnation
}

func descends(entries map[int]entry, pid, from int) bool {
	for steps := 0; pid > 0 && steps <= len(entries); steps++ {
		if pid == from {
			return true
		}
		pid = entries[pid].parent
	}
	return false
}

func readProcesses() map[int]entry {
	entries := map[int]entry{}
	folder, err := os.Open("/proc")
	if err != nil {
		return entries
	}
	defer folder.Close()
	names, _ := folder.Readdirnames(-1)
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if one, isThere := readProcess(pid); isThere {
				entries[pid] = one
			}
		}
	}
	return entries
}

func readProcess(pid int) (entry, bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return entry{}, false
	}
	// the program's name, in parentheses, may hold anything
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 4 {
		return entry{}, false
	}
	parent, _ := strconv.Atoi(fields[1])
	session, _ := strconv.Atoi(fields[3])
	return entry{pid: pid, parent: parent, session: session, isZombie: fields[0] == "Z" || fields[0] == "X"}, true
}

func readMark(pid int) string {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return ""
	}
	return valueOf(strings.Split(string(text), "\x00"), MarkVariable)
}
