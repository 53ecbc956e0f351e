// Package rawio reads and writes sockets and pipes that never block, without announcing each system call to Go's scheduler. The announcement wakes a watcher
// thread whenever the program was idle, and so for nearly every line that passes: a quarter of all the time a shim takes. Waiting, deadlines and closing are
// still those of package net and os.
package rawio

import (
	"io"
	"net"
	"syscall"
	"unsafe"
)

// Reader reads a pipe or socket; one goroutine at a time.
type Reader struct{ one transfer }

// Writer writes a pipe or socket; one goroutine at a time.
type Writer struct{ one transfer }

// transfer is one call at a time, kept here so that none allocates.
type transfer struct {
	raw    syscall.RawConn
	call   uintptr
	try    func(descriptor uintptr) bool
	buffer []byte
	done   int
	errno  syscall.Errno
}

func (one *transfer) prepare(of syscall.Conn, call uintptr) error {
	raw, err := of.SyscallConn()
	one.raw, one.call, one.try = raw, call, one.once
	return err
}

// once says false where it has to wait.
func (one *transfer) once(descriptor uintptr) bool {
	for {
		done, _, errno := syscall.RawSyscall(one.call, descriptor, uintptr(unsafe.Pointer(unsafe.SliceData(one.buffer))), uintptr(len(one.buffer)))
		switch errno {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return false
		}
		one.done, one.errno = int(done), errno
		return true
	}
}

// NewReader wants what is open without blocking, as all sockets of package net are.
func NewReader(of syscall.Conn) (*Reader, error) {
	made := &Reader{}
	return made, made.one.prepare(of, syscall.SYS_READ)
}

// Read is io.Reader's.
func (reader *Reader) Read(into []byte) (int, error) {
	if len(into) == 0 {
		return 0, nil
	}
	one := &reader.one
	one.buffer = into
	err := one.raw.Read(one.try)
	one.buffer = nil
	switch {
	case err != nil:
		return 0, err
	case one.errno != 0:
		return 0, one.errno
	case one.done == 0:
		return 0, io.EOF
	}
	return one.done, nil
}

// NewWriter wants what is open without blocking.
func NewWriter(of syscall.Conn) (*Writer, error) {
	made := &Writer{}
	return made, made.one.prepare(of, syscall.SYS_WRITE)
}

// Write is io.Writer's.
func (writer *Writer) Write(from []byte) (int, error) {
	one := &writer.one
	written := 0
	for written < len(from) {
		one.buffer = from[written:]
		err := one.raw.Write(one.try)
		one.buffer = nil
		if err == nil && one.errno != 0 {
			err = one.errno
		}
		if err != nil {
			return written, err
		}
		written += one.done
	}
	return written, nil
}

// Conn is a connection whose bytes go that way.
type Conn struct {
	net.Conn
	reader *Reader
	writer *Writer
}

// NewConn is the connection itself where it is no plain socket.
func NewConn(conn net.Conn) net.Conn {
	plain, isPlain := conn.(syscall.Conn)
	if !isPlain {
		return conn
	}
	reader, err := NewReader(plain)
	if err != nil {
		return conn
	}
	writer, err := NewWriter(plain)
	if err != nil {
		return conn
	}
	return &Conn{Conn: conn, reader: reader, writer: writer}
}

// Read is net.Conn's.
func (conn *Conn) Read(into []byte) (int, error) { return conn.reader.Read(into) }

// Write is net.Conn's.
func (conn *Conn) Write(from []byte) (int, error) { return conn.writer.Write(from) }
