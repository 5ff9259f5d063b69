package demo

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	randv2 "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vymir-project/vymir/server"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Options say how large the demo is and where it lives. Out is needed.
type Options struct {
	State      string    // folder of everything; "": ./demo
	Web        string    // host:port; "": 127.0.0.1:8443
	QUIC       string    // host:port; "": 127.0.0.1:7443
	Seed       uint64    // of the story; equal seeds tell the same one
	Recipients int       // 0: 30, which is also the most
	Hosts      int       // 0: 600
	Weeks      int       // of history; 0: 52, at least 12
	End        time.Time // when history ends; zero: now
	Once       bool      // stop once the history is written
	Lang       string    // uk or en
	Out        io.Writer // progress and results
}

// Schema names the format of demo.json, which is written into the state folder.
const Schema = "vymir.demo/1"

// Summary is what the demo came to. Its figures are equal for equal seeds, sizes and ends of history.
type Summary struct {
	Schema     string         `json:"schema"`
	Web        string         `json:"web"`
	Seed       uint64         `json:"seed"`
	Recipients int            `json:"recipients"`
	Hosts      int            `json:"hosts"`
	Reports    int            `json:"reports"`  // assessments delivered
	Findings   map[string]int `json:"findings"` // by state
	Reopened   int            `json:"reopened"` // findings that failed again
	Waivers    int            `json:"waivers"`  // that hold
	Gaps       int            `json:"gaps"`
	Needs      int            `json:"needs"`
	Releases   map[string]int `json:"releases"` // by state
	Pledges    map[string]int `json:"pledges"`  // by state
	SignIns    []SignIn       `json:"sign_ins"`
	Seconds    float64        `json:"seconds"` // of writing the history
}

const week = 7 * 24 * time.Hour

// demo is one run.
type demo struct {
	Options
	say      sayer
	clock    *clock
	server   *server.Server
	password string
	signIns  []SignIn
	cast     cast
	rng      *randv2.Rand
	controls []control

	recipients []*recipient
	hosts      []*host
	addr       string // hosts report to
	reports    int
	releases   map[string]*shown // by the name the story gives them
	pledges    map[string]string // ids, by the name the story gives them
	joint      string            // the project of several recipients
	code       string            // by which they join it
	asked      map[string]bool   // remedies that somebody asked for
}

// Run writes the history, unless the folder holds a demo already, and serves it until ctx ends (or not at all: Once).
func Run(ctx context.Context, o Options) error {
	d, fresh, err := open(ctx, o)
	if err != nil {
		return err
	}
	if fresh {
		if err := d.begin(ctx); err != nil {
			return errors.Join(err, d.server.Close())
		}
	}
	d.clock.goLive()
	if err := d.show(ctx); err != nil {
		return errors.Join(err, d.server.Close())
	}
	if !d.Once {
		err = d.server.Serve(ctx, func(r server.Running) { d.say.line("up", "https://"+r.Web, r.Agents) })
	}
	return errors.Join(err, d.server.Close())
}

// begin writes the history of a new demo. Until demo.json stands there the folder is worth nothing, so nothing is kept
// safe from a power cut on the way.
func (d *demo) begin(ctx context.Context) error {
	start := time.Now()
	if err := d.server.Store.Hasten(ctx, true); err != nil {
		return err
	}
	if err := d.history(ctx); err != nil {
		return err
	}
	if err := d.server.Store.Hasten(ctx, false); err != nil {
		return err
	}
	return d.conclude(ctx, time.Since(start))
}

// open makes or finds the state folder and opens its server by the demo's clock.
func open(ctx context.Context, o Options) (d *demo, fresh bool, err error) {
	o.fill()
	if o.Weeks < 12 || o.Recipients < 1 || o.Hosts < 2*o.Recipients || o.Hosts > 10_000 {
		return nil, false, errors.New("the demo needs 12 weeks, a recipient, and 2 to 10,000 hosts for each of them at least")
	}
	d = &demo{
		Options: o, say: sayer{o.Lang, o.Out}, releases: map[string]*shown{}, pledges: map[string]string{}, asked: map[string]bool{},
		rng: randv2.New(randv2.NewPCG(o.Seed, 1)), clock: &clock{at: o.End.Add(-time.Duration(o.Weeks) * week)},
	}
	if d.controls, err = readControls(); err != nil {
		return nil, false, err
	}
	fresh, err = prepare(o.State)
	if err != nil {
		return nil, false, err
	}
	if !fresh {
		d.clock.goLive()
	}
	c := server.Config{State: o.State, Agents: server.Agents{Listen: o.QUIC, Address: o.QUIC}, Web: server.Web{Listen: o.Web}}
	if err := c.Check(); err != nil {
		return nil, false, err
	}
	file, err := os.OpenFile(filepath.Join(o.State, "server.yaml"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, false, fmt.Errorf("write configuration: %w", err)
	}
	if err := errors.Join(c.Write(file), file.Close()); err != nil {
		return nil, false, err
	}
	if d.server, err = server.OpenAt(ctx, c, nil, d.clock.now); err != nil {
		return nil, false, err
	}
	var secret [10]byte
	rand.Read(secret[:])
	d.password = "demo-" + strings.ToLower(base32.StdEncoding.EncodeToString(secret[:]))
	return d, fresh, nil
}

func (o *Options) fill() {
	if o.State == "" {
		o.State = "demo"
	}
	if o.Web == "" {
		o.Web = "127.0.0.1:8443"
	}
	if o.QUIC == "" {
		o.QUIC = "127.0.0.1:7443"
	}
	if o.Recipients == 0 {
		o.Recipients = len(invented)
	}
	if o.Hosts == 0 {
		o.Hosts = 600
	}
	if o.Weeks == 0 {
		o.Weeks = 52
	}
	if o.End.IsZero() {
		o.End = time.Now()
	}
	o.End = o.End.UTC().Truncate(time.Second)
}

// prepare makes the folder. One that holds a finished demo is taken as it is; one that holds anything else is refused:
// fiction must never get between what was measured.
func prepare(dir string) (fresh bool, err error) {
	if _, err := os.Stat(filepath.Join(dir, "demo.json")); err == nil {
		return false, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("look at state folder: %w", err)
	}
	if len(entries) > 0 {
		return false, fmt.Errorf("folder %s is not empty and holds no finished demo: name another one, or remove it", dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, fmt.Errorf("make state folder: %w", err)
	}
	return true, nil
}

// history tells the story, week by week, with hosts served on the loopback interface.
func (d *demo) history(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ready, served := make(chan string, 1), make(chan error, 1)
	go func() { served <- d.server.ServeHosts(ctx, func(a string) { ready <- a }) }()
	select {
	case d.addr = <-ready:
	case err := <-served:
		return err
	}
	err := d.year(ctx)
	stop()
	return errors.Join(err, <-served)
}

// conclude counts what the history came to and writes demo.json, which marks the folder as finished.
func (d *demo) conclude(ctx context.Context, took time.Duration) error {
	d.clock.set(d.End)
	s := Summary{
		Schema: Schema, Web: d.server.Config.Web.Address, Seed: d.Seed, Recipients: len(d.recipients), Hosts: len(d.hosts), Reports: d.reports,
		Findings: map[string]int{}, Releases: map[string]int{}, Pledges: map[string]int{}, SignIns: d.signIns, Seconds: took.Seconds(),
	}
	run, gaps, err := d.server.Needs.Run(ctx, "")
	if err != nil {
		return fmt.Errorf("derive needs: %w", err)
	}
	s.Gaps, s.Needs = len(gaps), len(run.Needs)
	err = d.server.Store.View(ctx, func(tx *store.Tx) error {
		found, err := tx.Findings(store.FindingFilter{})
		if err != nil {
			return err
		}
		for _, f := range found {
			s.Findings[string(f.State)]++
			if f.Reopens > 0 {
				s.Reopened++
			}
			if f.Waived(d.End) {
				s.Waivers++
			}
		}
		releases, err := tx.Releases("", "")
		if err != nil {
			return err
		}
		for _, r := range releases {
			s.Releases[r.State]++
		}
		pledges, err := tx.Pledges(store.PledgeFilter{})
		for _, p := range pledges {
			s.Pledges[p.State]++
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("count: %w", err)
	}
	return write(d.State, &s)
}

func write(dir string, s *Summary) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "demo.json"), append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

// ReadSummary reads what a finished demo in a folder came to.
func ReadSummary(dir string) (s Summary, err error) {
	b, err := os.ReadFile(filepath.Join(dir, "demo.json"))
	if err != nil {
		return s, fmt.Errorf("read summary: %w", err)
	}
	return s, json.Unmarshal(b, &s)
}

// show makes a fresh link for everybody who can sign in and prints all of it.
func (d *demo) show(ctx context.Context) error {
	s, err := ReadSummary(d.State)
	if err != nil {
		return err
	}
	s.Web = d.server.Config.Web.Address
	for i := range s.SignIns {
		var u store.User
		if err := d.server.Store.View(ctx, func(tx *store.Tx) (err error) { u, err = tx.UserByLogin(s.SignIns[i].Login); return err }); err != nil {
			return fmt.Errorf("find user %s: %w", s.SignIns[i].Login, err)
		}
		if s.SignIns[i].Link, err = d.server.SignInLink(ctx, u.ID, by, access.MaxLinkLife); err != nil {
			return err
		}
	}
	if err := write(d.State, &s); err != nil {
		return err
	}
	d.say.summary(&s)
	return nil
}
