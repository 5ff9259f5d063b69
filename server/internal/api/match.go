package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// changesAtOnce bounds how many conditional changes are worked on: each holds a connection to the database for its lock.
const changesAtOnce = 4

// tagOf is the entity tag of an answer.
func tagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}

// readable lists the paths that GET answers, as the document writes them, each cut into segments.
func readable(api huma.API) (out [][]string) {
	for path, item := range api.OpenAPI().Paths {
		if item.Get != nil {
			out = append(out, strings.Split(path, "/"))
		}
	}
	return out
}

// tagged is the path whose tag a change of path is conditional on: the nearest that GET answers, itself or above it.
func tagged(readable [][]string, path string) string {
	for have := strings.Split(path, "/"); len(have) > len(strings.Split(Prefix, "/")); have = have[:len(have)-1] {
		for _, want := range readable {
			fits := len(want) == len(have)
			for i := 0; fits && i < len(want); i++ {
				fits = want[i] == have[i] || strings.HasPrefix(want[i], "{")
			}
			if fits {
				return strings.Join(have, "/")
			}
		}
	}
	return ""
}

// matched lets a change with If-Match through only while what it changes is as the caller read it, and answers 412
// otherwise. Two such changes of one thing follow each other, over all server processes, so that of two who read the same
// one is refused.
func (s *service) matched(readable [][]string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tags := strings.Join(r.Header.Values("If-Match"), ", ")
		if tags == "" || r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		path := tagged(readable, r.URL.Path)
		if path == "" {
			problem(w, http.StatusPreconditionFailed, "nothing here has a tag: leave If-Match out")
			return
		}
		select {
		case s.changes <- struct{}{}:
			defer func() { <-s.changes }()
		case <-r.Context().Done():
			problem(w, http.StatusServiceUnavailable, "too many conditional changes at once: try again")
			return
		}
		release, err := s.store.Exclusive(r.Context(), path)
		if err != nil {
			s.log.Error("lock for a conditional change", "err", err)
			problem(w, http.StatusServiceUnavailable, "too many conditional changes at once: try again")
			return
		}
		defer release()
		get := r.Clone(r.Context())
		get.Method, get.Body, get.ContentLength = http.MethodGet, http.NoBody, 0
		get.URL.Path, get.URL.RawPath, get.URL.RawQuery = path, "", ""
		get.Header.Del("Content-Type")
		rec := &recorder{head: http.Header{}}
		next.ServeHTTP(rec, get)
		// Who may not read it is told so, or that it is not there, by the change itself.
		if rec.status == http.StatusOK && !holds(tags, tagOf(rec.body.Bytes()), true) {
			w.Header().Set("ETag", tagOf(rec.body.Bytes()))
			problem(w, http.StatusPreconditionFailed, "it was changed since you read it: read it again")
			return
		}
		next.ServeHTTP(w, r)
	})
}
