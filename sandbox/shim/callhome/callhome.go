// Package callhome tells the gateways where this pod's shim listens and which certificate it has (sandbox/PROTOCOL.md §1). One small request is written by
// hand: net/http would cost 3 MB of binary and as much memory for it.
package callhome

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	attemptTime = 5 * time.Second
	firstWait   = 50 * time.Millisecond
	longestWait = 5 * time.Second
	statusGone  = 410
)

// Body is what the gateway learns; the token beside it proves which pod says so.
type Body struct {
	Version     int    `json:"version"`
	PodName     string `json:"podName"`
	PodUID      string `json:"podUid"`
	Port        int    `json:"port"`
	Fingerprint string `json:"fingerprint"`
}

// Caller sends it.
type Caller struct {
	URL       string
	CAFile    string
	TokenFile string
	Body      Body
	// Log gets a message that holds neither token nor answer
	Log func(message string)
}

// errGone is the answer to a pod that is being deleted.
var errGone = errors.New("the pod is being deleted")

// Run calls until a gateway has written it down, or ctx ends. It returns true as soon as a gateway says that this pod is being deleted: the signal that
// asks a process to end is lost on the first one of a container that does not listen yet.
func (caller Caller) Run(ctx context.Context) bool {
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		err := caller.once(ctx)
		if err == nil || ctx.Err() != nil {
			return false
		}
		if errors.Is(err, errGone) {
			return true
		}
		caller.Log("call-home failed: " + err.Error())
		select {
		case <-time.After(jitter(wait)):
		case <-ctx.Done():
			return false
		}
	}
}

// jitter keeps pods that were started together from calling together: a random half to whole.
func jitter(wait time.Duration) time.Duration {
	return wait/2 + rand.N(wait/2+1)
}

func (caller Caller) once(ctx context.Context) error {
	target, err := url.Parse(caller.URL)
	if err != nil || target.Scheme != "https" || target.Hostname() == "" {
		return errors.New("the gateway's URL is not an https URL")
	}
	request, err := caller.buildRequest(target)
	if err != nil {
		return err
	}
	pool, err := readPool(caller.CAFile)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13, ServerName: target.Hostname()}}
	conn, err := dialer.DialContext(ctx, "tcp", addressOf(target))
	if err != nil {
		return err
	}
	defer conn.Close()
	return exchange(ctx, conn, request)
}

func exchange(ctx context.Context, conn net.Conn, request []byte) error {
	if deadline, has := ctx.Deadline(); has {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if _, err := conn.Write(request); err != nil {
		return err
	}
	line, err := bufio.NewReaderSize(conn, 512).ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	_, rest, _ := strings.Cut(string(line), " ")
	status, err := strconv.Atoi(rest[:min(3, len(rest))])
	if err != nil || !strings.HasPrefix(string(line), "HTTP/1.") {
		return errors.New("the answer is not HTTP/1.1")
	}
	if status == statusGone {
		return errGone
	}
	if status < 200 || status > 299 {
		return fmt.Errorf("answered with status %d", status)
	}
	return nil
}

func (caller Caller) buildRequest(target *url.URL) ([]byte, error) {
	token, err := os.ReadFile(caller.TokenFile)
	if err != nil {
		return nil, err
	}
	bearer := strings.TrimSpace(string(token))
	if bearer == "" || strings.ContainsAny(bearer, "\r\n ") {
		return nil, errors.New("the token file does not hold a token")
	}
	body, err := json.Marshal(caller.Body)
	if err != nil {
		return nil, err
	}
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n",
		target.RequestURI(), target.Host, bearer, len(body))
	return append([]byte(head), body...), nil
}

func addressOf(target *url.URL) string {
	port := target.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(target.Hostname(), port)
}

func readPool(path string) (*x509.CertPool, error) {
	bundle, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(bundle) {
		return nil, errors.New("the CA file holds no certificate")
	}
	return pool, nil
}
