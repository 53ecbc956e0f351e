// Package frames is the byte format of sandbox/PROTOCOL.md §2: preamble, length, type, child, payload. It knows sizes and nothing of what frames mean.
package frames

import (
	"encoding/binary"
	"errors"
	"io"
)

// Preamble is what each side sends first: a mark and the protocol's version.
var Preamble = [5]byte{'M', 'C', 'P', 'S', 1}

// Type tells what a frame is.
type Type byte

// The numbers of PROTOCOL.md §2.
const (
	Hello Type = iota + 1
	Welcome
	Start
	Started
	Failed
	Stdin
	Stdout
	Credit
	Stderr
	Exit
	Kill
	Leave
	Claim
	Claimed
	Drain
	Draining
	Ping
	Pong
	Error
)

const (
	// HeaderBytes stand before a payload; what a line costs beyond its own bytes.
	HeaderBytes = 9
	// MaxLine is the largest line, in bytes.
	MaxLine = 8 << 20
	// MaxFrame bounds the length field: a line and what a control frame may need beyond.
	MaxFrame = MaxLine + 64<<10
	// MaxHello bounds what is read from somebody who has not proven anything.
	MaxHello = 4 << 10
)

const afterLength = HeaderBytes - 4

// ErrTooLarge and ErrBad end a connection; nothing after them can be trusted to be a frame.
var (
	ErrTooLarge = errors.New("frame is too large")
	ErrBad      = errors.New("frame is malformed")
	ErrVersion  = errors.New("not this protocol, or another version of it")
)

// Frame is one message. Payload is owned by whoever received it.
type Frame struct {
	Type    Type
	Child   uint32
	Payload []byte
}

// Append writes the frame behind dst.
func Append(dst []byte, frame Frame) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(afterLength+len(frame.Payload)))
	dst = append(dst, byte(frame.Type))
	dst = binary.BigEndian.AppendUint32(dst, frame.Child)
	return append(dst, frame.Payload...)
}

// Read takes the next frame, of at most limit bytes after its length field. io.EOF only where a frame would begin.
func Read(from io.Reader, limit int) (Frame, error) {
	var header [HeaderBytes]byte
	if _, err := io.ReadFull(from, header[:]); err != nil {
		return Frame{}, err
	}
	length := int64(binary.BigEndian.Uint32(header[:4]))
	if length < afterLength {
		return Frame{}, ErrBad
	}
	if length > int64(limit) {
		return Frame{}, ErrTooLarge
	}
	frame := Frame{Type: Type(header[4]), Child: binary.BigEndian.Uint32(header[5:])}
	if frame.Type < Hello || frame.Type > Error {
		return Frame{}, ErrBad
	}
	// one byte more: a line gets its newline without being copied
	frame.Payload = make([]byte, length-afterLength, length-afterLength+1)
	if _, err := io.ReadFull(from, frame.Payload); err != nil {
		return Frame{}, io.ErrUnexpectedEOF
	}
	return frame, nil
}

// ReadPreamble fails unless the other side speaks this version.
func ReadPreamble(from io.Reader) error {
	var got [len(Preamble)]byte
	if _, err := io.ReadFull(from, got[:]); err != nil {
		return err
	}
	if got != Preamble {
		return ErrVersion
	}
	return nil
}
