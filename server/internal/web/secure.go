package web

import (
	"log/slog"
	"net/http"
	"runtime/debug"
)

// Limits of what a reader may send: forms are small, and so are queries; see [bodyLimit] for files.
const (
	maxBody  = 64 << 10
	maxQuery = 2 << 10
)

// contentSecurityPolicy lets in nothing but our own files: no inline script or style, no frame, no other origin.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Secure wraps a handler of people's pages or of the API with what holds for every answer: security headers, limits
// on body and query, protection from other origins, and an answer where a handler panics.
func Secure(next http.Handler, log *slog.Logger) http.Handler {
	guard := http.NewCrossOriginProtection()
	guarded := guard.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		h.Set("Cache-Control", "no-store")
		if len(r.URL.RawQuery) > maxQuery {
			http.Error(w, http.StatusText(http.StatusRequestURITooLong), http.StatusRequestURITooLong)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit(r))
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // compared as net/http does
					panic(p)
				}
				log.Error("page panicked", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			}
		}()
		guarded.ServeHTTP(w, r)
	})
}
