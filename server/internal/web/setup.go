package web

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/hook"
	"github.com/vymir-project/vymir/server/internal/store"
)

type installData struct {
	Recipients []installRecipient
	Ready      bool   // this server makes tokens
	Server     string // host:port that hosts are to call
	Made       *madeToken
}

type installRecipient struct {
	ID, Name string
	Sites    []option
	Tokens   []tokenLine
}

type tokenLine struct {
	store.Token
	Site  string
	State string // open, used, expired or revoked
}

// madeToken is shown once, after it was made.
type madeToken struct {
	Text    string
	Uses    int
	Expires time.Time
	Shell   string // commands to paste on the host
	Check   string // and what to look at afterwards
}

func (s *server) install(q *request) error { return q.showInstall(nil) }

func (q *request) showInstall(made *madeToken) error {
	d := installData{Ready: q.s.enroller != nil, Server: q.s.agents, Made: made}
	list, err := q.s.desk.Recipients(q.Context(), q.actor, access.HostsEnrol)
	if err != nil {
		return err
	}
	for _, r := range list {
		v := installRecipient{ID: r.ID, Name: r.Name(q.loc.lang)}
		tokens, err := q.s.desk.Tokens(q.Context(), q.actor, r.ID)
		if err != nil {
			return err
		}
		sites := map[string]string{}
		err = q.s.store.View(q.Context(), func(tx *store.Tx) error {
			list, err := tx.Sites(r.ID)
			for _, w := range list {
				sites[w.ID] = w.Name(q.loc.lang)
				v.Sites = append(v.Sites, option{w.ID, w.Name(q.loc.lang), false})
			}
			return err
		})
		if err != nil {
			return err
		}
		for _, t := range tokens[:min(len(tokens), pageSize)] {
			v.Tokens = append(v.Tokens, tokenLine{t, sites[t.SiteID], tokenState(t, q.now)})
		}
		d.Recipients = append(d.Recipients, v)
	}
	slices.SortStableFunc(d.Recipients, func(x, y installRecipient) int { return cmp.Compare(x.Name, y.Name) })
	return q.show("install", q.loc.text("install.title"), d)
}

func tokenState(t store.Token, now time.Time) string {
	switch {
	case !t.Revoked.IsZero():
		return "revoked"
	case t.Uses >= t.UsesMax:
		return "used"
	case !t.Expires.After(now):
		return "expired"
	}
	return "open"
}

// tokenHours are how long a token may be wished to hold.
var tokenHours = []int{1, 24, 7 * 24, 30 * 24}

func (s *server) newHostToken(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	if s.enroller == nil {
		return q.refused("/install", "no_enrolment")
	}
	uses, uerr := strconv.Atoi(q.PostForm.Get("uses"))
	hours, herr := strconv.Atoi(q.PostForm.Get("hours"))
	if uerr != nil || herr != nil || uses < 1 || !slices.Contains(tokenHours, hours) {
		return q.refused("/install", "host_token")
	}
	text, kept, err := s.desk.NewToken(q.Context(), q.actor, s.enroller, enrol.NewToken{Recipient: q.PostForm.Get("recipient"), Site: q.PostForm.Get("site"),
		Uses: uses, TTL: time.Duration(hours) * time.Hour, Server: s.agents})
	if errors.Is(err, enrol.ErrWish) {
		return q.refused("/install", "host_token")
	}
	if err != nil {
		return err
	}
	return q.showInstall(&madeToken{text, kept.UsesMax, kept.Expires, installShell(s.agents, text, q.loc.lang), "vymir-agent status\nvymir-agent assess --lang " + q.loc.lang})
}

// installShell are the commands that put the agent on a host. The token goes through a file that only root reads, and never
// through an argument that every process list shows.
func installShell(server, token, lang string) string {
	return strings.Join([]string{
		"umask 077", "cat > token <<'VYMIR'", token, "VYMIR",
		"sh install.sh --binary ./vymir-agent --server " + server + " --token-file token --lang " + lang, "rm -f token",
	}, "\n")
}

func (s *server) revokeHostToken(q *request) error {
	if err := s.desk.RevokeToken(q.Context(), q.actor, q.PathValue("id")); err != nil {
		return err
	}
	return q.done("/install", "host_token_revoked")
}

type webhooksData struct {
	Recipients []webhooksOf
	Secret     string // of one just made; shown once
	Events     []string
}

type webhooksOf struct {
	ID, Name string
	Hooks    []store.Webhook
}

// webhookEvents are what a webhook is told of, as Standard Webhooks types.
var webhookEvents = []string{"finding.opened", "finding.closed", "finding.reopened", "finding.moot", "finding.waiver_ended", "finding.decided", "finding.assigned", "finding.comment"}

func (s *server) webhooks(q *request) error { return q.showWebhooks("") }

func (q *request) showWebhooks(secret string) error {
	d := webhooksData{Secret: secret, Events: webhookEvents}
	list, err := q.s.desk.Recipients(q.Context(), q.actor, access.WebhooksManage)
	if err != nil {
		return err
	}
	for _, r := range list {
		hooks, err := q.s.desk.Webhooks(q.Context(), q.actor, r.ID)
		if err != nil {
			return err
		}
		d.Recipients = append(d.Recipients, webhooksOf{r.ID, r.Name(q.loc.lang), hooks})
	}
	slices.SortStableFunc(d.Recipients, func(x, y webhooksOf) int { return cmp.Compare(x.Name, y.Name) })
	return q.show("webhooks", q.loc.text("webhooks.title"), d)
}

func (s *server) addWebhook(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	if s.seal == nil {
		return q.refused("/webhooks", "webhook_off")
	}
	_, secret, err := s.desk.AddWebhook(q.Context(), q.actor, s.seal, q.PostForm.Get("recipient"), strings.TrimSpace(q.PostForm.Get("url")), s.private)
	switch {
	case errors.Is(err, hook.ErrURL), errors.Is(err, hook.ErrPrivate):
		return q.refused("/webhooks", "webhook")
	case errors.Is(err, desk.ErrWebhooks):
		return q.refused("/webhooks", "webhooks_many")
	case err != nil:
		return err
	}
	return q.showWebhooks(secret)
}

func (s *server) dropWebhook(q *request) error {
	if err := s.desk.DropWebhook(q.Context(), q.actor, q.PathValue("id")); err != nil {
		return err
	}
	return q.done("/webhooks", "webhook_dropped")
}
