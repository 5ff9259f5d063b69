package main

import (
	"strconv"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vymir-project/vymir/agent/internal/fakeserver"
)

// registry finds the server of a running script.
type registry struct {
	mu sync.Mutex
	m  map[string]*fakeserver.Server
}

var servers = registry{m: map[string]*fakeserver.Server{}}

func (r *registry) set(ts *testscript.TestScript, s *fakeserver.Server) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.m[ts.Getenv("WORK")] = s
}

func (r *registry) get(ts *testscript.TestScript) *fakeserver.Server {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.m[ts.Getenv("WORK")]
}

func itoa(n int) string { return strconv.Itoa(n) }
