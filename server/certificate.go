package server

import (
	"crypto/tls"
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"
)

// fileCertificate serves a certificate from files and reads them anew when the certificate's file changes, so that
// a renewal needs no restart.
type fileCertificate struct {
	certificate, key string

	mu      sync.Mutex
	loaded  *tls.Certificate
	changed time.Time
}

func (f *fileCertificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.certificate)
	if err == nil && f.loaded != nil && info.ModTime().Equal(f.changed) {
		return f.loaded, nil
	}
	if err == nil {
		var c tls.Certificate
		if c, err = tls.LoadX509KeyPair(f.certificate, f.key); err == nil {
			f.loaded, f.changed = &c, info.ModTime()
			return f.loaded, nil
		}
	}
	if f.loaded != nil { // half-written renewal: the old one still holds
		return f.loaded, nil
	}
	return nil, fmt.Errorf("web.certificate: %w", err)
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
