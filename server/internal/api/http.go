package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/vymir-project/vymir/server/internal/store"
)

// KeyLife is how long an idempotency key is remembered.
const KeyLife = 24 * time.Hour

// recorder holds an answer back until it is whole.
type recorder struct {
	head   http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.head }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

func (r *recorder) send(w http.ResponseWriter) {
	for k, v := range r.head {
		w.Header()[k] = v
	}
	if r.status == 0 {
		r.status = http.StatusOK
	}
	w.WriteHeader(r.status)
	w.Write(r.body.Bytes()) //nolint:errcheck // the caller went away
}

// conditional gives every answer to a GET an entity tag, and answers 304 to who has it already.
func conditional(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		rec := &recorder{head: http.Header{}}
		next.ServeHTTP(rec, r)
		if rec.status == http.StatusOK || rec.status == 0 {
			tag := tagOf(rec.body.Bytes())
			w.Header().Set("ETag", tag)
			w.Header().Set("Cache-Control", "private, no-cache") // kept by the caller alone, and asked about each time
			w.Header().Add("Vary", "Authorization, Cookie")
			if holds(r.Header.Get("If-None-Match"), tag, false) {
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		rec.send(w)
	})
}

// holds reports whether an If-Match (strong) or If-None-Match names the tag.
func holds(list, tag string, strong bool) bool {
	for v := range strings.SplitSeq(list, ",") {
		v = strings.TrimSpace(v)
		if !strong {
			v = strings.TrimPrefix(v, "W/")
		}
		if v == tag || v == "*" {
			return true
		}
	}
	return false
}

// kept is an answer as it is stored for a repetition.
type kept struct {
	Type string `json:"type"`
	Body []byte `json:"body"`
}

// idempotent answers a request with an Idempotency-Key once: who sends it again, with the same content, gets the first
// answer. Keys belong to the caller's secret. What was answered is sealed, as it can hold a secret.
func (s *service) idempotent(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("Idempotency-Key")
		if key == "" || r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		scope := callerSecret(r)
		if len(key) > 200 || scope == "" {
			problem(w, http.StatusBadRequest, "an Idempotency-Key has 1 to 200 characters and needs somebody who is signed in")
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			problem(w, http.StatusRequestEntityTooLarge, "the request is larger than is taken")
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		digest := digestOf(r.Method, r.URL.RequestURI(), string(body))
		scope, key = digestOf(scope), digestOf(key)
		var before store.Answered
		taken := false
		err = s.store.Tx(r.Context(), func(tx *store.Tx) (err error) {
			before, taken, err = tx.ReserveKey(scope, key, digest, s.now())
			return err
		})
		switch {
		case err != nil:
			s.log.Error("reserve idempotency key", "err", err)
			problem(w, http.StatusInternalServerError, "the server failed; it has been recorded")
		case taken:
			s.answerOnce(w, r, next, scope, key)
		case before.Digest != digest:
			problem(w, http.StatusUnprocessableEntity, "this Idempotency-Key was used for another request")
		case before.Status == 0:
			problem(w, http.StatusConflict, "the request with this Idempotency-Key is still being answered")
		default:
			s.repeat(w, scope, key, before)
		}
	})
}

// answerOnce answers and keeps the answer; what failed on our side, or was not allowed to begin, can be tried again.
func (s *service) answerOnce(w http.ResponseWriter, r *http.Request, next http.Handler, scope, key string) {
	rec := &recorder{head: http.Header{}, status: 0}
	finished := false
	keep := func() {
		status, answer := rec.status, ""
		if !finished || status >= 500 || status == http.StatusUnauthorized || status == http.StatusTooManyRequests {
			status = 0
		} else if b, err := json.Marshal(kept{rec.head.Get("Content-Type"), rec.body.Bytes()}); err != nil {
			status = 0
		} else {
			answer = s.seal.Seal("answer:"+scope+key, b)
		}
		if err := s.store.Tx(r.Context(), func(tx *store.Tx) error { return tx.AnswerKey(scope, key, status, answer) }); err != nil {
			s.log.Error("keep answer", "err", err)
		}
	}
	defer keep()
	next.ServeHTTP(rec, r)
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	finished = true
	rec.send(w)
}

func (s *service) repeat(w http.ResponseWriter, scope, key string, before store.Answered) {
	var v kept
	b, err := s.seal.Unseal("answer:"+scope+key, before.Answer)
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		s.log.Error("read kept answer", "err", err)
		problem(w, http.StatusConflict, "the answer to this Idempotency-Key cannot be read any more")
		return
	}
	if v.Type != "" {
		w.Header().Set("Content-Type", v.Type)
	}
	w.Header().Set("Idempotency-Replayed", "true")
	w.WriteHeader(before.Status)
	w.Write(v.Body) //nolint:errcheck // the caller went away
}

// callerSecret is what the request shows of who calls.
func callerSecret(r *http.Request) string {
	if h := r.Header.Get("Authorization"); h != "" {
		return h
	}
	if c, err := r.Cookie(SessionCookie); err == nil {
		return "Bearer " + c.Value
	}
	return ""
}

func digestOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		var n [8]byte
		for i := range n {
			n[i] = byte(len(p) >> (8 * i))
		}
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
