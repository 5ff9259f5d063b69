package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/net/netutil"

	"github.com/vymir-project/vymir/server/internal/api"
	"github.com/vymir-project/vymir/server/internal/store"
	"github.com/vymir-project/vymir/server/internal/web"
)

// maxWebConnections bounds people's connections of one process.
const maxWebConnections = 1024

// people is the HTTPS listener for the pages and the API.
type people struct {
	addr string
	l    net.Listener
	http *http.Server
}

func (s *Server) listenWeb(traces *tracing) (*people, error) {
	certificate, err := s.webCertificate()
	if err != nil {
		return nil, err
	}
	pages, err := s.pages()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", s.Config.Web.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for the web on %s: %w", s.Config.Web.Listen, err)
	}
	return &people{
		addr: l.Addr().String(), l: netutil.LimitListener(l, maxWebConnections),
		http: &http.Server{
			Handler: s.web.wrap(traces.wrap(pages)), MaxHeaderBytes: 64 << 10, ErrorLog: log.New(io.Discard, "", 0),
			ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute,
			TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate},
		},
	}, nil
}

// webCertificate gives the configured certificate, read anew when its file changes, or one by the server's own CA.
func (s *Server) webCertificate() (func(*tls.ClientHelloInfo) (*tls.Certificate, error), error) {
	c := s.Config.Web
	if c.Certificate == "" {
		host, _, err := net.SplitHostPort(c.Listen)
		if err != nil {
			return nil, err
		}
		names := []string{"localhost", "127.0.0.1", "::1"}
		if u := hostOf(c.Address); u != "" {
			names = append(names, u)
		}
		if host != "" {
			names = append(names, host)
		}
		return func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.CA.Server(s.now(), names...) }, nil
	}
	if info, err := os.Stat(c.Key); err != nil {
		return nil, fmt.Errorf("web.key: %w", err)
	} else if info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("web.key: everybody can read %s: make it mode 0640 or stricter", c.Key)
	}
	f := &fileCertificate{certificate: c.Certificate, key: c.Key}
	if _, err := f.get(nil); err != nil {
		return nil, err
	}
	return f.get, nil
}

// serve answers until shutdown, and then returns nil.
func (p *people) serve() error {
	if err := p.http.ServeTLS(p.l, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the web: %w", err)
	}
	return nil
}

func (p *people) shutdown(ctx context.Context) error {
	if err := p.http.Shutdown(ctx); err != nil {
		p.http.Close()
		return fmt.Errorf("drain people's requests: %w", err)
	}
	return nil
}

// pages puts together what the web address answers.
func (s *Server) pages() (http.Handler, error) {
	pages, err := web.Handler(web.Deps{Store: s.Store, Access: s.Access, Catalogue: s.Needs, Address: s.Config.Web.Address, Log: s.log, Now: s.now,
		Enroller: s.Enroller, Agents: s.Config.Agents.Address, Seal: s.Seal, PrivateWebhooks: s.Config.Webhooks.Private})
	if err != nil {
		return nil, fmt.Errorf("make pages: %w", err)
	}
	rest, err := api.Handler(api.Deps{Store: s.Store, Access: s.Access, Log: s.log, Now: s.now, Catalogue: s.Needs, Version: "1.0",
		Seal: s.Seal, PrivateWebhooks: s.Config.Webhooks.Private, Enroller: s.Enroller, Agents: s.Config.Agents.Address})
	if err != nil {
		return nil, fmt.Errorf("make api: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.health)
	mux.Handle(api.Prefix+"/", rest)
	mux.Handle("/", pages)
	return mux, nil
}

// health answers load balancers: 200 when the store answers, else 503.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := s.Store.View(ctx, func(tx *store.Tx) error { _, err := tx.Hosts("", "", 1); return err }); err != nil {
		s.log.Error("health", "err", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "store does not answer\n") //nolint:errcheck // nobody to tell
		return
	}
	io.WriteString(w, "ok\n") //nolint:errcheck // nobody to tell
}
