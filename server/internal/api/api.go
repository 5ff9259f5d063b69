// Package api is everything the pages do, as REST under /api/v1, described by OpenAPI 3.1 at /api/v1/openapi.json. The
// description is generated from the types of this package, so it cannot drift from what is served.
//
// A caller shows a bearer secret: an API token (scoped, expiring) or a session from POST /api/v1/sessions. A browser's
// session cookie works as well, with requests from other origins refused. Errors are RFC 9457 problems. Lists are
// paged by an opaque cursor. Rights are package access's: what a caller may not see is 404, what they may see and not
// do is 403.
package api

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/foreign"
	"github.com/vymir-project/vymir/server/internal/hook"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/seal"
	"github.com/vymir-project/vymir/server/internal/search"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Prefix is where the API stands.
const Prefix = "/api/v1"

// Limits of what a caller may send.
const (
	maxBody  = 64 << 10
	maxQuery = 2 << 10
)

// SessionCookie is the pages' cookie, which works here too.
const SessionCookie = "__Host-vymir"

// Deps is what the API stands on. Store and Access are required; Catalogue nil makes one over the store, Now nil is
// time.Now, Log nil the default logger. Version is the server's.
type Deps struct {
	Store     *store.Store
	Access    *access.Service
	Catalogue *catalogue.Service
	Log       *slog.Logger
	Now       func() time.Time
	Version   string
	// Seal keeps answers to idempotent requests and secrets of webhooks unreadable in the store; nil: a key of its own.
	Seal *seal.Key
	// PrivateWebhooks allows webhooks to addresses of private networks.
	PrivateWebhooks bool
	// Enroller makes tokens for hosts, which call Agents (host:port); nil: the API makes none.
	Enroller *enrol.Enroller
	Agents   string
}

type service struct {
	access    *access.Service
	catalogue *catalogue.Service
	desk      *desk.Desk
	store     *store.Store
	seal      *seal.Key
	private   bool
	log       *slog.Logger
	now       func() time.Time
	enroller  *enrol.Enroller
	agents    string
	changes   chan struct{} // one for each conditional change that is worked on
}

// Handler serves the API below [Prefix].
func Handler(d Deps) (http.Handler, error) {
	h, _, err := build(d)
	return h, err
}

func build(d Deps) (http.Handler, huma.API, error) {
	s := &service{access: d.Access, catalogue: d.Catalogue, desk: desk.New(d.Store, d.Now), store: d.Store, seal: d.Seal, private: d.PrivateWebhooks,
		log: d.Log, now: d.Now, changes: make(chan struct{}, changesAtOnce), enroller: d.Enroller, agents: d.Agents}
	if s.seal == nil {
		b := make([]byte, 32)
		rand.Read(b) //nolint:errcheck // never fails since Go 1.24
		var err error
		if s.seal, err = seal.New(b); err != nil {
			return nil, nil, err
		}
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.catalogue == nil {
		var err error
		if s.catalogue, err = catalogue.New(d.Store, d.Now); err != nil {
			return nil, nil, err
		}
	}
	mux := http.NewServeMux()
	api := humago.New(mux, config(d.Version))
	api.UseMiddleware(s.identify(api))
	s.people(api)
	s.factors(api)
	s.administer(api)
	s.measured(api)
	s.search(api)
	s.standing(api)
	s.enrolment(api)
	s.evidence(api)
	s.reports(api)
	s.consent(api)
	s.projects(api)
	s.donors(api)
	push, err := PushDocument()
	if err != nil {
		return nil, nil, err
	}
	mux.HandleFunc("GET "+Prefix+"/push.openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		w.Write(push) //nolint:errcheck // the caller went away
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		problem(w, http.StatusNotFound, "there is nothing at this address, or not by this method")
	})
	return s.secure(mux, readable(api)), api, nil
}

func config(version string) huma.Config {
	c := huma.DefaultConfig("Vymir", version)
	c.Info.Description = "Findings, gaps and needs of recipients, and the consent loop from an approved text to a measured effect. " +
		"Times are UTC, RFC 3339. Amounts are EUR without VAT."
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = Prefix+"/openapi", "", ""
	c.CreateHooks = nil // no $schema in answers
	c.RejectUnknownQueryParameters = true
	c.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "An API token (vyt_...) or a session (vys_...)."},
		"cookie": {Type: "apiKey", In: "cookie", Name: SessionCookie, Description: "The session of a signed-in browser."},
	}
	return c
}

// secure wraps the API with what holds for every answer.
func (s *service) secure(next http.Handler, readable [][]string) http.Handler {
	guarded := http.NewCrossOriginProtection().Handler(s.idempotent(s.matched(readable, conditional(next))))
	return speak(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if len(r.URL.RawQuery) > maxQuery {
			problem(w, http.StatusRequestURITooLong, "the address has more than "+itoa(maxQuery)+" bytes after the question mark")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit(r))
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // compared as net/http does
					panic(p)
				}
				s.log.Error("api panicked", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				problem(w, http.StatusInternalServerError, "the server failed; it has been recorded")
			}
		}()
		guarded.ServeHTTP(w, r)
	}))
}

// bodyLimit is how much a request may carry: files may be larger than the rest.
func bodyLimit(r *http.Request) int64 {
	switch {
	case r.Method != http.MethodPost:
	case strings.HasPrefix(r.URL.Path, Prefix+"/findings/") && strings.HasSuffix(r.URL.Path, "/attachments"):
		return desk.MaxAttachment + 1
	case strings.HasPrefix(r.URL.Path, Prefix+"/hosts/") && strings.HasSuffix(r.URL.Path, "/reports"):
		return foreign.MaxBytes + 1
	}
	return maxBody
}

// actionKey is where an operation keeps the action it needs; openKey marks one that needs nobody signed in.
const (
	actionKey = "action"
	openKey   = "open"
)

type actorKey struct{}

// identify finds out who calls and refuses those who may not call the operation on anything at all.
func (s *service) identify(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		meta := ctx.Operation().Metadata
		if meta[openKey] == true {
			next(ctx)
			return
		}
		a, err := s.caller(ctx)
		if errors.Is(err, access.ErrUnauthenticated) {
			ctx.SetHeader("WWW-Authenticate", "Bearer")
			huma.WriteErr(api, ctx, http.StatusUnauthorized, "sign in, or show a token that holds") //nolint:errcheck // the caller went away
			return
		}
		if err != nil {
			s.log.Error("identify caller", "err", err)
			huma.WriteErr(api, ctx, http.StatusInternalServerError, "the server could not look up who calls") //nolint:errcheck // as above
			return
		}
		if action, ok := meta[actionKey].(access.Action); ok && !access.May(a, action) {
			huma.WriteErr(api, ctx, http.StatusForbidden, "this needs the right "+string(action)) //nolint:errcheck // as above
			return
		}
		next(huma.WithValue(ctx, actorKey{}, a))
	}
}

func (s *service) caller(ctx huma.Context) (access.Actor, error) {
	if h := ctx.Header("Authorization"); h != "" {
		secret, ok := strings.CutPrefix(h, "Bearer ")
		if !ok {
			return access.Actor{}, access.ErrUnauthenticated
		}
		return s.access.Bearer(ctx.Context(), strings.TrimSpace(secret))
	}
	c, err := huma.ReadCookie(ctx, SessionCookie)
	if err != nil {
		return access.Actor{}, access.ErrUnauthenticated
	}
	return s.access.Session(ctx.Context(), c.Value)
}

func actor(ctx context.Context) access.Actor {
	a, _ := ctx.Value(actorKey{}).(access.Actor)
	return a
}

var maxKey = 200

// op describes an operation that needs an action; "" is open to everyone who is signed in.
func op(method, path, id string, action access.Action, summary string) huma.Operation {
	o := huma.Operation{Method: method, Path: Prefix + path, OperationID: id, Summary: summary, MaxBodyBytes: maxBody,
		Tags: []string{strings.SplitN(strings.TrimPrefix(path, "/"), "/", 2)[0]}, Metadata: map[string]any{},
		Security: []map[string][]string{{"bearer": {}}, {"cookie": {}}}, Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusRequestURITooLong}}
	if method != http.MethodGet {
		o.Errors = append(o.Errors, http.StatusBadRequest, http.StatusConflict, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests,
			http.StatusServiceUnavailable)
		o.Parameters = append(o.Parameters, &huma.Param{Name: "Idempotency-Key", In: "header", Description: "remembered for 24 hours: the same request again gets the first answer",
			Schema: &huma.Schema{Type: "string", MaxLength: &maxKey}},
			&huma.Param{Name: "If-Match", In: "header", Description: "an ETag: changes only while the nearest thing that GET answers, this path or above it, still has it; else 412",
				Schema: &huma.Schema{Type: "string"}})
	}
	if action != "" {
		o.Metadata[actionKey] = action
		o.Description = "Needs the right `" + string(action) + "`."
	}
	return o
}

// fail turns an error into a problem. What is not the caller's to know is logged and hidden.
func (s *service) fail(err error) error {
	var screened *catalogue.ScreenError
	var limit *access.LimitError
	var second *access.SecondStepError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return huma.Error404NotFound("there is no such thing, or it is not yours to see")
	case errors.Is(err, desk.ErrForbidden), errors.Is(err, catalogue.ErrForbidden), errors.Is(err, catalogue.ErrMember),
		errors.Is(err, access.ErrStale), errors.Is(err, access.ErrSession), errors.Is(err, access.ErrPerson):
		return huma.Error403Forbidden(err.Error())
	case errors.Is(err, catalogue.ErrState), errors.Is(err, catalogue.ErrChanged), errors.Is(err, catalogue.ErrSame), errors.Is(err, catalogue.ErrOverlap),
		errors.Is(err, review.ErrClosed), errors.Is(err, catalogue.ErrNothing), errors.Is(err, store.ErrExists), errors.Is(err, access.ErrUnavailable), errors.Is(err, desk.ErrWebhooks):
		return huma.Error409Conflict(err.Error())
	case errors.As(err, &screened):
		return huma.Error422UnprocessableEntity(err.Error())
	case errors.As(err, &limit):
		return huma.ErrorWithHeaders(huma.Error429TooManyRequests(limit.Error()), http.Header{"Retry-After": {itoa(int(limit.After/time.Second) + 1)}})
	case errors.As(err, &second):
		return huma.Error401Unauthorized("a second step is needed: send code as well, a one-time code or a recovery code; accounts with passkeys alone sign in on the pages")
	case errors.Is(err, access.ErrSignIn):
		return huma.Error401Unauthorized(err.Error())
	}
	for _, known := range []error{catalogue.ErrUntil, catalogue.ErrLevel, catalogue.ErrAudience, catalogue.ErrNeeds, catalogue.ErrEmbargo,
		catalogue.ErrLinkable, catalogue.ErrQuantity, catalogue.ErrSchedule, catalogue.ErrProject, review.ErrReasonMissing, review.ErrUntilMissing, review.ErrUntilRange, review.ErrUnknown,
		desk.ErrText, access.ErrInvalid, access.ErrCode, access.ErrWeakPassword, access.ErrOldPassword,
		desk.ErrFile, desk.ErrBulk, desk.ErrFilter, desk.ErrTarget, desk.ErrAssignee, search.ErrText, enrol.ErrWish, hook.ErrURL, hook.ErrPrivate,
		foreign.ErrFormat, foreign.ErrTooMany} {
		if errors.Is(err, known) {
			return huma.Error422UnprocessableEntity(err.Error())
		}
	}
	s.log.Error("serve api", "err", err)
	return huma.Error500InternalServerError("the server failed; it has been recorded")
}
