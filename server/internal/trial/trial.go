package trial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vymir-project/vymir/server"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/listing"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Options say how to run. Agent and Out are needed.
type Options struct {
	Agent string    // path of the vymir-agent program
	Once  bool      // stop after the first full round
	State string    // folder of everything; "": ./var
	Web   string    // host:port; "": 127.0.0.1:8443
	QUIC  string    // host:port; "": 127.0.0.1:7443
	Lang  string    // uk or en
	Out   io.Writer // progress and results
}

// roundTimeout bounds the first full round; the first assessment of a large host may take minutes.
const roundTimeout = 20 * time.Minute

// The trial's recipient, its site, and who looks at them.
const (
	recipientID = "r-trial"
	siteID      = "s-trial"
	login       = "admin"
	by          = "cli:trial"
)

// trial is one run.
type trial struct {
	Options
	say     sayer
	server  *server.Server
	running server.Running
	agent   *agent
	started time.Time
}

// Run runs the trial until the first round is done (Once) or ctx ends.
func Run(ctx context.Context, o Options) error {
	t := &trial{Options: o, say: sayer{o.Lang, o.Out}, started: time.Now()}
	if err := t.places(); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served, err := t.serve(ctx)
	if err != nil {
		return err
	}
	err = t.round(ctx)
	if err == nil && !o.Once {
		t.say.line("up")
		select {
		case <-ctx.Done():
		case err = <-t.agent.died():
		}
	}
	interrupted := ctx.Err() != nil
	err = errors.Join(err, t.agent.stop())
	stop()
	err = errors.Join(err, <-served, t.server.Close())
	if interrupted && errors.Is(err, context.Canceled) {
		return nil // the person at the keyboard ended it
	}
	return err
}

// places fills in where everything is, and makes the state folder.
func (t *trial) places() error {
	t.State, t.Web, t.QUIC = or(t.State, "./var"), or(t.Web, "127.0.0.1:8443"), or(t.QUIC, "127.0.0.1:7443")
	var err error
	if t.State, err = filepath.Abs(t.State); err != nil {
		return err
	}
	if err := os.MkdirAll(t.State, 0o700); err != nil {
		return fmt.Errorf("make state folder: %w", err)
	}
	if t.Agent, err = filepath.Abs(t.Agent); err != nil {
		return err
	}
	if _, err := os.Stat(t.Agent); err != nil {
		return fmt.Errorf("find the agent program: %w (build it with make build)", err)
	}
	t.agent = newAgent(t.Agent, filepath.Join(t.State, "agent"))
	return nil
}

func or(v, otherwise string) string {
	if v == "" {
		return otherwise
	}
	return v
}

// serve starts the server in this process; the channel gets one value when it has stopped.
func (t *trial) serve(ctx context.Context) (<-chan error, error) {
	t.say.step("serve")
	c := server.Config{State: filepath.Join(t.State, "server"), Agents: server.Agents{Listen: t.QUIC}, Web: server.Web{Listen: t.Web}}
	if err := c.Check(); err != nil {
		return nil, err
	}
	file := filepath.Join(t.State, "server.yaml")
	if err := writeConfig(file, c); err != nil {
		return nil, err
	}
	logFile, err := os.OpenFile(filepath.Join(t.State, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	if t.server, err = server.Open(ctx, c, c.Logger(logFile)); err != nil {
		logFile.Close()
		return nil, err
	}
	ready, served := make(chan server.Running, 1), make(chan error, 1)
	go func() {
		err := t.server.Serve(ctx, func(r server.Running) { ready <- r })
		served <- errors.Join(err, logFile.Close())
	}()
	select {
	case t.running = <-ready:
	case err := <-served:
		return nil, errors.Join(err, t.server.Close())
	}
	t.say.done("served", t.running.Agents, "https://"+t.running.Web)
	return served, nil
}

func writeConfig(name string, c server.Config) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return errors.Join(c.Write(f), f.Close())
}

// round goes once from enrolment to needs, and shows them.
func (t *trial) round(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, roundTimeout)
	defer cancel()
	if err := t.people(ctx); err != nil {
		return err
	}
	host, err := t.enrol(ctx)
	if err != nil {
		return err
	}
	before, err := t.host(ctx, host)
	if err != nil {
		return err
	}
	t.say.step("assess")
	if os.Geteuid() != 0 {
		t.say.line("unprivileged")
	}
	if err := t.agent.start(); err != nil {
		return err
	}
	if err := t.agent.wake(ctx); err != nil {
		return err
	}
	after, err := t.arrived(ctx, host, before.LastSequence)
	if err != nil {
		return err
	}
	t.say.done("assessed", after.Summary.Pass, after.Summary.Fail, after.Summary.Unmeasured, after.Summary.CoveragePercent)
	s, err := t.summarize(ctx, after)
	if err != nil {
		return err
	}
	t.show(s)
	return t.signIn(ctx, s)
}

// people makes the recipient, its site and its administrator, where they are missing.
func (t *trial) people(ctx context.Context) error {
	t.say.step("recipient")
	_, err := t.server.AddRecipient(ctx, store.Recipient{ID: recipientID, NameUK: "Випробувальний отримувач", NameEN: "Trial recipient", SizeBand: "1-49"}, by)
	if err == nil {
		_, err = t.server.AddSite(ctx, store.Site{ID: siteID, RecipientID: recipientID, NameUK: "Ця машина", NameEN: "This machine"}, by)
	}
	if err == nil {
		_, err = t.server.Access.CreateUser(ctx, by, access.NewUser{Login: login, Name: "Адміністратор", Grants: []access.Grant{
			{Role: access.RecipientAdmin, Recipient: recipientID}, {Role: access.Assessor, Recipient: recipientID},
		}})
	}
	if err != nil && !errors.Is(err, store.ErrExists) {
		return err
	}
	t.say.done("recipient.done", recipientID, siteID)
	return nil
}

// enrol gives this machine an identity, unless it has one that the server knows, and returns the host's id.
func (t *trial) enrol(ctx context.Context) (string, error) {
	t.say.step("enrol")
	if err := t.agent.configure(); err != nil {
		return "", err
	}
	st, err := t.agent.status(ctx)
	if err != nil {
		return "", err
	}
	if id := st.Enrolment.HostID; id != "" {
		if h, err := t.host(ctx, id); err == nil && h.Revoked.IsZero() {
			t.say.done("enrolled.before", id)
			return id, nil
		}
		if err := os.Rename(t.agent.dir, t.agent.dir+".former-"+t.started.UTC().Format("20060102T150405Z")); err != nil {
			return "", fmt.Errorf("put the former identity aside: %w", err)
		}
		if err := t.agent.configure(); err != nil {
			return "", err
		}
	}
	text, _, err := t.server.Enroller.CreateToken(ctx, enrol.NewToken{
		Recipient: recipientID, Site: siteID, Server: t.running.Agents, TTL: 10 * time.Minute, By: by,
	})
	if err != nil {
		return "", err
	}
	if err := t.agent.enrol(ctx, t.running.Agents, text); err != nil {
		return "", err
	}
	if st, err = t.agent.status(ctx); err != nil {
		return "", err
	}
	if st.Enrolment.HostID == "" {
		return "", errors.New("the agent enrolled and does not know its host id")
	}
	t.say.done("enrolled", st.Enrolment.HostID)
	return st.Enrolment.HostID, nil
}

func (t *trial) host(ctx context.Context, id string) (h store.Host, err error) {
	err = t.server.Store.View(ctx, func(tx *store.Tx) error { h, err = tx.Host(id); return err })
	return h, err
}

// arrived waits until an item with a higher sequence than before is stored.
func (t *trial) arrived(ctx context.Context, id string, before uint64) (store.Host, error) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		h, err := t.host(ctx, id)
		if err != nil {
			return h, err
		}
		if h.LastSequence > before && !h.Measured.IsZero() {
			return h, nil
		}
		select {
		case <-ctx.Done():
			return h, fmt.Errorf("wait for the assessment: %w; the agent's log is %s", ctx.Err(), t.agent.log)
		case err := <-t.agent.died():
			return h, fmt.Errorf("wait for the assessment: the agent ended: %w\n%s", err, tail(t.agent.log))
		case <-tick.C:
		}
	}
}

// signIn prints where to look, with a link that works once.
func (t *trial) signIn(ctx context.Context, s *Summary) error {
	var user store.User
	err := t.server.Store.View(ctx, func(tx *store.Tx) (err error) { user, err = tx.UserByLogin(login); return err })
	if err != nil {
		return fmt.Errorf("find user %s: %w", login, err)
	}
	link, err := t.server.SignInLink(ctx, user.ID, by, time.Hour)
	if err != nil {
		return err
	}
	t.say.line("web", s.Web, link)
	t.say.line("approve")
	t.say.line("files", filepath.Join(t.State, "summary.json"), filepath.Join(t.State, "server.yaml"), time.Since(t.started).Seconds())
	return nil
}

// tail gives the last lines of a log, for a person who asks why.
func tail(name string) string {
	b, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}

// open counts what the list command would show as open.
func (t *trial) findings(ctx context.Context, host string) (out listing.Findings, err error) {
	err = t.server.Store.View(ctx, func(tx *store.Tx) error {
		out, err = listing.ReadFindings(tx, t.server.Book, store.FindingFilter{Host: host, State: "open"}, t.Lang)
		return err
	})
	return out, err
}
