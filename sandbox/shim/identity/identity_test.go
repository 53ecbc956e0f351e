package identity

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPrefixes(t *testing.T) {
	for _, good := range []string{"a-", "a1b2c3-", "A_9-", strings.Repeat("x", 32) + "-"} {
		if !IsPrefix(good) {
			t.Errorf("%q is one", good)
		}
	}
	for _, bad := range []string{"", "-", "a", "a-b-", "a b-", "é-", "a\n-", strings.Repeat("x", 33) + "-"} {
		if IsPrefix(bad) {
			t.Errorf("%q is none", bad)
		}
	}
}

func TestKeysFilesThatAreNone(t *testing.T) {
	for name, text := range map[string]string{
		"empty":       "",
		"no PEM":      "hello",
		"not a key":   "-----BEGIN PUBLIC KEY-----\naGVsbG8=\n-----END PUBLIC KEY-----\n",
		"another one": "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n",
	} {
		path := filepath.Join(t.TempDir(), "keys.pem")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if keys, err := readKeys(path); err == nil {
			t.Errorf("%s: %v", name, keys)
		}
	}
	if _, err := readKeys("/none"); err == nil {
		t.Error("a file that is not there has no keys")
	}
}

func TestEachShimIsAnother(t *testing.T) {
	first, err := New()
	if err != nil {
		t.Fatal(err)
	}
	second, _ := New()
	if first.Fingerprint == second.Fingerprint || len(first.Fingerprint) != 64 {
		t.Fatal(first.Fingerprint, second.Fingerprint)
	}
}
