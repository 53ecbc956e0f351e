// Package identity holds who this shim is (a key and certificate that live only in memory) and whom it believes: gateways whose HELLO is signed for
// this pod, this certificate and this very TLS connection (sandbox/PROTOCOL.md §1).
package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"time"
)

const (
	// ExportLabel names the bytes that TLS exports for one connection.
	ExportLabel = "EXPORTER-mcphub-shim"
	exportBytes = 32
	maxKeys     = 4
	// pods live days; the gateway pins the certificate and does not look at its dates
	certificateLife = 100 * 365 * 24 * time.Hour
)

// Identity is one shim's, for its whole life.
type Identity struct {
	// Fingerprint of the certificate: SHA-256 of its DER in lower-case hex
	Fingerprint string
	certificate tls.Certificate
}

// New makes a key and certificate.
func New() (*Identity, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    now.Add(-24 * time.Hour),
		NotAfter:     now.Add(certificateLife),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, public, private)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(der)
	certificate := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
	return &Identity{Fingerprint: hex.EncodeToString(sum[:]), certificate: certificate}, nil
}

// ServerConfig is for the shim's listener: TLS 1.3 and nothing that outlives a connection.
func (identity *Identity) ServerConfig() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{identity.certificate},
		SessionTicketsDisabled: true,
	}
}

// Claims are what a HELLO says of its sender.
type Claims struct {
	PodUID    string `json:"podUid"`
	Replica   string `json:"replica"`
	Prefix    string `json:"prefix"`
	Signature []byte `json:"signature"`
}

// SignedText is what a HELLO's signature covers.
func SignedText(claims Claims, fingerprint string, state tls.ConnectionState) ([]byte, error) {
	exported, err := state.ExportKeyingMaterial(ExportLabel, nil, exportBytes)
	if err != nil {
		return nil, err
	}
	lines := []string{"mcphub-shim/1 attach", claims.PodUID, fingerprint, claims.Replica, claims.Prefix, hex.EncodeToString(exported)}
	return []byte(strings.Join(lines, "\n")), nil
}

// Verifier decides whom to believe.
type Verifier struct {
	PodUID      string
	Fingerprint string
	// KeysFile holds PEM public keys; read anew each time, for the keys rotate under a running pod
	KeysFile string
}

// Check says why a HELLO is not to be believed; nil: it is. The reason is for the log alone.
func (verifier Verifier) Check(claims Claims, state tls.ConnectionState) error {
	if claims.PodUID != verifier.PodUID {
		return errors.New("it is meant for another pod")
	}
	if strings.ContainsAny(claims.Replica+claims.Prefix, "\n") || claims.Replica == "" || len(claims.Replica) > 253 {
		return errors.New("its replica's name is malformed")
	}
	if !IsPrefix(claims.Prefix) {
		return errors.New("its prefix is malformed")
	}
	keys, err := readKeys(verifier.KeysFile)
	if err != nil {
		return fmt.Errorf("the gateways' keys cannot be read: %w", err)
	}
	text, err := SignedText(claims, verifier.Fingerprint, state)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if ed25519.Verify(key, text, claims.Signature) {
			return nil
		}
	}
	return errors.New("no key of the gateways made its signature")
}

// IsPrefix: 1 to 32 letters, digits and underscores, then a dash.
func IsPrefix(text string) bool {
	name, isClosed := strings.CutSuffix(text, "-")
	if !isClosed || name == "" || len(name) > 32 {
		return false
	}
	return strings.IndexFunc(name, func(char rune) bool {
		return !(char == '_' || char >= '0' && char <= '9' || char >= 'a' && char <= 'z' || char >= 'A' && char <= 'Z')
	}) < 0
}

func readKeys(path string) ([]ed25519.PublicKey, error) {
	rest, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var keys []ed25519.PublicKey
	for len(keys) < maxKeys {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		key, isEd25519 := parsed.(ed25519.PublicKey)
		if !isEd25519 {
			return nil, errors.New("a key is not Ed25519")
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("no key is in the file")
	}
	return keys, nil
}
