package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vymir-project/vymir/agent/internal/control"
	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/internal/memory"
	"github.com/vymir-project/vymir/agent/internal/schedule"
	"github.com/vymir-project/vymir/agent/internal/service"
	"github.com/vymir-project/vymir/agent/internal/spool"
	"github.com/vymir-project/vymir/agent/internal/uplink"
	"github.com/vymir-project/vymir/collector"
	"github.com/vymir-project/vymir/collector/facts"
)

// Daemon runs rounds until it is told to stop. Make one with [NewDaemon]; call Run or Once, once.
type Daemon struct {
	config  Config
	version string
	log     *slog.Logger
	measure func(context.Context) (*Measurement, error) // the measuring child

	outbox  *spool.Spool
	probes  *collector.Probes
	why     string // there are no probes
	up      *uplink.Uplink
	held    *Measurement // could not be put into the outbox; tried again
	rnd     *rand.Rand
	wake    chan struct{}
	answers chan answerCall
	step    atomic.Int64 // when the loop last did something, Unix seconds

	started         bool // nothing was sent since the start
	failures        int
	retryAfter      time.Duration
	wished          time.Duration // interval the server wished
	measureWished   bool
	tryFetched      bool       // an artefact came and waits to be tried
	tell            bool       // the server asked to measure: the next assessment goes even when it says nothing new, and at once
	mu              sync.Mutex // guards what live reads
	live            control.Live
	problems        map[string]string
	assess, checkIn *time.Timer
}

// NewDaemon makes a daemon. measure runs one measuring, usually in a child: see [MeasureInChild].
func NewDaemon(c Config, version string, log *slog.Logger, measure func(context.Context) (*Measurement, error)) *Daemon {
	return &Daemon{
		config: c, version: version, log: log, measure: measure, started: true,
		rnd: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), wake: make(chan struct{}, 1), answers: make(chan answerCall),
		problems: map[string]string{}, live: control.Live{PID: os.Getpid(), StartedAt: time.Now().UTC()},
	}
}

// Run is the daemon's life. It returns nil when ctx ends, and an error only if it could not begin: later failures are problems
// that status shows, and are tried again.
func (d *Daemon) Run(ctx context.Context) error {
	if err := d.open(); err != nil {
		return err
	}
	defer d.close()
	d.openProbes()
	err := control.Serve(ctx, d.config.Socket, control.Source{Live: d.Live, Runtime: d.runtime, Watch: d.watch, Wake: d.Wake, Answer: d.Answer})
	d.problem("socket", err)
	d.assess, d.checkIn = time.NewTimer(0), time.NewTimer(time.Hour)
	d.planCheckIn()
	service.Notify("READY=1")
	defer service.Notify("STOPPING=1")
	go d.watchdog(ctx)
	enrolment := time.NewTicker(30 * time.Second)
	defer enrolment.Stop()
	memory.Release()
	for {
		d.step.Store(time.Now().Unix())
		select {
		case <-ctx.Done():
			return nil
		case <-d.assess.C:
			d.round(ctx)
		case <-d.checkIn.C:
			d.send(ctx)
			d.planCheckIn()
		case <-d.wake:
			d.round(ctx)
			d.send(ctx)
			d.planCheckIn()
		case c := <-d.answers:
			d.takeAnswer(c)
		case <-enrolment.C:
			d.noticeEnrolment()
			continue
		}
		memory.Release()
	}
}

// Once runs one round and one check-in, and says what failed. A host that is not enrolled keeps the result in its outbox.
func (d *Daemon) Once(ctx context.Context) error {
	if err := d.open(); err != nil {
		return err
	}
	defer d.close()
	if err := d.measureAndKeep(ctx); err != nil {
		return err
	}
	return d.deliver(ctx)
}

func (d *Daemon) open() error {
	if err := os.MkdirAll(d.config.StateDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make state directory: %w", err)
	}
	outbox, err := spool.Open(d.config.OutboxDir(), spool.Options{MaxBytes: d.config.Outbox.MaxBytes, MaxItems: d.config.Outbox.MaxItems})
	if err != nil {
		return err
	}
	d.outbox = outbox
	return nil
}

func (d *Daemon) close() {
	if d.probes != nil {
		if err := d.probes.Close(); err != nil {
			d.log.Warn("close probes", "err", err)
		}
	}
	d.outbox.Close() //nolint:errcheck // nothing is written by closing
}

func (d *Daemon) openProbes() {
	if d.config.Probes.Disable {
		d.why = "probes are disabled in the configuration"
		return
	}
	p, err := collector.OpenProbes(collector.ProbeOptions{
		StatePath: filepath.Join(d.config.StateDir, "runtime.state"), Exclude: d.config.Probes.Exclude, MaxEntries: d.config.Probes.MaxEntries,
		Settle: memory.Release,
	})
	if err != nil {
		d.why = err.Error()
		d.problem("probes", err)
		return
	}
	d.probes = p
}

// round measures, puts the result into the outbox, and plans the next one. Urgent results are sent at once.
func (d *Daemon) round(ctx context.Context) {
	err := d.measureAndKeep(ctx)
	d.problem("assessment", err)
	wait := schedule.Assess(d.rnd, time.Duration(d.config.AssessInterval), true)
	if err != nil {
		wait = min(wait, 10*time.Minute)
	}
	d.assess.Reset(wait)
	d.mu.Lock()
	d.live.NextAssessment = time.Now().Add(wait).UTC()
	d.mu.Unlock()
	if d.urgent() || d.never() {
		d.planCheckIn()
	}
}

func (d *Daemon) measureAndKeep(ctx context.Context) error {
	m, err := d.measure(ctx)
	if err != nil {
		return fmt.Errorf("assess this host: %w", err)
	}
	d.held = m
	if m.Problem != "" {
		d.problem("policies", errors.New(m.Problem))
	} else {
		d.problem("policies", nil)
	}
	return d.keepHeld()
}

// keepHeld puts the held measurement into the outbox; when the disk is full it stays held and is tried again.
func (d *Daemon) keepHeld() error {
	if d.held == nil {
		return nil
	}
	sequence, urgent, err := keep(d.outbox, d.held, time.Now().UTC(), time.Duration(d.config.UnchangedEvery), d.tell)
	if err != nil {
		return err
	}
	d.tell = false
	d.log.Info("assessed", "sequence", sequence, "urgent", urgent, "pass", d.held.Summary.Pass, "fail", d.held.Summary.Fail,
		"unmeasured", d.held.Summary.Unmeasured)
	d.held = nil
	return nil
}

// send checks in, and learns from how it went.
func (d *Daemon) send(ctx context.Context) {
	if d.held != nil {
		d.problem("assessment", d.keepHeld())
	}
	err := d.deliver(ctx)
	d.started = false
	if errors.Is(err, identity.ErrNone) {
		d.problem("enrolment", err)
		return
	}
	d.problem("enrolment", nil)
	d.problem("check-in", err)
	d.failures++
	if err == nil {
		d.failures = 0
	}
	d.tell = d.measureWished && !d.config.AcceptDirectives.RefuseMeasureNow
	if (d.tell || d.tryFetched) && d.assess != nil {
		d.assess.Reset(0)
	}
}

// deliver does one check-in with the identity as it is now.
func (d *Daemon) deliver(ctx context.Context) error {
	id, err := identity.Load(d.config.StateDir)
	if err != nil {
		return err
	}
	if d.up == nil || !d.up.Serves(id) {
		d.up = uplink.New(uplink.Options{
			StateDir: d.config.StateDir, Identity: id, Outbox: d.outbox, Version: d.version, Protocol: d.config.Protocol(),
			Bundle: func() uint64 { _, revision, _ := bundleRevision(d.config); return revision }, Kinds: artefactKinds(d.config),
			Budget: func() uplink.Budget { return budget(d.config) },
		})
	}
	out, err := d.up.CheckIn(ctx, budget(d.config).Exhausted())
	d.retryAfter, d.measureWished, d.wished = out.RetryAfter, out.MeasureNow, out.Interval
	d.tryFetched = len(out.Fetched) > 0
	d.problem("fetch", out.FetchError)
	d.problem("budget", postponed(out.Postponed))
	for _, r := range out.Refused {
		d.log.Warn("server refused an item", "sequence", r.Sequence, "code", r.Code, "detail", r.Detail, "dropped", r.Permanent)
	}
	if err != nil {
		return err
	}
	d.log.Info("checked in", "delivered", out.Delivered, "protocol", out.Protocol, "sent_bytes", out.Usage.SentBytes, "received_bytes", out.Usage.ReceivedBytes)
	return nil
}

// postponed says what the month's budget is too small for; nil when nothing is.
func postponed(kinds []string) error {
	if len(kinds) == 0 {
		return nil
	}
	return fmt.Errorf("larger than half of what is left of the month's bytes, bring it by stick or another link: %s", strings.Join(kinds, ", "))
}

func (d *Daemon) planCheckIn() {
	interval := time.Duration(d.config.CheckInInterval)
	if wished := schedule.Clamp(d.wished); wished > 0 && !d.config.AcceptDirectives.RefuseInterval {
		interval = wished
	}
	_, err := identity.Load(d.config.StateDir)
	b := budget(d.config)
	interval = stretched(d.config, b, interval)
	wait := schedule.CheckIn{
		// Without an identity nothing is urgent: there is nobody to tell.
		Interval: interval, Started: d.started, Never: d.never(), Urgent: err == nil && d.urgent(), Failures: d.failures,
		RetryAfter: d.retryAfter, OverBudget: b.Exhausted(),
	}.Wait(d.rnd)
	d.checkIn.Reset(wait)
	d.mu.Lock()
	d.live.NextCheckIn = time.Now().Add(wait).UTC()
	d.mu.Unlock()
}

// never reports whether this host has an identity and something to say, and has never checked in.
func (d *Daemon) never() bool {
	if _, err := identity.Load(d.config.StateDir); err != nil {
		return false
	}
	return d.failures == 0 && d.outbox.Stats().Items > 0 && uplink.LoadState(d.config.StateDir).LastCheckIn.IsZero()
}

func (d *Daemon) urgent() bool {
	for _, it := range d.outbox.List() {
		if it.Urgent {
			return true
		}
	}
	return false
}

// noticeEnrolment hurries the first check-in of a host that was enrolled while the daemon ran.
func (d *Daemon) noticeEnrolment() {
	d.mu.Lock()
	_, waits := d.problems["enrolment"]
	d.mu.Unlock()
	if waits && d.never() {
		d.planCheckIn()
	}
}

// Wake makes the daemon assess and check in now.
func (d *Daemon) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *Daemon) runtime() (*facts.Runtime, string) {
	if d.probes == nil {
		return nil, d.why
	}
	return d.probes.Snapshot(time.Now()), ""
}

func (d *Daemon) watch(ctx context.Context, f func(collector.ProbeEvent)) error {
	if d.probes == nil {
		return errors.New(d.why)
	}
	return d.probes.Watch(ctx, f)
}

// problem notes that something does not work, or works again.
func (d *Daemon) problem(what string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	old := d.problems[what]
	if err == nil {
		delete(d.problems, what)
		return
	}
	d.problems[what] = err.Error()
	if old != err.Error() {
		d.log.Warn(what, "err", err)
	}
}

// watchdog tells systemd that the loop lives; a step may take half an hour on a bad link.
func (d *Daemon) watchdog(ctx context.Context) {
	every := service.Watchdog()
	if every == 0 {
		return
	}
	for tick := time.NewTicker(every); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
			if time.Since(time.Unix(d.step.Load(), 0)) < 2*time.Hour {
				service.Notify("WATCHDOG=1")
			}
		}
	}
}
