package server

import "syscall"

// exit is the payload of EXIT.
type exit struct {
	Kind    string  `json:"kind"`
	Code    *int    `json:"code,omitempty"`
	Signal  *string `json:"signal,omitempty"`
	Limit   string  `json:"limit,omitempty"`
	Message string  `json:"message,omitempty"`
	By      string  `json:"by,omitempty"`
}

func exitOf(status syscall.WaitStatus) exit {
	if status.Signaled() {
		name := nameOf(status.Signal())
		return exit{Kind: "exited", Signal: &name}
	}
	code := status.ExitStatus()
	return exit{Kind: "exited", Code: &code}
}

// nameOf gives the names that Node gives, for those that end programs.
func nameOf(signal syscall.Signal) string {
	if name, isKnown := signalNames[signal]; isKnown {
		return name
	}
	return "SIG" + signal.String()
}

var signalNames = map[syscall.Signal]string{
	syscall.SIGHUP: "SIGHUP", syscall.SIGINT: "SIGINT", syscall.SIGQUIT: "SIGQUIT", syscall.SIGILL: "SIGILL", syscall.SIGTRAP: "SIGTRAP",
	syscall.SIGABRT: "SIGABRT", syscall.SIGBUS: "SIGBUS", syscall.SIGFPE: "SIGFPE", syscall.SIGKILL: "SIGKILL", syscall.SIGUSR1: "SIGUSR1",
	syscall.SIGSEGV: "SIGSEGV", syscall.SIGUSR2: "SIGUSR2", syscall.SIGPIPE: "SIGPIPE", syscall.SIGALRM: "SIGALRM", syscall.SIGTERM: "SIGTERM",
	syscall.SIGXCPU: "SIGXCPU", syscall.SIGXFSZ: "SIGXFSZ", syscall.SIGSYS: "SIGSYS",
}
