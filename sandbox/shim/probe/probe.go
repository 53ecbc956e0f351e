// Package probe is the gateway's side of sandbox/PROTOCOL.md, as small as the self-test and the tests can do with.
package probe

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net"

	"mcphub.io/shim/frames"
	"mcphub.io/shim/identity"
)

// Gateway is who dials.
type Gateway struct {
	Key     ed25519.PrivateKey
	PodUID  string
	Replica string
	Prefix  string
	// Fingerprint that the pod must show
	Fingerprint string
	// Tamper may change a signed HELLO before it is sent; nil: as it is
	Tamper func(claims *identity.Claims)
}

// ErrOtherPod: the pod has another certificate than it told.
var ErrOtherPod = errors.New("the certificate is another one")

// Conn is one attachment. Not for several goroutines.
type Conn struct {
	tls *tls.Conn
}

// Dial attaches; the error of a refusal is the shim's code.
func (gateway Gateway) Dial(address string) (*Conn, error) {
	tcp, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	conn := &Conn{tls.Client(tcp, &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, VerifyConnection: gateway.checkPin})}
	if err := conn.tls.Handshake(); err != nil {
		_ = tcp.Close()
		return nil, err
	}
	if err := gateway.greet(conn); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// checkPin stands for all other checks: the certificate is nobody's but this pod's.
func (gateway Gateway) checkPin(state tls.ConnectionState) error {
	sum := sha256.Sum256(state.PeerCertificates[0].Raw)
	if hex.EncodeToString(sum[:]) != gateway.Fingerprint {
		return ErrOtherPod
	}
	return nil
}

func (gateway Gateway) greet(conn *Conn) error {
	claims := identity.Claims{PodUID: gateway.PodUID, Replica: gateway.Replica, Prefix: gateway.Prefix}
	text, err := identity.SignedText(claims, gateway.Fingerprint, conn.tls.ConnectionState())
	if err != nil {
		return err
	}
	claims.Signature = ed25519.Sign(gateway.Key, text)
	if gateway.Tamper != nil {
		gateway.Tamper(&claims)
	}
	if _, err := conn.tls.Write(frames.Preamble[:]); err != nil {
		return err
	}
	if err := conn.SendJSON(frames.Hello, 0, claims); err != nil {
		return err
	}
	if err := frames.ReadPreamble(conn.tls); err != nil {
		return err
	}
	_, err = conn.Await(frames.Welcome)
	return err
}

// Send writes one frame.
func (conn *Conn) Send(kind frames.Type, child uint32, payload []byte) error {
	_, err := conn.tls.Write(frames.Append(nil, frames.Frame{Type: kind, Child: child, Payload: payload}))
	return err
}

// SendJSON writes one control frame.
func (conn *Conn) SendJSON(kind frames.Type, child uint32, value any) error {
	payload, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return conn.Send(kind, child, payload)
}

// Read takes the next frame.
func (conn *Conn) Read() (frames.Frame, error) { return frames.Read(conn.tls, frames.MaxFrame) }

// Await reads up to a frame of this type, past others, and echoes pings; an ERROR for the connection is an error, its text the code.
func (conn *Conn) Await(kind frames.Type) (frames.Frame, error) {
	for {
		frame, err := conn.Read()
		if err != nil || frame.Type == kind {
			return frame, err
		}
		if frame.Type == frames.Ping {
			if err := conn.Send(frames.Pong, 0, frame.Payload); err != nil {
				return frame, err
			}
		}
		if frame.Type == frames.Error && frame.Child == 0 {
			var fault struct {
				Code string `json:"code"`
			}
			_ = json.Unmarshal(frame.Payload, &fault)
			return frame, errors.New(fault.Code)
		}
	}
}

// Close drops the connection without a word, as a lost replica does.
func (conn *Conn) Close() { _ = conn.tls.NetConn().Close() }

// TLS is the connection itself.
func (conn *Conn) TLS() *tls.Conn { return conn.tls }
