package login

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vymir-project/vymir/collector/internal/probe/hook"
	"github.com/vymir-project/vymir/collector/internal/utmp"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// host is a root with the two files and the account olena.
func host(t *testing.T) (root string, write func(name string, records ...utmp.Record)) {
	t.Helper()
	root = t.TempDir() + "/"
	for _, dir := range []string{"etc", "var/log"} {
		if err := os.MkdirAll(root+dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(root+"etc/passwd", []byte("root:x:0:0::/root:/bin/sh\nolena:x:1000:1000:Olena K:/home/olena:/bin/bash\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	write = func(name string, records ...utmp.Record) {
		t.Helper()
		f, err := os.OpenFile(filepath.Join(root, "var/log", name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var b []byte
		for _, r := range records {
			b = utmp.Append(b, r)
		}
		if _, err := f.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	write("wtmp")
	write("btmp")
	return root, write
}

func drain(p *Probe) (all []Seen) {
	p.Drain(func(s Seen) { all = append(all, s) })
	return all
}

func in(user, host string, at time.Time) utmp.Record {
	return utmp.Record{Type: utmp.UserProcess, User: user, Host: host, Line: "pts/0", At: at}
}

func tried(user, host string, at time.Time) utmp.Record {
	return utmp.Record{Type: utmp.LoginProcess, User: user, Host: host, Line: "ssh:notty", At: at}
}

func TestLoginsAreFollowed(t *testing.T) {
	root, write := host(t)
	write("wtmp", in("olena", "192.0.2.1", noon))
	p := open(true, time.Time{}, root)
	if got := drain(p); got != nil {
		t.Errorf("told what was there before: %+v", got)
	}
	write("wtmp", utmp.Record{Type: 2, User: "reboot", At: noon}, in("olena", "192.0.2.7", noon), in("root", ":0", noon))
	write("btmp", tried("olena", "::ffff:203.0.113.9", noon), tried("hunter2", "gate.example", noon))
	want := []Seen{
		{User: "olena", Origin: netip.MustParseAddr("192.0.2.7"), At: noon},
		{User: "root", Local: true, At: noon},
		{User: "olena", Origin: netip.MustParseAddr("203.0.113.9"), Failed: true, At: noon},
		{User: Unknown, Failed: true, At: noon}, // a password, perhaps: never kept
	}
	if diff := cmp.Diff(want, drain(p), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Error(diff)
	}
	if got := drain(p); got != nil {
		t.Errorf("told again: %+v", got)
	}
	if h := p.Hook(); h.State != hook.Proven || h.Events != 4 {
		t.Errorf("hook %+v", h)
	}
}

func TestRestartAndRotationLeaveNoHole(t *testing.T) {
	root, write := host(t)
	write("wtmp", in("olena", "192.0.2.1", noon), in("olena", "192.0.2.2", noon.Add(time.Hour)))
	p := open(true, noon.Add(time.Minute), root)
	if got := drain(p); len(got) != 1 || got[0].Origin != netip.MustParseAddr("192.0.2.2") {
		t.Errorf("after a restart: %+v", got)
	}
	if err := os.Rename(root+"var/log/wtmp", root+"var/log/wtmp.1"); err != nil {
		t.Fatal(err)
	}
	write("wtmp", in("olena", "192.0.2.3", noon))
	if got := drain(p); len(got) != 1 || got[0].Origin != netip.MustParseAddr("192.0.2.3") {
		t.Errorf("after a rotation: %+v", got)
	}
}

func TestFloodIsBoundedAndCounted(t *testing.T) {
	root, write := host(t)
	p := open(true, time.Time{}, root)
	n := maxRead/utmp.Size + 10
	write("btmp", slices.Repeat([]utmp.Record{tried("olena", "203.0.113.9", noon)}, n)...)
	got := drain(p)
	if h := p.Hook(); uint64(len(got))+h.Lost < uint64(n) || h.Lost == 0 || h.Losses[hook.LostOverrun] != h.Lost {
		t.Errorf("%d told, %+v", len(got), h)
	}
}

func TestMissingFilesAreSaid(t *testing.T) {
	p := open(true, time.Time{}, t.TempDir()+"/")
	drain(p)
	if h := p.Hook(); h.State != hook.Refused || !strings.Contains(h.Reason, "btmp") {
		t.Errorf("hook %+v", h)
	}
	if h := open(false, time.Time{}, "/").Hook(); h.State != hook.Off {
		t.Errorf("hook %+v", h)
	}
}
