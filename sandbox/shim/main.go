// mcphub-shim is the first process of a sandbox pod: it calls home, lets gateways attach and runs the stdio server they name (sandbox/PROTOCOL.md). This file
// reads the command line and puts the parts together.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"mcphub.io/shim/callhome"
	"mcphub.io/shim/identity"
	"mcphub.io/shim/offline"
	"mcphub.io/shim/process"
	"mcphub.io/shim/server"
)

// version is set when the binary is linked.
var version = "development"

// an idle shim holds little: collecting more often costs hardly anything and keeps it small under load, too
const collectPercent = 40

// a line passes through several goroutines that each do next to nothing: on one processor they hand it on without waking threads, which costs a quarter to a
// third less of a call (95 -> 70 µs one at a time, 27 -> 18 of eight at once)
const processors = 1

func main() {
	runtime.GOMAXPROCS(processors)
	debug.SetGCPercent(collectPercent)
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mcphub-shim:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 0:
		return serve()
	case len(args) == 1 && args[0] == "--version":
		fmt.Println(version)
		return nil
	case len(args) == 1 && args[0] == "--help":
		fmt.Print(usage)
		return nil
	case len(args) == 1 && args[0] == "--self-test":
		return selfTest()
	case len(args) == 1 && args[0] == echoArgument:
		return echo()
	case len(args) == 2 && args[0] == "--copy-to":
		return copySelf(args[1])
	case len(args) > 0 && args[0] == "--offline":
		return offline.Exec(args[1:])
	}
	return errors.New("unknown arguments; see mcphub-shim --help")
}

func serve() error {
	settings, err := readConfig(os.Getenv)
	if err != nil {
		return err
	}
	process.HideSelf()
	ends := make(chan os.Signal, 2)
	signal.Notify(ends, syscall.SIGTERM, syscall.SIGINT)
	own, err := identity.New()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", settings.listen)
	if err != nil {
		return err
	}
	home := caller(settings, own.Fingerprint, listener)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		if home.Run(ctx) {
			log("the pod is being deleted")
			ends <- syscall.SIGTERM
		}
	}()
	log(fmt.Sprintf("listening on port %d with certificate %s", home.Body.Port, own.Fingerprint))
	made := server.New(server.Options{
		Version: version, Identity: own, Reaper: process.NewReaper(), Environ: os.Environ(), Log: log,
		Verifier: identity.Verifier{PodUID: settings.podUID, Fingerprint: own.Fingerprint, KeysFile: settings.keysFile},
	})
	go func() {
		if err := made.Serve(listener); err != nil {
			log("the listener failed: " + err.Error())
		}
	}()
	<-ends
	drain(made, settings.drain, ends)
	return listener.Close()
}

// drain ends politely; a second signal does not wait.
func drain(made *server.Server, deadline time.Duration, again <-chan os.Signal) {
	hurry := make(chan struct{})
	go func() {
		<-again
		close(hurry)
	}()
	made.Drain(deadline, hurry)
	made.Flush()
}

func caller(settings config, fingerprint string, listener net.Listener) callhome.Caller {
	port := 0
	if address, isTCP := listener.Addr().(*net.TCPAddr); isTCP {
		port = address.Port
	}
	return callhome.Caller{
		URL: settings.gatewayURL, CAFile: settings.caFile, TokenFile: settings.tokenFile, Log: log,
		Body: callhome.Body{Version: 1, PodName: settings.podName, PodUID: settings.podUID, Port: port, Fingerprint: fingerprint},
	}
}

// log writes one JSON line. Messages are the shim's own words and names, never a value, an argument or a line.
func log(message string) {
	line, err := json.Marshal(map[string]any{"time": time.Now().UnixMilli(), "msg": message})
	if err == nil {
		_, _ = os.Stderr.Write(append(line, '\n'))
	}
}
