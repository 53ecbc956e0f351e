package frames

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	frames := []Frame{
		{Type: Hello, Payload: []byte("{}")},
		{Type: Stdin, Child: 7, Payload: []byte(`{"id":1}`)},
		{Type: Stdout, Child: 1<<32 - 1, Payload: bytes.Repeat([]byte("x"), 1<<20)},
		{Type: Leave, Child: 3, Payload: []byte{}},
	}
	var wire []byte
	for _, frame := range frames {
		wire = Append(wire, frame)
	}
	from := bytes.NewReader(wire)
	for _, want := range frames {
		got, err := Read(from, MaxFrame)
		if err != nil || got.Type != want.Type || got.Child != want.Child || !bytes.Equal(got.Payload, want.Payload) {
			t.Fatalf("got %v %v, want %v", got.Type, err, want.Type)
		}
	}
	if _, err := Read(from, MaxFrame); err != io.EOF {
		t.Fatalf("want EOF, got %v", err)
	}
}

func TestRefusesWhatIsNoFrame(t *testing.T) {
	header := func(length uint32, kind byte) []byte {
		return append(binary.BigEndian.AppendUint32(nil, length), kind, 0, 0, 0, 0)
	}
	for name, one := range map[string]struct {
		wire []byte
		want error
	}{
		"no room for a type": {header(4, byte(Ping)), ErrBad},
		"type 0":             {header(5, 0), ErrBad},
		"a type of tomorrow": {header(5, byte(Error)+1), ErrBad},
		"too large":          {header(MaxFrame+1, byte(Stdin)), ErrTooLarge},
		"4 GiB":              {header(1<<32-1, byte(Stdin)), ErrTooLarge},
		"cut off":            {header(6, byte(Stdin)), io.ErrUnexpectedEOF},
	} {
		if _, err := Read(bytes.NewReader(one.wire), MaxFrame); !errors.Is(err, one.want) {
			t.Errorf("%s: want %v, got %v", name, one.want, err)
		}
	}
	if err := ReadPreamble(bytes.NewReader([]byte("MCPS\x02"))); err != ErrVersion {
		t.Errorf("another version: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(Append(nil, Frame{Type: Stdin, Child: 1, Payload: []byte(`{"jsonrpc":"2.0"}`)}))
	f.Add([]byte{0, 0, 0, 5, 17, 0, 0, 0, 0})
	f.Add([]byte{255, 255, 255, 255, 6})
	f.Fuzz(func(t *testing.T, wire []byte) {
		from := bytes.NewReader(wire)
		for {
			before := len(wire) - from.Len()
			frame, err := Read(from, MaxHello)
			if err != nil {
				return
			}
			if again := Append(nil, frame); !bytes.Equal(again, wire[before:len(wire)-from.Len()]) {
				t.Fatal("what was read is written otherwise")
			}
		}
	})
}
