// containerd-shim-runsc-v1: gVisor's own shim, but for the step that starts it. That one insists on lowering its oom_score_adj and gives up
// where root lacks CAP_SYS_RESOURCE; this one leaves the score alone. The rest of Start is what containerd's shim manager does.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"

	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/pkg/shim"
	v1 "gvisor.dev/gvisor/pkg/shim/v1"
	_ "gvisor.dev/gvisor/pkg/shim/v1/plugin"
)

type manager struct{ shim.Manager }

// Start begins the process that serves one pod and tells containerd its socket. The socket is made here and handed down, so that it listens
// before containerd dials it.
func (m manager) Start(ctx context.Context, id string, opts shim.StartOpts) (shim.BootstrapParams, error) {
	address, socket, err := listen(ctx, id, opts)
	if err != nil {
		return shim.BootstrapParams{}, err
	}
	// containerd finds a shim again by this file in its working folder
	if err := os.WriteFile("address", []byte(address), 0o600); err != nil {
		return shim.BootstrapParams{}, err
	}
	if socket != nil {
		if err := serve(ctx, id, opts, socket); err != nil {
			return shim.BootstrapParams{}, err
		}
	}
	return shim.BootstrapParams{Version: 2, Address: address, Protocol: "ttrpc"}, nil
}

// listen gives no socket where a shim answers at the address already: that one serves this pod.
func listen(ctx context.Context, id string, opts shim.StartOpts) (string, *net.UnixListener, error) {
	address, err := shim.SocketAddress(ctx, opts.Address, id, opts.Debug)
	if err != nil {
		return "", nil, err
	}
	socket, err := shim.NewSocket(address)
	if err != nil && shim.SocketEaddrinuse(err) {
		if shim.CanConnect(address) {
			return address, nil, nil
		}
		// left by one that was killed
		_ = shim.RemoveSocket(address)
		socket, err = shim.NewSocket(address)
	}
	if err != nil {
		return "", nil, fmt.Errorf("shim socket: %w", err)
	}
	return address, socket, nil
}

func serve(ctx context.Context, id string, opts shim.StartOpts, socket *net.UnixListener) error {
	namespace, err := namespaces.NamespaceRequired(ctx)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	file, err := socket.File()
	if err != nil {
		return err
	}
	args := []string{"-namespace", namespace, "-address", opts.Address, "-id", id}
	if opts.Debug {
		args = append(args, "-debug")
	}
	command := exec.Command(self, args...)
	command.Env = append(os.Environ(), "GOMAXPROCS=2")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.ExtraFiles = []*os.File{file}
	if err := command.Start(); err != nil {
		return err
	}
	return shim.WritePidFile("shim.pid", command.Process.Pid)
}

func main() {
	shim.Run(context.Background(), manager{v1.NewShimManager("io.containerd.runsc.v1")})
}
