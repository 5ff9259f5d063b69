package demo

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	randv2 "math/rand/v2"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
)

// agentVersion is what simulated hosts say they run.
const agentVersion = "1.0.0-demo"

// host is one simulated host with its own dice, so that hosts may report at once and the story stays the same.
type host struct {
	of       *recipient
	site     string
	name, os string
	role     string
	kernel   string
	rng      *randv2.Rand
	withheld bool // its administrator lets no detail out
	silentAt int  // week from which nothing comes any more; 0: never

	controls []*state
	protocol wire.Protocol

	id       string
	key      *ecdsa.PrivateKey
	expires  time.Time // of the certificate
	csr      []byte
	cert     tls.Certificate
	roots    []*x509.Certificate
	sessions tls.ClientSessionCache
	sequence uint64
	base     *vymirv1.Assessment
	reported int // week of the last report
}

// state is one control on one host.
type state struct {
	*control
	status assessment.Status
	reason string
	halves []assessment.Half // that fail
	target assessment.Target
	flips  bool // fails again and again
	kept   bool // mended with help: stays well
}

// kinds of hosts: name, system, role and the families that concern only such a host.
var kinds = []struct {
	name, os, role, kernel string
	families               []string
}{
	{"mail", "debian 12", "server", "6.1.0-31-amd64", []string{"mail", "web"}},
	{"files", "ubuntu 22.04", "server", "5.15.0-125-generic", []string{"services"}},
	{"web", "debian 12", "server", "6.1.0-26-amd64", []string{"web", "crypto"}},
	{"db", "rocky 9", "server", "5.14.0-503.el9.x86_64", []string{"database"}},
	{"apps", "ubuntu 24.04", "server", "6.8.0-49-generic", []string{"containers", "web"}},
	{"backup", "debian 11", "server", "5.10.0-33-amd64", []string{"encryption"}},
	{"ws", "ubuntu 24.04", "workstation", "6.8.0-48-generic", nil},
	{"ws", "debian 12", "workstation", "6.1.0-31-amd64", nil},
	{"ws", "linuxmint 21", "workstation", "5.15.0-124-generic", nil},
	{"router", "openwrt 23.05", "appliance", "5.15.167", []string{"appliance"}},
}

// concerns are the families whose conditional controls concern every host.
var concerns = []string{"ssh", "authentication", "privilege", "boot", "continuity", "filesystem", "firewall", "logging", "network", "updates"}

// newHost invents host number n of a recipient; taste is the recipient's, by control: what one host lacks the others
// lack too.
func newHost(r *recipient, n int, seed uint64, controls []control, taste map[string]float64) *host {
	rng := randv2.New(randv2.NewPCG(seed, uint64(n)<<32|hash(r.id)))
	kind := kinds[(n*3+rng.IntN(2))%len(kinds)]
	h := &host{
		of: r, site: r.sites[min(n*len(r.sites)/max(r.hosts, 1), len(r.sites)-1)], name: fmt.Sprintf("%s-%02d", kind.name, n+1), os: kind.os, role: kind.role,
		kernel: kind.kernel, rng: rng, withheld: rng.Float64() < 0.15, protocol: wire.QUIC,
	}
	if rng.Float64() < 0.12 {
		h.protocol = wire.TCP // UDP is blocked there
	}
	unread := rng.Float64() < 0.1 // runs without root
	for i := range controls {
		c := &controls[i]
		if !slices.Contains(c.Baselines, "essential") && !slices.Contains(c.Baselines, h.role) {
			continue
		}
		s := &state{control: c, status: assessment.Pass}
		p := chance(r, c, taste[c.ID])
		switch {
		case c.Applicability && !slices.Contains(concerns, c.Family) && !slices.Contains(kind.families, c.Family):
			s.status = assessment.NotApplicable
		case unread && slices.Contains(c.Halves, assessment.Live) && rng.Float64() < 0.6, rng.Float64() < 0.03:
			s.status = assessment.Unmeasured
		case rng.Float64() < p:
			h.turn(s, assessment.Fail)
		default:
			h.turn(s, assessment.Pass)
		}
		if r.habit == slipping && taste[c.ID] > 1.7 && s.status != assessment.NotApplicable && c.Severity != assessment.Critical && !rare(c) {
			s.flips = true
		}
		h.controls = append(h.controls, s)
	}
	return h
}

func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range []byte(s) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

// rare reports whether a control fails only where somebody broke in or nearly did: next to never, and not for long.
func rare(c *control) bool {
	if c.Family == "software_origin" || strings.Contains(c.ID, "hidden") {
		return true
	}
	for _, usual := range []string{"plaintext", "anti_malware", "monitoring"} {
		if strings.Contains(c.ID, usual) {
			return false
		}
	}
	return (c.Family == "runtime" || c.Family == "integrity") && c.Severity.Rank() >= assessment.High.Rank()
}

// chance is how likely a control fails at a recipient when its hosts are first seen.
func chance(r *recipient, c *control, taste float64) float64 {
	if rare(c) {
		return 0.003
	}
	p := map[assessment.Severity]float64{assessment.Critical: 0.02, assessment.High: 0.16, assessment.Medium: 0.28, assessment.Low: 0.34, assessment.Info: 0.4}[c.Severity]
	switch {
	case r.habit == waiting && c.ID == "updates.security_pending":
		return 0.9
	case r.habit == waiting && c.ID == "updates.automatic":
		return 0.05
	case r.habit == untouch && (c.Family == "ssh" || c.Family == "kernel") && c.Severity != assessment.Critical:
		return 0.9
	}
	return min(0.95, p*(1.55-r.maturity)*taste)
}

// turn sets a control to pass or fail, with a reason.
func (h *host) turn(s *state, to assessment.Status) {
	s.status, s.halves, s.reason, s.target = to, nil, "", assessment.Target{}
	list := s.pass
	if to == assessment.Fail {
		list = s.fail
		s.halves = s.Halves
		if len(s.Halves) == 2 && h.rng.Float64() < 0.3 {
			s.halves = s.Halves[h.rng.IntN(2):][:1]
		}
	}
	if len(list) > 0 {
		s.reason = list[h.rng.IntN(len(list))]
	}
	if !h.withheld {
		s.target = s.control.target(s.reason, h.rng)
		if to == assessment.Fail && len(s.halves) < len(s.Halves) && s.target.Params != nil {
			s.target.Params["half"] = string(s.halves[0])
		}
	}
}

// live lets some weeks pass: a little is mended, a little breaks.
func (h *host) live(weeks int) {
	for _, s := range h.controls {
		mend, harm := 0.007+0.018*h.of.maturity, 0.0012*(1.5-h.of.maturity)
		if s.Severity == assessment.Critical || s.Severity == assessment.High {
			mend *= 1.6
		}
		if h.of.habit == alone || h.of.habit == untouch {
			mend /= 4
		}
		switch {
		case s.kept, s.status == assessment.NotApplicable, s.status == assessment.Unmeasured:
		case rare(s.control):
			if s.status == assessment.Fail {
				h.turn(s, assessment.Pass) // within days
			} else if h.rng.Float64() < 0.00005*float64(weeks) {
				h.turn(s, assessment.Fail)
			}
		case s.flips:
			if h.rng.Float64() < 0.25 {
				h.turn(s, map[assessment.Status]assessment.Status{assessment.Pass: assessment.Fail, assessment.Fail: assessment.Pass}[s.status])
			}
		case h.of.habit == waiting && s.Family == "updates":
		case s.status == assessment.Fail && h.rng.Float64() < float64(weeks)*mend:
			h.turn(s, assessment.Pass)
		case s.status == assessment.Pass && h.rng.Float64() < float64(weeks)*harm:
			h.turn(s, assessment.Fail)
		}
	}
}

// help is what a delivery does to the controls it mends: each fails no longer on about the given share of hosts.
func (h *host) help(controls []string, share float64) {
	for _, s := range h.controls {
		if slices.Contains(controls, s.ID) && s.status != assessment.NotApplicable && h.rng.Float64() < share {
			h.turn(s, assessment.Pass)
			s.kept, s.flips = true, false
		}
	}
}

// lose takes back what help brought, on about the given share of hosts.
func (h *host) lose(controls []string, share float64) {
	for _, s := range h.controls {
		if slices.Contains(controls, s.ID) && s.kept && h.rng.Float64() < share {
			h.turn(s, assessment.Fail)
			s.kept = false
		}
	}
}

// measure is the host's assessment as its agent would make it.
func (h *host) measure(at time.Time) (*vymirv1.Assessment, error) {
	catalogue := policies.BuiltIn()
	a := &assessment.Assessment{
		Schema: assessment.Schema, MeasuredAt: at, JudgedAt: at, DurationSeconds: 0.4 + h.rng.Float64(),
		Host:   assessment.Host{Name: h.name, OS: h.os, Role: h.role, Kernel: h.kernel},
		Bundle: assessment.BundleRef{Name: catalogue.Name, Revision: catalogue.Revision, Digest: catalogue.Digest},
	}
	for _, b := range catalogue.Baselines {
		if b.Name == "essential" || b.Name == h.role {
			a.Baselines = append(a.Baselines, assessment.BaselineRef{Name: b.Name, Revision: b.Revision})
		}
	}
	for _, s := range h.controls {
		a.Results = append(a.Results, s.result())
	}
	m, err := wire.Encode(a)
	if err != nil {
		return nil, fmt.Errorf("encode assessment: %w", err)
	}
	return m, nil
}

func (s *state) result() assessment.Result {
	r := assessment.Result{Control: s.ID, Number: s.Number, Status: s.status, Verdicts: map[assessment.Half]assessment.Status{}, Target: s.target}
	reason := s.reason
	switch s.status {
	case assessment.NotApplicable:
		reason = "not_applicable"
	case assessment.Unmeasured:
		reason = "unmeasured_family"
		r.Target.Params = map[string]any{"family": strings.Join(s.Facts, ", "), "detail": "permission denied"}
	default:
	}
	for _, half := range s.Halves {
		switch {
		case s.status == assessment.NotApplicable:
		case s.status == assessment.Fail && !slices.Contains(s.halves, half):
			r.Verdicts[half] = assessment.Pass
		default:
			r.Verdicts[half] = s.status
		}
	}
	r.ReasonNumber = s.ReasonNumber(reason)
	return r
}

// enrol makes a key and trades the token for a certificate, as an agent does.
func (h *host) enrol(ctx context.Context, server, token string, pin [32]byte) error {
	var err error
	if h.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	if h.csr, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, h.key); err != nil {
		return fmt.Errorf("make certificate request: %w", err)
	}
	c, err := wire.NewClient(wire.ClientOptions{Server: server, Protocol: h.protocol, Pin: pin})
	if err != nil {
		return fmt.Errorf("make client: %w", err)
	}
	defer c.Close()
	r, err := c.Enrol(ctx, connect.NewRequest(&vymirv1.EnrolRequest{
		Token: token, Csr: h.csr, WireVersion: wire.Version, Host: &vymirv1.HostInfo{Name: h.name, Os: h.os, AgentVersion: agentVersion},
	}))
	if err != nil {
		return fmt.Errorf("enrol %s of %s: %w", h.name, h.of.id, err)
	}
	h.id, h.sessions = r.Msg.HostId, tls.NewLRUClientSessionCache(1)
	for _, der := range r.Msg.Roots {
		root, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("read root: %w", err)
		}
		h.roots = append(h.roots, root)
	}
	return h.take(append([][]byte{r.Msg.Certificate}, r.Msg.Chain...))
}

// take keeps the host's newest certificate.
func (h *host) take(chain [][]byte) error {
	h.cert = tls.Certificate{Certificate: chain, PrivateKey: h.key}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	h.expires = leaf.NotAfter
	return nil
}

// recover gets a new certificate by proof of the key, as a host does that was off for longer than its old one held.
func (h *host) recover(ctx context.Context, server string) error {
	c, err := wire.NewClient(wire.ClientOptions{Server: server, Protocol: h.protocol, Roots: h.roots})
	if err != nil {
		return fmt.Errorf("make client: %w", err)
	}
	defer c.Close()
	r, err := c.Recover(ctx, connect.NewRequest(&vymirv1.RecoverRequest{HostId: h.id, Csr: h.csr}))
	if err != nil {
		return fmt.Errorf("recover %s of %s: %w", h.name, h.of.id, err)
	}
	return h.take(append([][]byte{r.Msg.Certificate}, r.Msg.Chain...))
}

// report delivers what the host measures at a time, as a delta where that is smaller, and renews the certificate when
// the server says so.
func (h *host) report(ctx context.Context, server string, at, now time.Time) error {
	if !now.Before(h.expires) {
		if err := h.recover(ctx, server); err != nil {
			return err
		}
	}
	next, err := h.measure(at)
	if err != nil {
		return err
	}
	it := &vymirv1.Item{Sequence: h.sequence + 1, CreatedMs: at.UnixMilli(), Body: &vymirv1.Item_Assessment{Assessment: next}}
	if d, ok := wire.Diff(h.base, next, h.sequence); ok {
		it.Body = &vymirv1.Item_Delta{Delta: d}
	}
	c, err := wire.NewClient(wire.ClientOptions{Server: server, Protocol: h.protocol, Roots: h.roots, Certificate: &h.cert, Sessions: h.sessions})
	if err != nil {
		return fmt.Errorf("make client: %w", err)
	}
	defer c.Close()
	r, err := c.CheckIn(ctx, connect.NewRequest(&vymirv1.CheckInRequest{
		WireVersion: wire.Version, HostId: h.id, Items: []*vymirv1.Item{it}, NowMs: now.UnixMilli(), AgentVersion: agentVersion,
	}))
	if err != nil {
		return fmt.Errorf("check in of %s of %s: %w", h.name, h.of.id, err)
	}
	if r.Msg.Acknowledged != it.Sequence || len(r.Msg.Refused) > 0 {
		return fmt.Errorf("check in of %s of %s: item %d was not taken: %v", h.name, h.of.id, it.Sequence, r.Msg.Refused)
	}
	h.sequence, h.base = it.Sequence, next
	if !r.Msg.GetDirectives().GetRenew() {
		return nil
	}
	n, err := c.Renew(ctx, connect.NewRequest(&vymirv1.RenewRequest{Csr: h.csr}))
	if err != nil {
		return fmt.Errorf("renew %s of %s: %w", h.name, h.of.id, err)
	}
	return h.take(append([][]byte{n.Msg.Certificate}, n.Msg.Chain...))
}
