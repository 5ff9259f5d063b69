package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"html/template"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/seal"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Deps is what the pages stand on. Store and Access are required; Now nil is time.Now, Log nil the default logger.
type Deps struct {
	Store  *store.Store
	Access *access.Service
	// Catalogue is the consent loop over the same store; nil makes one.
	Catalogue *catalogue.Service
	Address   string // https:// address of the pages, as links name it; "": links are paths
	Log       *slog.Logger
	Now       func() time.Time
	// Enroller makes tokens for hosts, which call Agents (host:port); nil: the pages make none.
	Enroller *enrol.Enroller
	Agents   string
	// Seal keeps secrets of webhooks unreadable in the store; nil: the pages add none. PrivateWebhooks allows private networks.
	Seal            *seal.Key
	PrivateWebhooks bool
}

type server struct {
	access    *access.Service
	catalogue *catalogue.Service
	desk      *desk.Desk
	store     *store.Store
	address   string
	log       *slog.Logger
	now       func() time.Time
	locales   map[string]*locale
	templates map[string]map[string]*template.Template
	assets    assets
	texts     *controlTexts
	enroller  *enrol.Enroller
	agents    string
	seal      *seal.Key
	private   bool
}

// Handler serves the pages and their assets at the root of the web address. The caller serves it over TLS: the
// session cookie is Secure.
func Handler(d Deps) (http.Handler, error) {
	s, err := newServer(d)
	if err != nil {
		return nil, err
	}
	return s.handler(), nil
}

func newServer(d Deps) (*server, error) {
	s := &server{access: d.Access, catalogue: d.Catalogue, desk: desk.New(d.Store, d.Now), store: d.Store, address: d.Address, log: d.Log, now: d.Now,
		enroller: d.Enroller, agents: d.Agents, seal: d.Seal, private: d.PrivateWebhooks}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	var err error
	if s.catalogue == nil {
		if s.catalogue, err = catalogue.New(d.Store, d.Now); err != nil {
			return nil, err
		}
	}
	if s.locales, err = loadLocales(); err != nil {
		return nil, err
	}
	if s.texts, err = newControlTexts(d.Store); err != nil {
		return nil, err
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if s.templates, err = loadTemplates(s.locales, s.assets); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /assets/{name}", s.assets)
	for _, rt := range s.routes() {
		mux.Handle(rt.pattern, s.handle(rt))
	}
	mux.HandleFunc("/", s.notFound)
	return Secure(mux, s.log)
}

// route is one page or form. An empty action is open to everyone who is signed in; open, to everyone.
type route struct {
	pattern string
	action  access.Action
	open    bool
	handler func(*request) error
}

func (s *server) routes() []route {
	return []route{
		{"GET /{$}", "", true, s.home},
		{"GET /sign-in", "", true, s.signInPage},
		{"POST /sign-in", "", true, s.signIn},
		{"GET /sign-in/link", "", true, s.linkPage},
		{"POST /sign-in/link", "", true, s.signInByLink},
		{"POST /sign-in/second", "", true, s.signInSecond},
		{"POST /sign-in/passkey", "", true, s.beginPasskeySignIn},
		{"POST /sign-in/passkey/finish", "", true, s.signInByPasskey},
		{"GET /sign-in/oidc", "", true, s.beginOIDC},
		{"GET " + access.CallbackPath, "", true, s.finishOIDC},
		{"POST /language", "", true, s.language},
		{"POST /sign-out", "", false, s.signOut},
		{"GET /account", "", false, s.account},
		{"POST /account/sessions/{id}/end", "", false, s.endSession},
		{"POST /account/sessions/end-others", "", false, s.endOtherSessions},
		{"POST /account/password", "", false, s.changePassword},
		{"POST /account/totp", "", false, s.beginTOTP},
		{"POST /account/totp/confirm", "", false, s.confirmTOTP},
		{"POST /account/totp/off", "", false, s.endTOTP},
		{"POST /account/recovery", "", false, s.newRecovery},
		{"POST /account/passkeys/begin", "", false, s.beginPasskey},
		{"POST /account/passkeys", "", false, s.addPasskey},
		{"POST /account/passkeys/{id}/drop", "", false, s.dropPasskey},
		{"GET /people", access.PeopleManage, false, s.people},
		{"POST /people", access.PeopleManage, false, s.addPerson},
		{"POST /people/{id}/{change}", access.PeopleManage, false, s.changePerson},
		{"POST /account/tokens", access.TokensManage, false, s.newToken},
		{"POST /account/tokens/{id}/revoke", access.TokensManage, false, s.revokeToken},

		{"GET /search", access.NeedsRead, false, s.search},
		{"GET /work", access.FindingsReview, false, s.work},
		{"GET /recipients", access.HostsRead, false, s.recipients},
		{"GET /recipients/{id}", access.HostsRead, false, s.recipient},
		{"GET /recipients/{id}/report", access.HostsRead, false, s.report},
		{"POST /recipients/{id}/targets", access.TargetsSet, false, s.setTargets},
		{"GET /heat", access.HostsRead, false, s.heat},
		{"GET /profiles", access.HostsRead, false, s.profiles},
		{"GET /mend", access.FindingsRead, false, s.mend},
		{"GET /hosts", access.HostsRead, false, s.hosts},
		{"GET /hosts/{id}", access.HostsRead, false, s.host},
		{"POST /hosts/{id}/reports", access.FindingsEvidence, false, s.importReport},
		{"GET /reports/{id}", access.HostsRead, false, s.toolReport},
		{"GET /install", access.HostsEnrol, false, s.install},
		{"POST /install", access.HostsEnrol, false, s.newHostToken},
		{"POST /install/{id}/revoke", access.HostsEnrol, false, s.revokeHostToken},
		{"GET /webhooks", access.WebhooksManage, false, s.webhooks},
		{"POST /webhooks", access.WebhooksManage, false, s.addWebhook},
		{"POST /webhooks/{id}/drop", access.WebhooksManage, false, s.dropWebhook},
		{"GET /leaves", access.HostsRead, false, s.leaves},
		{"GET /findings", access.FindingsRead, false, s.findings},
		{"GET /findings/{id}", access.FindingsRead, false, s.finding},
		{"POST /findings/{id}/decision", access.FindingsReview, false, s.decide},
		{"POST /findings/{id}/comment", access.FindingsReview, false, s.comment},
		{"POST /findings/{id}/assign", access.FindingsReview, false, s.assign},
		{"POST /findings/decisions", access.FindingsReview, false, s.decideMany},
		{"POST /findings/filters", access.FindingsRead, false, s.saveFilter},
		{"POST /findings/filters/drop", access.FindingsRead, false, s.dropFilter},
		{"POST /findings/{id}/files", access.FindingsEvidence, false, s.attach},
		{"GET /files/{id}", access.FindingsRead, false, s.file},
		{"POST /files/{id}/remove", access.FindingsEvidence, false, s.removeFile},
		{"GET /gaps", access.GapsRead, false, s.gaps},
		{"GET /needs", access.NeedsRead, false, s.needs},
		{"GET /needs/{id}", access.NeedsRead, false, s.needPage},
		{"POST /needs/{id}/draft", access.NeedsPropose, false, s.draft},
		{"POST /needs/{id}/{change}", access.NeedsPropose, false, s.reshape},
		{"GET /stated/new", access.NeedsPropose, false, s.stateForm},
		{"POST /stated", access.NeedsPropose, false, s.state},
		{"POST /recipients/{id}/stated/{need}/close", access.NeedsPropose, false, s.closeStated},
		{"GET /projects", access.NeedsRead, false, s.jointProjects},
		{"GET /projects/start", access.NeedsPropose, false, s.startProject},
		{"POST /projects/start", access.NeedsPropose, false, s.beginProject},
		{"POST /projects/join", access.NeedsPropose, false, s.joinProject},
		{"GET /projects/{id}", access.NeedsRead, false, s.jointProject},
		{"POST /projects/{id}/{change}", access.NeedsPropose, false, s.changeProject},
		{"GET /projects/new", access.NeedsPropose, false, s.project},
		{"POST /projects", access.NeedsPropose, false, s.draftProject},
		{"POST /recipients/{id}/profile", access.NeedsPropose, false, s.putProfile},
		{"GET /trend", access.GapsRead, false, s.trend},
		{"GET /past", access.NeedsRead, false, s.past},
		{"GET /stability", access.NeedsRead, false, s.stability},
		{"GET /reads", access.NeedsRead, false, s.reads},
		{"GET /effects", access.EffectRead, false, s.effects},
		{"GET /effects/{id}", access.EffectRead, false, s.effect},
		{"GET /board", access.QueueRead, false, s.board},
		{"GET /catalogue/best", access.EntriesRead, false, s.best},
		{"GET /releases", access.NeedsRead, false, s.releases},
		{"GET /releases/{id}", access.NeedsRead, false, s.release},
		{"GET /releases/{id}/edit", access.NeedsPropose, false, s.editRelease},
		{"POST /releases/{id}/edit", access.NeedsPropose, false, s.changeRelease},
		{"GET /releases/{id}/print", access.NeedsRead, false, s.printRelease},
		{"POST /releases/{id}/approve", access.NeedsApprove, false, s.approve},
		{"POST /releases/{id}/withdraw", access.NeedsWithdraw, false, s.withdraw},
		{"POST /pledges/{id}/commission", access.NeedsCommission, false, s.commission},
		{"GET /catalogue", access.EntriesRead, false, s.entries},
		{"GET /joint/{ref}", access.EntriesRead, false, s.joint},
		{"GET /catalogue/{ref}/print", access.EntriesRead, false, s.printEntry},
		{"GET /catalogue/{ref}", access.EntriesRead, false, s.entry},
		{"POST /catalogue/{ref}/pledge", access.EntriesPledge, false, s.pledge},
		{"POST /pledges/{id}/step", access.EntriesDeliver, false, s.pledgeStep},
		{"GET /queue", access.QueueRead, false, s.queue},
		{"POST /queue/freeze", access.QueueRead, false, s.freeze},
		{"GET /audit", access.AuditRead, false, s.audit},
	}
}

// Patterns lists the pages and what they send, as net/http writes patterns: a test holds them against the API.
func Patterns() (out []string) {
	for _, rt := range (&server{}).routes() {
		out = append(out, rt.pattern)
	}
	return out
}

// request is one reader's visit: who, in which language, and ways to answer.
type request struct {
	*http.Request
	w     http.ResponseWriter
	s     *server
	actor access.Actor
	loc   *locale
	now   time.Time
}

// Errors by which a handler says what the reader gets.
var (
	errForbidden = errors.New("forbidden")
	errSignIn    = errors.New("sign in first")
)

// handle finds out who asks and in which language, lets only those in who may, and turns errors into pages.
func (s *server) handle(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := &request{Request: r, w: w, s: s, now: s.now(), loc: s.locales[readerLanguage(r)]}
		err := q.identify(r.Context())
		if err == nil {
			err = q.enter(rt)
		}
		if err == nil {
			err = rt.handler(q)
		}
		if err != nil {
			q.fail(err)
		}
	})
}

func (q *request) enter(rt route) error {
	switch {
	case rt.open:
		return nil
	case q.actor.UserID == "":
		return errSignIn
	case rt.action != "" && !access.May(q.actor, rt.action):
		return errForbidden
	}
	return nil
}

// identify looks the session cookie up; none is a visitor.
func (q *request) identify(ctx context.Context) error {
	c, err := q.Cookie(sessionCookie)
	if err != nil {
		return nil //nolint:nilerr // no cookie is no error
	}
	q.actor, err = q.s.access.Session(ctx, c.Value)
	if errors.Is(err, access.ErrUnauthenticated) {
		return nil
	}
	return err
}

func (q *request) fail(err error) {
	switch {
	case errors.Is(err, errSignIn):
		if q.Method != http.MethodGet {
			q.redirect("/sign-in")
			return
		}
		q.redirect("/sign-in?next=" + url.QueryEscape(q.URL.RequestURI()))
	case notThere(err):
		q.message(http.StatusNotFound, "error.not_found")
	case errors.Is(err, errForbidden), errors.Is(err, desk.ErrForbidden), errors.Is(err, catalogue.ErrForbidden):
		q.message(http.StatusForbidden, "error.forbidden")
	case tooLarge(err):
		q.message(http.StatusRequestEntityTooLarge, "error.too_large")
	case q.Context().Err() != nil: // the reader went away
	default:
		q.s.log.Error("serve page", "path", q.URL.Path, "err", err)
		q.message(http.StatusInternalServerError, "error.internal")
	}
}

// notThere also holds for what the reader may not know of.
func notThere(err error) bool { return errors.Is(err, store.ErrNotFound) }

func tooLarge(err error) bool {
	var e *http.MaxBytesError
	return errors.As(err, &e)
}

// message shows a page with one sentence.
func (q *request) message(status int, key string) {
	q.s.render(q.w, q.Request, status, "message", q.page(q.loc.text(key+".title"), q.loc.text(key)))
}

func (s *server) notFound(w http.ResponseWriter, r *http.Request) {
	s.handle(route{open: true, handler: func(*request) error { return store.ErrNotFound }}).ServeHTTP(w, r)
}

// page fills in what every page shows.
func (q *request) page(title string, data any) page {
	p := page{Lang: q.loc.lang, Title: title, Path: q.URL.RequestURI(), Actor: q.actor, SignedIn: q.actor.UserID != "",
		Nav: q.nav(), Now: q.now, Data: data,
		MaySearch: access.May(q.actor, access.NeedsRead)}
	if q.Method != http.MethodGet {
		p.Path = "/"
	}
	if key := q.URL.Query().Get("done"); key != "" && q.loc.has("done."+key) {
		p.Note, p.NoteOK = "done."+key, true
	}
	if key := q.URL.Query().Get("refused"); key != "" && q.loc.has("refused."+key) {
		p.Note = "refused." + key
	}
	return p
}

// show renders a page with status 200.
func (q *request) show(name, title string, data any) error {
	q.s.render(q.w, q.Request, http.StatusOK, name, q.page(title, data))
	return nil
}

// redirect sends the reader on with a GET; to is always one of our own paths.
func (q *request) redirect(to string) { http.Redirect(q.w, q.Request, to, http.StatusSeeOther) }

// done sends the reader back to a page with a message of what was done.
func (q *request) done(to, key string) error { q.redirect(withQuery(to, "done", key)); return nil }

// refused sends the reader back to a page with a message of why it was not done.
func (q *request) refused(to, key string) error {
	q.redirect(withQuery(to, "refused", key))
	return nil
}

func withQuery(to, name, value string) string {
	sep := "?"
	if strings.Contains(to, "?") {
		sep = "&"
	}
	return to + sep + name + "=" + url.QueryEscape(value)
}

// places are the pages of the menu, in reading order.
var places = []struct {
	href   string
	action access.Action
}{
	{"/work", access.FindingsReview},
	{"/mend", access.FindingsRead},
	{"/recipients", access.HostsRead},
	{"/hosts", access.HostsRead},
	{"/findings", access.FindingsRead},
	{"/gaps", access.GapsRead},
	{"/needs", access.NeedsRead},
	{"/releases", access.NeedsRead},
	{"/effects", access.EffectRead},
	{"/queue", access.QueueRead},
	{"/board", access.QueueRead},
	{"/catalogue", access.EntriesRead},
	{"/audit", access.AuditRead},
	{"/people", access.PeopleManage},
}

func (q *request) nav() []navItem {
	var out []navItem
	for _, p := range places {
		if p.href == "/mend" && !access.HasRole(q.actor, access.RecipientAdmin) {
			continue
		}
		if access.May(q.actor, p.action) {
			key := "nav." + strings.TrimPrefix(p.href, "/")
			if ids, all := access.Recipients(q.actor, p.action); p.href == "/recipients" && !all && len(ids) == 1 {
				key = "nav.recipient"
			}
			out = append(out, navItem{Href: p.href, Key: key,
				Current: q.URL.Path == p.href || strings.HasPrefix(q.URL.Path, p.href+"/")})
		}
	}
	return out
}

// home sends everyone to the first page of their menu.
func (s *server) home(q *request) error {
	if q.actor.UserID == "" {
		q.redirect("/sign-in")
		return nil
	}
	if nav := q.nav(); len(nav) > 0 {
		q.redirect(homeOf(q.actor, nav))
		return nil
	}
	q.redirect("/account")
	return nil
}

// homeOf picks where a person's work begins: an assessor's at the work queue, else the first place of the menu.
func homeOf(a access.Actor, nav []navItem) string {
	switch {
	case access.HasRole(a, access.RecipientAdmin):
		return "/mend"
	case access.HasRole(a, access.Assessor):
		return "/work"
	case access.HasRole(a, access.RecipientApprover):
		return "/releases"
	}
	return nav[0].Href
}
