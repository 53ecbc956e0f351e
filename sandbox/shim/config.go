package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// config is what the operator puts into the container's environment.
type config struct {
	listen     string
	podName    string
	podUID     string
	gatewayURL string
	tokenFile  string
	caFile     string
	keysFile   string
	drain      time.Duration
}

const usage = `mcphub-shim runs one user's stdio MCP server in a pod and carries its lines to the gateways.

  mcphub-shim                  serve; everything comes from the environment:
    MCPHUB_POD_NAME            name of this pod
    MCPHUB_POD_UID             uid of this pod
    MCPHUB_GATEWAY_URL         https URL of the call-home
    MCPHUB_TOKEN_FILE          projected token with the gateways' audience
    MCPHUB_CA_FILE             certificates of the gateways' CA, PEM
    MCPHUB_KEYS_FILE           public keys of the gateways, PEM: current, next
    MCPHUB_LISTEN              address to listen on (:8443)
    MCPHUB_DRAIN_MS            how long calls may go on after SIGTERM (10000)
  mcphub-shim --copy-to PATH   copy this program to PATH, for an init container
  mcphub-shim --offline PROGRAM ARGUMENTS…   the program, which can open no connection
  mcphub-shim --self-test      serve itself on loopback, start a child, pass a line
  mcphub-shim --version
`

// readConfig tells all faults at once.
func readConfig(env func(string) string) (config, error) {
	var faults []string
	need := func(name string) string {
		value := env(name)
		if value == "" {
			faults = append(faults, name+" is not set")
		}
		return value
	}
	read := config{
		listen:     env("MCPHUB_LISTEN"),
		podName:    need("MCPHUB_POD_NAME"),
		podUID:     need("MCPHUB_POD_UID"),
		gatewayURL: need("MCPHUB_GATEWAY_URL"),
		tokenFile:  need("MCPHUB_TOKEN_FILE"),
		caFile:     need("MCPHUB_CA_FILE"),
		keysFile:   need("MCPHUB_KEYS_FILE"),
		drain:      10 * time.Second,
	}
	if read.listen == "" {
		read.listen = ":8443"
	}
	if text := env("MCPHUB_DRAIN_MS"); text != "" {
		ms, err := strconv.Atoi(text)
		if err != nil || ms < 0 || ms > 3_600_000 {
			faults = append(faults, "MCPHUB_DRAIN_MS is not a number of milliseconds up to an hour")
		}
		read.drain = time.Duration(ms) * time.Millisecond
	}
	if len(faults) > 0 {
		return config{}, errors.New(fmt.Sprint("the environment is not complete: ", strings.Join(faults, "; ")))
	}
	return read, nil
}
