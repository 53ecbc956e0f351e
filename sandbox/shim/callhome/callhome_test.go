package callhome

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func write(t *testing.T, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func serve(t *testing.T, handler http.HandlerFunc) (url, ca string) {
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	return server.URL + "/sandboxes/call-home", write(t, "ca.pem", string(pem.EncodeToMemory(block)))
}

func makeCertificate(t *testing.T) string {
	public, private, _ := ed25519.GenerateKey(rand.Reader)
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestTellsAgainUntilItIsWrittenDown(t *testing.T) {
	var mu sync.Mutex
	var calls int
	var last Body
	url, ca := serve(t, func(response http.ResponseWriter, request *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		calls++
		if request.Header.Get("Authorization") != "Bearer token-1" || request.Method != "POST" {
			t.Error("the request does not carry the token")
		}
		if calls < 3 {
			response.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if err := json.NewDecoder(request.Body).Decode(&last); err != nil {
			t.Error(err)
		}
		response.WriteHeader(http.StatusNoContent)
	})
	body := Body{Version: 1, PodName: "p", PodUID: "u", Port: 8443, Fingerprint: "f"}
	logged := ""
	caller := Caller{URL: url, CAFile: ca, TokenFile: write(t, "token", "token-1\n"), Body: body, Log: func(m string) { logged += m }}
	if caller.Run(t.Context()) || calls != 3 || last != body {
		t.Fatalf("%d calls, last %+v", calls, last)
	}
	if strings.Contains(logged, "token-1") || !strings.Contains(logged, "503") {
		t.Fatalf("the log says %q", logged)
	}
}

func TestAPodThatIsBeingDeletedIsToldOnce(t *testing.T) {
	var calls atomic.Int32
	url, ca := serve(t, func(response http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		response.WriteHeader(http.StatusGone)
	})
	caller := Caller{URL: url, CAFile: ca, TokenFile: write(t, "token", "token-1"), Log: func(string) { t.Error("nothing failed") }}
	if !caller.Run(t.Context()) || calls.Load() != 1 {
		t.Fatalf("%d calls", calls.Load())
	}
}

func TestTrustsOnlyTheMountedCA(t *testing.T) {
	url, _ := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the token was sent to a stranger") })
	stranger := write(t, "other.pem", makeCertificate(t))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	tries := 0
	caller := Caller{URL: url, CAFile: stranger, TokenFile: write(t, "token", "secret"), Log: func(string) { tries++ }}
	caller.Run(ctx)
	if tries == 0 {
		t.Fatal("it must have failed")
	}
	caller.URL = strings.Replace(url, "https", "http", 1)
	if err := caller.once(t.Context()); err == nil {
		t.Fatal("plain http must be refused")
	}
}

func TestWaitsAreSpread(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 100 {
		wait := jitter(time.Second)
		if wait < time.Second/2 || wait > time.Second {
			t.Fatalf("%v is out of bounds", wait)
		}
		seen[wait] = true
	}
	if len(seen) < 50 {
		t.Fatal("the waits are too much alike")
	}
}
