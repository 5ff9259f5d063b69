package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store/storetest"
)

// TestLatency measures pages and API over many hosts. It runs when VYMIR_LATENCY names their number; `make bench-server`
// does with 20,000. Budget: p95 below 100 ms for each.
func TestLatency(t *testing.T) {
	hosts, err := strconv.Atoi(os.Getenv("VYMIR_LATENCY"))
	if err != nil {
		t.Skip("set VYMIR_LATENCY to a number of hosts")
	}
	load := storetest.Load{Hosts: hosts, Recipients: 100}
	for i := 0; len(load.Controls) < 150; i++ { // the built-in ones, and more of the same until there are 150
		for _, c := range policies.BuiltIn().Controls {
			id := c.ID
			if i > 0 {
				id = fmt.Sprintf("%s_%d", c.ID, i)
			}
			reason := ""
			if len(c.Reasons) > 0 {
				reason = c.Reasons[len(c.Reasons)-1].ID
			}
			if len(load.Controls) < 150 {
				load.Controls = append(load.Controls, storetest.Control{ID: id, Family: c.Family, Capability: c.Capability, Reason: reason, Severity: c.Severity})
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) { measureLatency(t, filepath.Join(t.TempDir(), "vymir.db"), load) })
	t.Run("postgres", func(t *testing.T) {
		dsn := os.Getenv("VYMIR_TEST_POSTGRES")
		if dsn == "" {
			t.Skip("needs PostgreSQL: set VYMIR_TEST_POSTGRES to the DSN of a database")
		}
		measureLatency(t, storetest.Schema(t, dsn), load)
	})
}

func measureLatency(t *testing.T, dsn string, load storetest.Load) {
	storetest.Filled(t, dsn, load).Close()
	c := local(t)
	c.Database = dsn
	s, err := Open(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.now = func() time.Time { return storetest.Now }
	if s.Access, err = access.New(s.Store, s.now); err != nil {
		t.Fatal(err)
	}
	h, err := s.pages()
	if err != nil {
		t.Fatal(err)
	}
	session := map[string]string{}
	for login, g := range map[string]access.Grant{
		"big": {Role: access.RecipientAdmin, Recipient: storetest.Recipient(0)}, "small": {Role: access.RecipientAdmin, Recipient: storetest.Recipient(1)},
		"assessor": {Role: access.Assessor, Recipient: access.All},
	} {
		id, err := s.Access.CreateUser(t.Context(), "cli:test", access.NewUser{Login: login, Grants: []access.Grant{g}})
		if err != nil {
			t.Fatal(err)
		}
		link, err := s.Access.NewLink(t.Context(), "cli:test", id, 0)
		if err != nil {
			t.Fatal(err)
		}
		if session[login], _, err = s.Access.SignInByLink(t.Context(), link, access.Client{Address: "192.0.2.1"}); err != nil {
			t.Fatal(err)
		}
	}
	finding, host := "f-1-"+strconv.Itoa(failing(1)), "h-0000000000000001"
	slow := 0
	for _, r := range []struct {
		login string
		paths []string
	}{
		{"big", []string{"/mend", "/recipients/" + storetest.Recipient(0), "/search?q=host1", "/api/v1/search?q=backup", "/hosts", "/hosts?after=h-0000000000002000", "/hosts/" + host, "/findings", "/findings?severity=high&state=all", "/findings/" + finding,
			"/gaps", "/needs", "/api/v1/hosts", "/api/v1/findings?limit=200", "/api/v1/gaps", "/api/v1/needs"}},
		{"small", []string{"/mend", "/hosts", "/findings", "/api/v1/hosts", "/api/v1/findings"}},
		{"assessor", []string{"/work", "/recipients", "/recipients/" + storetest.Recipient(0), "/recipients/" + storetest.Recipient(7), "/recipients/" + storetest.Recipient(7) + "/report", "/heat",
			"/heat?family=ssh", "/heat?recipient=" + storetest.Recipient(0), "/search?q=host1", "/trend?recipient=" + storetest.Recipient(7), "/api/v1/work", "/api/v1/standings", "/api/v1/search?q=backup", "/hosts", "/findings", "/findings?severity=medium&state=open", "/findings?recipient=" + storetest.Recipient(7), "/findings?control=" + load.Controls[3].ID,
			"/gaps", "/needs", "/api/v1/hosts?limit=200", "/api/v1/hosts/" + host + "/results", "/api/v1/findings?limit=200", "/api/v1/gaps", "/api/v1/needs"}},
	} {
		for _, p := range r.paths {
			first, times, cpu := time.Duration(0), make([]time.Duration, 0, 40), time.Duration(0)
			for i := range 41 {
				req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, p, nil)
				req.AddCookie(&http.Cookie{Name: "__Host-vymir", Value: session[r.login]})
				w := httptest.NewRecorder()
				begin := time.Now()
				h.ServeHTTP(w, req)
				took := time.Since(begin)
				if w.Code != http.StatusOK {
					t.Fatalf("%s as %s: %d %.300s", p, r.login, w.Code, w.Body.String())
				}
				if i == 0 {
					first, cpu = took, processor(t)
				} else {
					times = append(times, took)
				}
				if i >= 5 && time.Since(begin) > 2*time.Second {
					break
				}
			}
			cpu = (processor(t) - cpu) / time.Duration(len(times))
			slices.Sort(times)
			p50, p95 := times[len(times)/2], times[len(times)*95/100]
			mark := ""
			if p95 > 100*time.Millisecond {
				mark = " SLOW"
				slow++
			}
			t.Logf("%-9s %-55s first %8s  p50 %8s  p95 %8s  CPU %8s%s", r.login, p, first.Round(100*time.Microsecond), p50.Round(100*time.Microsecond), p95.Round(100*time.Microsecond), cpu.Round(100*time.Microsecond), mark)
		}
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	size := "-"
	if name := strings.TrimPrefix(dsn, "sqlite:"); !strings.HasPrefix(dsn, "postgres") {
		if info, err := os.Stat(name); err == nil {
			size = fmt.Sprintf("%d bytes a host", info.Size()/int64(load.Hosts))
		}
	}
	t.Logf("%s: heap %d MB, obtained from the system %d MB; database %s; %d slower than 100 ms", s.Store.Engine(), m.HeapAlloc>>20, m.Sys>>20, size, slow)
}

// processor is the CPU time that this process has used: what a request costs on a machine that others use, too. PostgreSQL's is its own.
func processor(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// failing is a control's place that fails on the n-th host of a load.
func failing(n int) int { return (10 - n*7%10) % 10 }
