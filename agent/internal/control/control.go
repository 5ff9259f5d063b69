// Package control is the daemon's unix socket: root (or the user the daemon runs as) can read its runtime facts, its
// health and the kernel's events as they come, can wake it, and can hand it a server's answer. Nothing else can be done by it.
package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector"
	"github.com/vymir-project/vymir/collector/facts"
)

// Live is what only a running daemon knows.
type Live struct {
	PID            int          `json:"pid"`
	StartedAt      time.Time    `json:"started_at"`
	NextCheckIn    time.Time    `json:"next_check_in,omitzero"`
	NextAssessment time.Time    `json:"next_assessment,omitzero"`
	Hooks          []facts.Hook `json:"hooks"`
	Problems       []string     `json:"problems"` // what does not work just now, each with its reason
	ResidentBytes  uint64       `json:"resident_bytes"`
}

// Source answers the socket's questions.
type Source struct {
	Live    func() Live
	Runtime func() (*facts.Runtime, string) // nil and why
	Watch   func(context.Context, func(collector.ProbeEvent)) error
	Wake    func()                                                             // assess and check in now
	Answer  func(ctx context.Context, encoded []byte) (json []byte, err error) // take an answer that came on a stick
}

// ErrNoDaemon is returned when nobody listens on the socket.
var ErrNoDaemon = errors.New("the daemon is not running")

// Serve answers on the socket at path until ctx ends. A socket left by a daemon that crashed is replaced; one that
// answers is not, and is an error.
func Serve(ctx context.Context, path string, s Source) error {
	if _, err := Get[Live](ctx, path, "live"); err == nil {
		return fmt.Errorf("listen on %s: another daemon answers there", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make directory of socket: %w", err)
	}
	os.Remove(path) //nolint:errcheck // absent, or the listening says why it cannot be
	old := syscall.Umask(0o177)
	l, err := net.Listen("unix", path)
	syscall.Umask(old)
	if err != nil {
		return fmt.Errorf("listen on socket: %w", err)
	}
	srv := &http.Server{Handler: handler(s), ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	stop := context.AfterFunc(ctx, func() { srv.Close() }) //nolint:errcheck // the daemon ends
	go func() {
		defer stop()
		srv.Serve(peerListener{l}) //nolint:errcheck // ends with ctx
	}()
	return nil
}

// peerListener lets in root and the daemon's own user: the file's mode says the same, but not on every file system.
type peerListener struct{ net.Listener }

func (l peerListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if allowed(c) {
			return c, nil
		}
		c.Close() //nolint:errcheck // a stranger's
	}
}

func allowed(c net.Conn) bool {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return false
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return false
	}
	uid := ^uint32(0)
	controlErr := raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			uid = cred.Uid
		}
	})
	return controlErr == nil && (uid == 0 || uid == uint32(os.Geteuid()))
}

func handler(s Source) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /live", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.Live()) })
	mux.HandleFunc("GET /runtime", func(w http.ResponseWriter, _ *http.Request) {
		r, why := s.Runtime()
		if r == nil {
			http.Error(w, why, http.StatusNotFound)
			return
		}
		answer(w, r)
	})
	mux.HandleFunc("POST /wake", func(w http.ResponseWriter, _ *http.Request) {
		s.Wake()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /answer", func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPost))
		if err == nil {
			b, err = s.Answer(r.Context(), b)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(b) //nolint:errcheck // the reader went away
	})
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) {
		out := http.NewResponseController(w)
		w.WriteHeader(http.StatusOK)
		out.Flush() //nolint:errcheck // the first event tells
		err := s.Watch(r.Context(), func(e collector.ProbeEvent) {
			if json.NewEncoder(w).Encode(e) == nil {
				out.Flush() //nolint:errcheck // the reader went away; Watch ends with its context
			}
		})
		if err != nil && r.Context().Err() == nil {
			json.NewEncoder(w).Encode(map[string]string{"error": err.Error()}) //nolint:errcheck // as above
		}
	})
	return mux
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v) //nolint:errcheck // the reader went away
}

func client(path string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
	}}
}

const (
	maxAnswer = 32 << 20
	maxPost   = 1 << 20
)

func call(ctx context.Context, path, method, what string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://agent/"+what, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := client(path).Do(req)
	if err != nil {
		switch {
		case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
			return nil, fmt.Errorf("ask the daemon: needs root: %w", err)
		case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, io.EOF):
			return nil, ErrNoDaemon
		}
		return nil, fmt.Errorf("ask the daemon: %w", err)
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		b, _ := io.ReadAll(io.LimitReader(resp.Body, 4096)) //nolint:errcheck // an empty reason is one too
		return nil, fmt.Errorf("ask the daemon: %s", string(b))
	}
	return resp, nil
}

// Get asks the daemon at path for "live" or "runtime".
func Get[T any](ctx context.Context, path, what string) (*T, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	resp, err := call(ctx, path, http.MethodGet, what, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return decode[T](resp.Body)
}

func decode[T any](r io.Reader) (*T, error) {
	var v T
	if err := json.NewDecoder(io.LimitReader(r, maxAnswer)).Decode(&v); err != nil {
		return nil, fmt.Errorf("read the daemon's answer: %w", err)
	}
	return &v, nil
}

// Post hands the daemon at path something, and gives what it says. The daemon may be busy for some minutes on a bad link.
func Post[T any](ctx context.Context, path, what string, body []byte) (*T, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	resp, err := call(ctx, path, http.MethodPost, what, body)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return decode[T](resp.Body)
}

// Runtime gives the runtime facts of the daemon at path, or nil and why there are none.
func Runtime(ctx context.Context, path string) (*facts.Runtime, string) {
	r, err := Get[facts.Runtime](ctx, path, "runtime")
	if err != nil {
		return nil, err.Error()
	}
	return r, ""
}

// Wake makes the daemon at path assess and check in now.
func Wake(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	resp, err := call(ctx, path, http.MethodPost, "wake", nil)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// Watch calls f for every event of the daemon at path until ctx ends.
func Watch(ctx context.Context, path string, f func(collector.ProbeEvent)) error {
	resp, err := call(ctx, path, http.MethodGet, "events", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct {
			collector.ProbeEvent
			Error string `json:"error"`
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("read event: %w", err)
		}
		if e.Error != "" {
			return errors.New(e.Error)
		}
		f(e.ProbeEvent)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return lines.Err()
}
