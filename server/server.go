package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/controls"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/ingest"
	"github.com/vymir-project/vymir/server/internal/judge"
	"github.com/vymir-project/vymir/server/internal/seal"
	"github.com/vymir-project/vymir/server/internal/store"
)

// drain is how long calls that are being answered may take once the server stops.
const drain = 20 * time.Second

// Server is everything the server consists of, over one store. It is closed by [Server.Close].
type Server struct {
	Config   Config
	Store    *store.Store
	CA       *enrol.CA
	Enroller *enrol.Enroller
	Access   *access.Service
	Book     *controls.Book
	Needs    *catalogue.Service // gaps, needs and what became of them
	Seal     *seal.Key          // of small secrets in the store

	web     webCounts
	revoked *enrol.Revocations
	log     *slog.Logger
	now     func() time.Time
}

// OpenStore opens the database that c names, without migrating it.
func OpenStore(ctx context.Context, c Config) (*store.Store, error) {
	if err := private(c.State); err != nil {
		return nil, err
	}
	return store.Open(ctx, c.Database)
}

// Open wires the server over a checked configuration: store, migrations, CA, built-in controls, enrolment, people.
// Nothing listens yet. log nil is silent.
func Open(ctx context.Context, c Config, log *slog.Logger) (*Server, error) {
	return OpenAt(ctx, c, log, time.Now)
}

// OpenAt is [Open] by another clock than the machine's: everything the server writes down and judges goes by now, which
// may be called at once from any goroutine. The demo writes a year of history by one that stands in the past.
func OpenAt(ctx context.Context, c Config, log *slog.Logger, now func() time.Time) (*Server, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Server{Config: c, log: log, now: now, Book: &controls.Book{}}
	// Open the store and bring its schema up to date.
	var err error
	if s.Store, err = OpenStore(ctx, c); err != nil {
		return nil, err
	}
	if err := s.wire(ctx); err != nil {
		s.Store.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) wire(ctx context.Context) error {
	applied, err := s.Store.Migrate(ctx, s.now())
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	for _, m := range applied {
		s.log.Info("migration applied", "version", m.Version, "name", m.Name)
	}
	// Open the CA, or make one.
	if s.CA, err = s.Config.OpenCA(s.now()); err != nil {
		return err
	}
	// Take results of the controls that this program carries.
	if err := s.Store.Tx(ctx, func(tx *store.Tx) error {
		return controls.Accept(tx, policies.BuiltIn(), nil, "server", s.now())
	}); err != nil {
		return err
	}
	if s.Seal, err = seal.Open(filepath.Join(s.Config.State, "ca", "seal.key")); err != nil {
		return err
	}
	// Let hosts in.
	s.revoked = enrol.NewRevocations(s.Store, s.now)
	s.Enroller = enrol.New(s.Store, s.CA, s.revoked, s.now)
	// Let people in.
	if s.Access, err = s.people(); err != nil {
		return err
	}
	// Derive gaps and needs.
	s.Needs, err = catalogue.New(s.Store, s.now)
	return err
}

// people makes the service that signs people in.
func (s *Server) people() (*access.Service, error) {
	o := access.Options{Now: s.now, Seal: s.Seal, Origin: s.Config.Web.Address}
	if c := s.Config.OIDC; c.Issuer != "" {
		secret := ""
		if c.SecretFile != "" {
			var err error
			if secret, err = readSecret(c.SecretFile); err != nil {
				return nil, fmt.Errorf("oidc.client_secret_file: %w", err)
			}
		}
		o.OIDC = &access.OIDC{Issuer: c.Issuer, ClientID: c.ClientID, ClientSecret: secret, Name: c.Name, ByEmail: c.ByEmail,
			Redirect: s.Config.Web.Address + access.CallbackPath}
	}
	return access.Open(s.Store, o)
}

// readSecret reads a secret from a file that is not for everybody; white space around it does not count.
func readSecret(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o007 != 0 {
		return "", fmt.Errorf("everybody can read %s: make it mode 0640 or stricter", name)
	}
	b, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(b))
	if secret == "" {
		return "", fmt.Errorf("%s is empty", name)
	}
	return secret, nil
}

// Close closes the store.
func (s *Server) Close() error { return s.Store.Close() }

// private makes the state folder, or refuses one that others can write to.
func private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make state folder: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("look at state folder: %w", err)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("state folder %s can be written by others (mode %04o): make it 0750 or stricter", dir, info.Mode().Perm())
	}
	return nil
}

// Running is a server that answers.
type Running struct {
	Agents string // host:port hosts are answered on
	Web    string // host:port people are answered on; "": none
	Stats  *ingest.Stats
}

// Serve answers hosts and people until ctx ends, lets what is being answered finish, and returns. ready, if not nil,
// is called once everything listens.
func (s *Server) Serve(ctx context.Context, ready func(Running)) error {
	release, err := lockState(s.Config.State, false)
	if err != nil {
		return err
	}
	defer release()
	leave, err := s.Store.Serving(ctx)
	if err != nil {
		return err
	}
	defer leave()
	// Hosts.
	agents, err := s.listenAgents()
	if err != nil {
		return err
	}
	// People.
	traces, err := startTracing(ctx, "1.0")
	if err != nil {
		return errors.Join(err, agents.Shutdown(ctx))
	}
	people, err := s.listenWeb(traces)
	if err != nil {
		return errors.Join(err, agents.Shutdown(ctx), traces.stop(ctx))
	}
	// Prometheus.
	meter, err := s.listenMetrics(agents.Stats)
	if err != nil {
		return errors.Join(err, agents.Shutdown(ctx), people.shutdown(ctx))
	}
	done, running := make(chan error, 4), 3
	go func() { done <- agents.Serve() }()
	go func() { done <- people.serve() }()
	if meter != nil {
		running++
		go func() { done <- meter.serve() }()
	}
	// The calendar.
	work, stop := context.WithCancel(ctx)
	go func() { done <- s.sweep(work) }()
	s.log.Info("serving", "agents", agents.Addr(), "web", people.addr, "engine", s.Store.Engine())
	if ready != nil {
		ready(Running{Agents: agents.Addr(), Web: people.addr, Stats: agents.Stats})
	}
	select {
	case <-ctx.Done():
	case err = <-done:
		running--
	}
	stop()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err = errors.Join(err, agents.Shutdown(last), people.shutdown(last), traces.stop(last))
	if meter != nil {
		err = errors.Join(err, meter.shutdown(last))
	}
	for range running {
		err = errors.Join(err, <-done)
	}
	s.log.Info("stopped")
	return err
}

func (s *Server) listenAgents() (*ingest.Server, error) {
	host, _, err := net.SplitHostPort(s.Config.Agents.Address)
	if err != nil {
		return nil, fmt.Errorf("agents.address: %w", err)
	}
	return ingest.Listen(ingest.Options{
		Addr: s.Config.Agents.Listen, Names: []string{host}, Store: s.Store, CA: s.CA, Enroller: s.Enroller, Revoked: s.revoked,
		Book: s.Book, Judge: judge.New(), Seal: s.Seal, Limits: ingest.Limits{Concurrent: s.Config.Agents.CheckIns}, Log: s.log, Now: s.now,
	})
}

// ServeHosts answers hosts and nobody else until ctx ends, and leaves the calendar to the caller; ready is called with
// the address once it listens.
func (s *Server) ServeHosts(ctx context.Context, ready func(addr string)) error {
	release, err := lockState(s.Config.State, false)
	if err != nil {
		return err
	}
	defer release()
	leave, err := s.Store.Serving(ctx)
	if err != nil {
		return err
	}
	defer leave()
	agents, err := s.listenAgents()
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- agents.Serve() }()
	ready(agents.Addr())
	select {
	case <-ctx.Done():
	case err := <-done:
		return err
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	return errors.Join(agents.Shutdown(last), <-done)
}

// Importer takes the sealed export files of hosts that have no line.
func (s *Server) Importer() *ingest.Importer {
	return ingest.NewImporter(s.Store, s.CA, s.Book, judge.New())
}
