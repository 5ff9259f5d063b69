package server_test

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vymir-project/vymir/collector/vulnindex"
	"github.com/vymir-project/vymir/server/internal/dispatch"
	"github.com/vymir-project/vymir/server/internal/listing"
	"github.com/vymir-project/vymir/server/internal/store"
)

// The end-to-end tests run the two real programs in two network namespaces joined by a veth pair: the host's and the
// server's. Nothing of the machine's own network is touched.

// programs builds both programs once, unless VYMIR_BIN names a folder that holds them.
var programs = sync.OnceValues(func() (string, error) {
	if dir := os.Getenv("VYMIR_BIN"); dir != "" {
		return dir, nil
	}
	dir, err := os.MkdirTemp("", "vymir-e2e-")
	if err != nil {
		return "", err
	}
	built = dir
	cmd := exec.Command("go", "build", "-o", dir+"/", "github.com/vymir-project/vymir/agent/cmd/vymir-agent", "github.com/vymir-project/vymir/server/cmd/vymir-server")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build programs: %w: %s", err, out)
	}
	return dir, nil
})

// built is the folder of the programs; "": no test asked for them.
var built string

// TestMain lets more tests run at once than there are cores: those with worlds of their own wait most of their time for the programs.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		flag.Set("test.parallel", "4") //nolint:errcheck // it is a number
	}
	code := m.Run()
	os.RemoveAll(built)
	os.Exit(code)
}

const (
	serverAddr = "10.203.77.1"
	hostAddr   = "10.203.77.2"
	port       = "7443"
)

// world is two namespaces with a server's state in one and a host's in the other.
type world struct {
	t          *testing.T
	bin, dir   string
	serverNS   string
	hostNS     string
	serverConf string
	agentConf  string
	socket     string
	host       string // id, once enrolled
}

func newWorld(t *testing.T) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs both programs: left out by -short")
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root, to make network namespaces")
	}
	for _, tool := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs the program %s (Debian packages iproute2, nftables)", tool)
		}
	}
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "ve") // short: the path of a unix socket has little room
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	id := strings.ToLower(filepath.Base(dir))
	w := &world{
		t: t, bin: bin, dir: dir, serverNS: "vys" + id, hostNS: "vyh" + id,
		serverConf: filepath.Join(dir, "server.yaml"), agentConf: filepath.Join(dir, "agent.yaml"), socket: filepath.Join(dir, "a.sock"),
	}
	w.connect()
	w.write(w.serverConf, fmt.Sprintf("state: %s/server\nagents: {listen: '%s:%s'}\nweb: {listen: '127.0.0.1:8443'}\n", dir, serverAddr, port))
	w.write(w.agentConf, fmt.Sprintf("state_dir: %s/agent\nsocket: %s\nunchanged_every: 1ms\nprobes: {disable: true}\n", dir, w.socket))
	w.server("recipient", "create", "--id", "r-1", "--name", "Лікарня")
	w.server("site", "create", "--id", "s-1", "--recipient", "r-1", "--name", "Корпус")
	return w
}

// connect makes the namespaces and the wire between them.
func (w *world) connect() {
	w.t.Helper()
	for _, ns := range []string{w.serverNS, w.hostNS} {
		if out, err := exec.Command("ip", "netns", "add", ns).CombinedOutput(); err != nil {
			w.t.Skipf("needs network namespaces: %v: %s", err, out)
		}
		w.t.Cleanup(func() { exec.Command("ip", "netns", "del", ns).Run() })
	}
	w.must("ip", "-n", w.serverNS, "link", "add", "v0", "type", "veth", "peer", "name", "v0", "netns", w.hostNS)
	for ns, addr := range map[string]string{w.serverNS: serverAddr, w.hostNS: hostAddr} {
		w.must("ip", "-n", ns, "addr", "add", addr+"/24", "dev", "v0")
		w.must("ip", "-n", ns, "link", "set", "v0", "up")
		w.must("ip", "-n", ns, "link", "set", "lo", "up")
	}
}

func (w *world) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) must(name string, args ...string) string {
	w.t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// server runs a command of vymir-server in its namespace and returns its standard output.
func (w *world) server(args ...string) string {
	w.t.Helper()
	out, err := w.in(w.serverNS, "vymir-server", append(args, "--config", w.serverConf)...)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// agent runs a command of vymir-agent in the host's namespace.
func (w *world) agent(args ...string) (string, error) {
	return w.in(w.hostNS, "vymir-agent", append(args, "--config", w.agentConf)...)
}

func (w *world) in(ns, program string, args ...string) (string, error) {
	cmd := exec.Command("ip", append([]string{"netns", "exec", ns, filepath.Join(w.bin, program)}, args...)...)
	var out, complaint strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", program, args[0], err, complaint.String())
	}
	return out.String(), nil
}

// process is a program that runs until it is stopped.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	log  string
}

func (w *world) start(ns, program string, args ...string) *process {
	w.t.Helper()
	return launch(w.t, filepath.Join(w.dir, program+".log"), "ip", append([]string{"netns", "exec", ns, filepath.Join(w.bin, program)}, args...)...)
}

// launch starts a program that writes to a log, and kills it when the test ends.
func launch(t *testing.T, log, program string, args ...string) *process {
	t.Helper()
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := &process{cmd: exec.Command(program, args...), done: make(chan struct{}), log: log}
	p.cmd.Stdout, p.cmd.Stderr = f, f
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.cmd.Wait(); close(p.done) }()
	t.Cleanup(func() { p.stop(syscall.SIGKILL) })
	return p
}

func (p *process) stop(sig syscall.Signal) {
	p.cmd.Process.Signal(sig) //nolint:errcheck // it may have ended
	<-p.done
}

// serve starts the server and waits until it answers.
func (w *world) serve() *process {
	w.t.Helper()
	p := w.start(w.serverNS, "vymir-server", "serve", "--config", w.serverConf)
	w.eventually("the server listens", p, func() bool {
		return strings.Contains(w.must("ip", "netns", "exec", w.serverNS, "cat", "/proc/net/udp"), ":"+hexPort())
	})
	return p
}

func hexPort() string {
	n, _ := strconv.Atoi(port)
	return fmt.Sprintf("%04X", n)
}

// patience is how long a test waits for what must come; on a busy machine an assessment alone may take half a minute.
const patience = 5 * time.Minute

// eventually waits for something to become true, looking every 50 ms; p must not end meanwhile.
func (w *world) eventually(what string, p *process, f func() bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !f() {
		var ended chan struct{}
		if p != nil {
			ended = p.done
		}
		select {
		case <-ctx.Done():
			w.t.Fatalf("not within %s: %s\n%s", patience, what, w.logs())
		case <-ended:
			w.t.Fatalf("the program ended before: %s\n%s", what, w.logs())
		case <-tick.C:
		}
	}
}

func (w *world) logs() string {
	var b strings.Builder
	for _, n := range []string{"vymir-server.log", "vymir-agent.log"} {
		text, err := os.ReadFile(filepath.Join(w.dir, n))
		if err == nil {
			fmt.Fprintf(&b, "--- %s\n%s", n, text[max(0, len(text)-3000):])
		}
	}
	return b.String()
}

func (w *world) token() string {
	return strings.TrimSpace(w.server("token", "create", "--recipient", "r-1"))
}

func (w *world) tokenFile() string {
	w.t.Helper()
	name := filepath.Join(w.dir, "token")
	w.write(name, w.token())
	return name
}

// enrol gives the host an identity.
func (w *world) enrol() {
	w.t.Helper()
	if _, err := w.agent("enrol", "--token-file", w.tokenFile()); err != nil {
		w.t.Fatal(err)
	}
	var s agentStatus
	w.status(&s)
	w.host = s.Enrolment.HostID
	if w.host == "" {
		w.t.Fatal("the agent knows no host id after enrolment")
	}
}

type agentStatus struct {
	Enrolment struct {
		HostID string `json:"host_id"`
	} `json:"enrolment"`
	Uplink struct {
		LastError string `json:"last_error"`
		Protocol  string `json:"protocol"`
		Failures  int    `json:"failures"`
		Month     month  `json:"month"`
	} `json:"uplink"`
	Outbox struct {
		Items        int    `json:"items"`
		LastSequence uint64 `json:"last_sequence"`
		Acknowledged uint64 `json:"acknowledged"`
	} `json:"outbox"`
}

func (w *world) status(s *agentStatus) {
	w.t.Helper()
	out, err := w.agent("status", "--format", "json")
	if err != nil {
		w.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(out), s); err != nil {
		w.t.Fatal(err)
	}
}

// view looks at the host as the server knows it.
func (w *world) view() listing.Host {
	w.t.Helper()
	var list listing.Hosts
	if err := json.Unmarshal([]byte(w.server("hosts", "list", "--format", "json")), &list); err != nil {
		w.t.Fatal(err)
	}
	for _, h := range list.Hosts {
		if h.ID == w.host {
			return h
		}
	}
	w.t.Fatalf("host %s is not on the server", w.host)
	return listing.Host{}
}

// stored is the last sequence that the server has of the host, by a look into its database: asking the server's program costs a
// process each time.
func (w *world) stored() (last uint64) {
	w.t.Helper()
	st, err := store.Open(w.t.Context(), filepath.Join(w.dir, "server", "vymir.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer st.Close()
	if err := st.View(w.t.Context(), func(tx *store.Tx) error {
		h, err := tx.Host(w.host)
		last = h.LastSequence
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return last
}

// sequences lists what the server stored of the host, oldest first.
func (w *world) sequences() []uint64 {
	w.t.Helper()
	st, err := store.Open(w.t.Context(), filepath.Join(w.dir, "server", "vymir.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer st.Close()
	var out []uint64
	if err := st.View(w.t.Context(), func(tx *store.Tx) error {
		all, err := tx.Assessments(w.host, 0, 0)
		for i := range all {
			out = append(out, all[len(all)-1-i].Sequence)
		}
		return errors.Join(err, st.Check(w.t.Context()))
	}); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// daemon starts the agent's daemon and waits until its socket answers.
func (w *world) daemon() *process {
	w.t.Helper()
	p := w.start(w.hostNS, "vymir-agent", "run", "--config", w.agentConf)
	w.eventually("the daemon answers", p, func() bool { return w.wake() == nil })
	return p
}

// wake makes the daemon assess and check in now.
func (w *world) wake() error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", w.socket)
	}}}
	resp, err := client.Post("http://agent/wake", "", nil)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func TestEndToEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve()
	w.enrol()
	d := w.daemon()
	w.eventually("a report is stored", d, func() bool { return w.stored() > 0 })
	h := w.view()
	if h.Protocol != "h3" || h.Summary.Pass+h.Summary.Fail == 0 {
		t.Errorf("first report: %+v", h)
	}
	if h.Name != "" {
		t.Errorf("consent is minimal and the name %q left the host", h.Name)
	}
	var found listing.Findings
	if err := json.Unmarshal([]byte(w.server("findings", "list", "--format", "json")), &found); err != nil || len(found.Findings) != h.Summary.Fail {
		t.Errorf("%d findings of %d failing controls, %v", len(found.Findings), h.Summary.Fail, err)
	}
	for _, f := range found.Findings {
		if f.Title == "" || f.Reason == "" || f.Remedy == "" {
			t.Errorf("finding without texts: %+v", f)
		}
	}
	for _, list := range []string{"gaps", "needs"} {
		if out := w.server(list, "list", "--format", "json"); !strings.Contains(out, `"vymir.`+list+`/1"`) || !strings.Contains(out, "r-1") {
			t.Errorf("%s: %.200s", list, out)
		}
	}
	before := h.LastSequence
	if err := w.wake(); err != nil {
		t.Fatal(err)
	}
	w.eventually("a second report is stored", d, func() bool { return w.stored() > before })
	d.stop(syscall.SIGTERM)
	if got := w.sequences(); got[0] != 1 {
		t.Errorf("stored sequences %v", got)
	}
}

// TestUDPBlocked lets no UDP reach the server: the host falls back to TCP and says so.
func TestUDPBlocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must("ip", "netns", "exec", w.serverNS, "nft", "add table inet block; add chain inet block in { type filter hook input priority 0; }; add rule inet block in udp dport "+port+" drop")
	w.serve()
	w.enrol()
	d := w.daemon()
	w.eventually("a report is stored", d, func() bool { return w.stored() > 0 })
	if h := w.view(); h.Protocol != "h2" {
		t.Errorf("it came by %q", h.Protocol)
	}
	d.stop(syscall.SIGTERM)
}

// TestRevoked bars a host that is connected and reports.
func TestRevoked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve()
	w.enrol()
	d := w.daemon()
	w.eventually("a report is stored", d, func() bool { return w.stored() > 0 })
	w.server("hosts", "revoke", w.host, "--reason", "stolen")
	// Another process revoked: the server looks again within five seconds.
	w.eventually("the server refuses the host", d, func() bool {
		if err := w.wake(); err != nil {
			t.Fatal(err)
		}
		var s agentStatus
		w.status(&s)
		return s.Uplink.Failures > 0
	})
	before := w.stored()
	var s agentStatus
	w.status(&s)
	if s.Outbox.LastSequence <= before {
		t.Errorf("nothing waits at the host: its last is %d, stored is %d", s.Outbox.LastSequence, before)
	}
	d.stop(syscall.SIGTERM)
	if got := w.stored(); got != before {
		t.Errorf("sequence %d of a revoked host was stored", got)
	}
}

// TestOtherServer puts a server with another CA in the place of the one the host was enrolled with.
func TestOtherServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	right := w.serve()
	w.enrol()
	foreign := w.token()
	right.stop(syscall.SIGTERM)
	if err := os.Rename(filepath.Join(w.dir, "server"), filepath.Join(w.dir, "former")); err != nil {
		t.Fatal(err)
	}
	w.server("recipient", "create", "--id", "r-1", "--name", "Чужий")
	wrong := w.serve()
	if _, err := w.agent("run", "--once"); err == nil {
		t.Error("the host reported to a server with another CA")
	}
	var s agentStatus
	w.status(&s)
	if s.Outbox.Items == 0 || !strings.Contains(s.Uplink.LastError, "not the one") {
		t.Errorf("%d items wait, last error %q", s.Outbox.Items, s.Uplink.LastError)
	}
	w.write(filepath.Join(w.dir, "token"), foreign)
	if _, err := w.agent("enrol", "--again", "--token-file", filepath.Join(w.dir, "token")); err == nil {
		t.Error("a token of the former server was taken by the other")
	}
	wrong.stop(syscall.SIGTERM)
	// The right server is back: what waited arrives.
	if err := errors.Join(os.RemoveAll(filepath.Join(w.dir, "server")), os.Rename(filepath.Join(w.dir, "former"), filepath.Join(w.dir, "server"))); err != nil {
		t.Fatal(err)
	}
	w.serve()
	if _, err := w.agent("run", "--once"); err != nil {
		t.Fatal(err)
	}
	if got := w.stored(); got < 2 {
		t.Errorf("last sequence is %d", got)
	}
	w.status(&s)
	if s.Outbox.Items != 0 {
		t.Errorf("%d items still wait", s.Outbox.Items)
	}
}

// TestTokens tries tokens that must not work.
func TestTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve()
	used := w.tokenFile()
	if _, err := w.agent("enrol", "--token-file", used); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(used)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, token string }{
		{"used", string(text)},
		{"cut", string(text[:len(text)/2])},
		{"nonsense", "hello"},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := filepath.Join(w.dir, "token."+c.name)
			w.write(name, c.token)
			other := strings.ReplaceAll(w.agentConf, "agent.yaml", "other-"+c.name+".yaml")
			w.write(other, fmt.Sprintf("state_dir: %s/other-%s\n", w.dir, c.name))
			if out, err := w.in(w.hostNS, "vymir-agent", "enrol", "--token-file", name, "--config", other); err == nil {
				t.Errorf("it was taken: %s", out)
			} else if lines := strings.Count(strings.TrimSpace(err.Error()), "\n"); lines > 0 {
				t.Errorf("the error has %d lines: %v", lines+1, err)
			}
		})
	}
}

// TestServerKilled kills the server while reports arrive, again and again: nothing is lost and nothing is there twice.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.serve()
	w.enrol()
	d := w.daemon()
	w.eventually("a report is stored", d, func() bool { return w.stored() > 0 })
	for i := range 4 {
		if err := w.wake(); err != nil {
			t.Fatal(err)
		}
		// Somewhere between the start of the measuring and the answer.
		timer := time.NewTimer(time.Duration(200+150*i) * time.Millisecond)
		<-timer.C
		p.stop(syscall.SIGKILL)
		p = w.serve()
	}
	var s agentStatus
	w.eventually("everything is delivered", d, func() bool {
		if err := w.wake(); err != nil {
			t.Fatal(err)
		}
		w.status(&s)
		return s.Outbox.Acknowledged > 4 && w.stored() >= s.Outbox.Acknowledged
	})
	d.stop(syscall.SIGTERM)
	w.status(&s)
	got := w.sequences()
	for i, n := range got {
		if n != uint64(i+1) {
			t.Fatalf("stored sequences %v: a hole or a repeat at place %d", got, i)
		}
	}
	if last := got[len(got)-1]; last < s.Outbox.Acknowledged {
		t.Errorf("the host was told %d is stored, and the last is %d", s.Outbox.Acknowledged, last)
	}
}

// osvDay writes an archive of 3,000 records about a release, as published on a day; a few of them differ from day to day.
func osvDay(t *testing.T, ecosystem string, day int) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), fmt.Sprintf("all-%d.zip", day))
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for i := range 3000 {
		fixed, modified := fmt.Sprintf("%d.%d-1", i%9, i%50), 1
		if i < 4 {
			fixed, modified = fmt.Sprintf("99.%d-1", day), day
		}
		w, err := z.Create(fmt.Sprintf("X-%d.json", i))
		if err == nil {
			_, err = fmt.Fprintf(w, `{"schema_version":"1.6.0","id":"X-%d","modified":"2026-11-%02dT00:00:00Z","affected":[{"package":{"ecosystem":%q,"name":"p-%d"},
				"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":%q}]}]}]}`, i, modified, ecosystem, i%800, fixed)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}

// inForce is the revision of the artefact of a kind that the agent holds; 0: none.
func (w *world) inForce(kind string) uint64 {
	var s struct {
		InForce struct {
			Revision uint64 `json:"revision"`
		} `json:"in_force"`
	}
	b, err := os.ReadFile(filepath.Join(w.dir, "agent", "artefacts", kind, "state.json"))
	if err != nil || json.Unmarshal(b, &s) != nil {
		return 0
	}
	return s.InForce.Revision
}

// TestIndexesTravel: a host takes the index of its release, the day after the difference only, and the list of forbidden software; on the
// third day, without a line, the next of both come with the answer on a stick.
func TestIndexesTravel(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		t.Skip("needs /etc/os-release")
	}
	release := map[string]string{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		release[key] = strings.Trim(value, `"`)
	}
	own := vulnindex.EcosystemOf(release["ID"], release["VERSION_ID"])
	if own == "" {
		t.Skip("needs a distribution that indexes are made for")
	}
	w := newWorld(t)
	keys := filepath.Join(w.dir, "keys")
	if out, err := w.in(w.serverNS, "vymir-server", "bundle", "keygen", "-o", keys); err != nil {
		t.Fatal(out, err)
	}
	w.server("bundle", "trust", keys+".pub")
	publish := func(day int) string {
		w.server("import", "vulns", osvDay(t, own, day))
		return w.server("vulns", "build", "--key", keys+".key", "--publish")
	}
	publish(1)
	list := filepath.Join(w.dir, "banned.csv")
	w.write(list, "# source: Fictitious order\n# as_of: 2026-11-01\nid,name,paths\nX-1,BadSoft,/opt/badsoft/*\n")
	w.server("import", "banned", list)
	w.server("banned", "build", "--key", keys+".key", "--publish")
	serving := w.serve()
	w.enrol()
	// Each run assesses, which tries what came before, and checks in, which fetches. How many runs it takes is not known: what counts is
	// the most that one of them received.
	until := func(what string, f func() bool) (most uint64) {
		t.Helper()
		for end := time.Now().Add(patience); time.Now().Before(end); {
			var before, after agentStatus
			w.status(&before)
			if _, err := w.agent("run", "--once"); err != nil {
				t.Fatal(err)
			}
			w.status(&after)
			most = max(most, after.Uplink.Month.ReceivedBytes-before.Uplink.Month.ReceivedBytes)
			if f() {
				return most
			}
		}
		t.Fatalf("not within %s: %s\n%s", patience, what, w.logs())
		return 0
	}
	first := until("index and list are in force", func() bool { return w.inForce("vulns") == 1 && w.inForce("banned") == 1 })
	t.Log(publish(2), w.server("vulns", "list"))
	<-time.After(dispatch.Fresh) // by then the server looks anew what it offers
	second := until("the next index is in force", func() bool { return w.inForce("vulns") == 2 })
	var sizes struct {
		Releases []struct {
			Bytes uint64 `json:"bytes"`
			Delta uint64 `json:"delta_bytes"`
		} `json:"releases"`
	}
	if err := json.Unmarshal([]byte(w.server("vulns", "list", "--format", "json")), &sizes); err != nil || len(sizes.Releases) != 1 {
		t.Fatal(err, sizes)
	}
	whole, delta := sizes.Releases[0].Bytes, sizes.Releases[0].Delta
	if delta == 0 || delta*10 > whole || first < whole || second >= whole {
		t.Errorf("the index has %d bytes, its delta %d; the host received at most %d in one run for the index, then %d for the delta", whole, delta, first, second)
	}
	out, err := w.agent("vulns", "--format", "json")
	if err != nil || !strings.Contains(out, `"revision": 2`) {
		t.Errorf("what the agent holds is not used: %.300s %v", out, err)
	}

	serving.stop(syscall.SIGTERM)
	publish(3)
	w.write(list, "# source: Fictitious order\n# as_of: 2026-11-02\nid,name,paths\nX-1,BadSoft,/opt/badsoft/*\nX-2,WorseSoft,/opt/worsesoft/*\n")
	w.server("import", "banned", list)
	w.server("banned", "build", "--key", keys+".key", "--publish")
	w.agent("run", "--once") //nolint:errcheck // nobody answers; the assessment waits
	stick := filepath.Join(w.dir, "stick")
	if _, err := w.agent("outbox", "export", stick); err != nil {
		t.Fatal(err)
	}
	w.server("import", "assessments", "--answers", w.dir, stick)
	if _, err := w.agent("outbox", "import", filepath.Join(w.dir, "answer-"+w.host+".age")); err != nil {
		t.Fatal(err)
	}
	w.agent("run", "--once") //nolint:errcheck // it tries what came, and finds nobody
	if w.inForce("vulns") != 3 || w.inForce("banned") != 2 {
		t.Errorf("after the stick revision %d of the index and %d of the list are in force, want 3 and 2", w.inForce("vulns"), w.inForce("banned"))
	}
	if out, err := w.agent("status"); err != nil || !strings.Contains(out, own+", revision 3") || !strings.Contains(out, "Fictitious order, revision 2") {
		t.Errorf("status: %s %v", out, err)
	}
	if out, err := w.agent("facts"); err != nil || !regexp.MustCompile(`"forbidden_software": \{\s*"state": "(ok|partial)"`).MatchString(out) {
		t.Errorf("the list that came is not used by a command: %v", err)
	}
}
