package rawio

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// pair is a connection's two ends, the first one read and written this package's way.
func pair(t *testing.T) (net.Conn, net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	dialed, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = dialed.Close(), accepted.Close() })
	made := NewConn(accepted)
	if _, isOurs := made.(*Conn); !isOurs {
		t.Fatal("a TCP connection is read the usual way")
	}
	return made, dialed
}

func TestMoreThanFitsIntoTheSocketArrivesWhole(t *testing.T) {
	ours, theirs := pair(t)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	written := make(chan error, 1)
	go func() {
		count, err := ours.Write(sent)
		if err == nil && count != len(sent) {
			err = io.ErrShortWrite
		}
		written <- errors.Join(err, ours.Close())
	}()
	got, err := io.ReadAll(theirs)
	if err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%d of %d bytes came: %v", len(got), len(sent), err)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
}

func TestReadingWaitsForBytesAndEnds(t *testing.T) {
	ours, theirs := pair(t)
	read := make(chan []byte, 1)
	go func() {
		got, _ := io.ReadAll(ours)
		read <- got
	}()
	for _, part := range []string{"one", "two"} {
		if _, err := theirs.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	_ = theirs.Close()
	if got := string(<-read); got != "onetwo" {
		t.Fatalf("%q came", got)
	}
}

func TestDeadlinesAndClosingEndAWait(t *testing.T) {
	ours, _ := pair(t)
	_ = ours.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := ours.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("after the deadline: %v", err)
	}
	_ = ours.SetReadDeadline(time.Time{})
	failed := make(chan error, 1)
	go func() {
		_, err := ours.Read(make([]byte, 1))
		failed <- err
	}()
	_ = ours.Close()
	if err := <-failed; !errors.Is(err, net.ErrClosed) {
		t.Fatalf("after closing: %v", err)
	}
}

func TestWritingToNobodyFails(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	_ = reader.Close()
	made, err := NewWriter(writer)
	if err != nil {
		t.Fatal(err)
	}
	if count, err := made.Write([]byte("x")); count != 0 || err == nil {
		t.Fatalf("%d bytes were written to a pipe that nobody reads: %v", count, err)
	}
}
