package process

import (
	"io"
	"os"

	"mcphub.io/shim/rawio"
)

// Pipe is the shim's end of a child's stdin or stdout; lines take it, so its calls are cheap ones (package rawio).
type Pipe struct {
	*os.File
	reader io.Reader
	writer io.Writer
}

func newPipe(file *os.File) *Pipe {
	made := &Pipe{File: file, reader: file, writer: file}
	if reader, err := rawio.NewReader(file); err == nil {
		made.reader = reader
	}
	if writer, err := rawio.NewWriter(file); err == nil {
		made.writer = writer
	}
	return made
}

// Read is for one goroutine at a time.
func (pipe *Pipe) Read(into []byte) (int, error) { return pipe.reader.Read(into) }

// Write is for one goroutine at a time.
func (pipe *Pipe) Write(from []byte) (int, error) { return pipe.writer.Write(from) }
