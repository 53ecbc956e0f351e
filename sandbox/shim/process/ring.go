package process

import "sync"

// Ring keeps the last bytes that were written to it. It grows with what it holds and never beyond its capacity.
type Ring struct {
	mu       sync.Mutex
	capacity int
	bytes    []byte
	// where the next byte goes once the ring is full
	next int
}

// NewRing makes one; capacity in bytes.
func NewRing(capacity int) *Ring { return &Ring{capacity: capacity} }

// Write never fails.
func (ring *Ring) Write(chunk []byte) (int, error) {
	ring.mu.Lock()
	defer ring.mu.Unlock()
	written := len(chunk)
	chunk = chunk[max(0, len(chunk)-ring.capacity):]
	room := min(ring.capacity-len(ring.bytes), len(chunk))
	ring.bytes = append(ring.bytes, chunk[:room]...)
	for chunk = chunk[room:]; len(chunk) > 0; {
		copied := copy(ring.bytes[ring.next:], chunk)
		ring.next = (ring.next + copied) % ring.capacity
		chunk = chunk[copied:]
	}
	return written, nil
}

// Read gives a copy, oldest byte first.
func (ring *Ring) Read() []byte {
	ring.mu.Lock()
	defer ring.mu.Unlock()
	return append(append([]byte{}, ring.bytes[ring.next:]...), ring.bytes[:ring.next]...)
}
