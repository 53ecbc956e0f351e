package process

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// ErrLineTooLong ends the reading: the rest of such a line cannot be told from the next.
var ErrLineTooLong = errors.New("line is too long")

const readBytes = 32 << 10

// ReadLines calls back for each line without its newline (or CRLF), empty ones left out, in a slice of the callee's own. Returns nil at the end; what comes after the last newline is no line.
func ReadLines(from io.Reader, maxBytes int, line func([]byte)) error {
	reader := bufio.NewReaderSize(from, readBytes)
	var begun []byte
	for {
		piece, err := reader.ReadSlice('\n')
		if len(begun)+len(piece) > maxBytes+1 {
			return ErrLineTooLong
		}
		begun = append(begun, piece...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return nil
		}
		if whole := bytes.TrimSuffix(begun[:len(begun)-1], []byte{'\r'}); len(whole) > 0 {
			line(whole)
		}
		begun = nil
	}
}
