package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"mcphub.io/shim/frames"
	"mcphub.io/shim/identity"
	"mcphub.io/shim/probe"
	"mcphub.io/shim/process"
	"mcphub.io/shim/server"
)

const (
	echoArgument = "--self-test-echo"
	selfTestTime = 5 * time.Second
	selfTestUID  = "self-test"
	selfTestLine = `{"jsonrpc":"2.0","id":"self-1","result":{}}`
)

// echo is the self-test's child.
func echo() error {
	_, err := io.Copy(os.Stdout, os.Stdin)
	return err
}

// selfTest serves on loopback, attaches as a gateway would, starts this program as a child and passes a line through it.
func selfTest() error {
	begun := time.Now()
	done := make(chan error, 1)
	go func() { done <- runSelfTest() }()
	select {
	case err := <-done:
		if err == nil {
			fmt.Printf("self-test passed in %v\n", time.Since(begun).Round(100*time.Microsecond))
		}
		return err
	case <-time.After(selfTestTime):
		return errors.New("the self-test took too long")
	}
}

func runSelfTest() error {
	folder, err := os.MkdirTemp("", "mcphub-shim-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	key, keysFile, err := makeKeys(folder)
	if err != nil {
		return err
	}
	own, err := identity.New()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	made := server.New(server.Options{
		Version: version, Identity: own, Reaper: process.NewReaper(), Environ: os.Environ(), Log: func(string) {},
		Verifier: identity.Verifier{PodUID: selfTestUID, Fingerprint: own.Fingerprint, KeysFile: keysFile},
	})
	go func() { _ = made.Serve(listener) }()
	gateway := probe.Gateway{Key: key, PodUID: selfTestUID, Replica: "self", Prefix: "self-", Fingerprint: own.Fingerprint}
	if err := passLine(gateway, listener.Addr().String(), folder); err != nil {
		return err
	}
	made.Drain(0, nil)
	return listener.Close()
}

func makeKeys(folder string) (ed25519.PrivateKey, string, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, "", err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, "", err
	}
	path := filepath.Join(folder, "keys.pem")
	return private, path, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600)
}

func passLine(gateway probe.Gateway, address, workdir string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	conn, err := gateway.Dial(address)
	if err != nil {
		return fmt.Errorf("could not attach: %w", err)
	}
	defer conn.Close()
	request := map[string]any{"ref": 1, "key": "self", "argv": []string{program, echoArgument}, "workdir": workdir}
	if err := conn.SendJSON(frames.Start, 0, request); err != nil {
		return err
	}
	frame, err := conn.Read()
	if err != nil {
		return err
	}
	if frame.Type != frames.Started {
		var failed struct {
			Message string `json:"message"`
		}
		_ = json.Unmarshal(frame.Payload, &failed)
		return errors.New("no child could be started: " + failed.Message)
	}
	if err := conn.Send(frames.Stdin, frame.Child, []byte(selfTestLine)); err != nil {
		return err
	}
	line, err := conn.Await(frames.Stdout)
	if err != nil {
		return err
	}
	if string(line.Payload) != selfTestLine {
		return errors.New("the line came back changed")
	}
	return nil
}
