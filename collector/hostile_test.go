package collector

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/tools/txtar"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/hosttest"
)

// hostileKinds replace a regular file by something that a careless reader would hang on, follow or choke on.
var hostileKinds = map[string]func(p string, content []byte) error{
	"fifo": func(p string, _ []byte) error { return unix.Mkfifo(p, 0o644) },
	"huge": func(p string, content []byte) error {
		if err := os.WriteFile(p, content, 0o644); err != nil {
			return err
		}
		return os.Truncate(p, 10<<30) // sparse: ten gigabytes of zeros behind the text
	},
	"link_loop": func(p string, _ []byte) error { return os.Symlink(filepath.Base(p), p) },
	"link_outside": func(p string, _ []byte) error {
		return os.Symlink("../../../../../../../../../../etc/hostile-secret", p)
	},
	"directory": func(p string, _ []byte) error { return os.Mkdir(p, 0o755) },
	"empty":     func(p string, _ []byte) error { return os.WriteFile(p, nil, 0o644) },
	"garbage": func(p string, _ []byte) error {
		return os.WriteFile(p, bytes.Repeat([]byte("\xff\xfe\x00:=[(\"\\\x80 #@!,\n"), 4000), 0o644)
	},
	"one_line": func(p string, content []byte) error {
		return os.WriteFile(p, bytes.Repeat(append(bytes.TrimSpace(content), ' '), 1+(1<<18)/(len(content)+1)), 0o644)
	},
	"repeated": func(p string, content []byte) error {
		return os.WriteFile(p, bytes.Repeat(content, 1+(1<<18)/(len(content)+1)), 0o644)
	},
	"noise": func(p string, content []byte) error {
		b := bytes.Clone(content)
		for i := range b {
			if i%7 == 3 {
				b[i] ^= byte(i)
			}
		}
		return os.WriteFile(p, b, 0o644)
	},
}

// TestHostileHosts turns every file of whole hosts into each hostile kind. Every family must answer in bounded time and
// memory, none may fail, and the document must be sound JSON that holds nothing from outside the root.
func TestHostileHosts(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	for _, name := range []string{"debian12-hardened", "openwrt-router"} {
		ar, err := txtar.ParseFile(filepath.Join("testdata/hosts", name+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		for kind, plant := range hostileKinds {
			t.Run(name+"/"+kind, func(t *testing.T) {
				root := t.TempDir()
				turn(t, ar, root, plant)
				checkHostile(t, root)
			})
		}
	}
}

func turn(t *testing.T, ar *txtar.Archive, root string, plant func(string, []byte) error) {
	t.Helper()
	for _, f := range ar.Files {
		name, attrs, _ := strings.Cut(f.Name, " ")
		p := filepath.Join(root, name)
		if strings.HasSuffix(name, "/") || strings.Contains(attrs, "->") {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			continue // its parent became something else
		}
		hostile := plant
		if strings.HasPrefix(name, "proc/") || strings.HasPrefix(name, "sys/") { // the kernel's own word
			hostile = func(p string, content []byte) error { return os.WriteFile(p, content, 0o644) }
		}
		if err := hostile(p, f.Data); err != nil {
			t.Fatal(err)
		}
	}
}

func checkHostile(t *testing.T, root string) {
	t.Helper()
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(192 << 20)) // what is alive is asked for, not what waits for the collector
	before := usage(t)
	doc, err := Collect(t.Context(), Options{Root: root, Now: goldenNow, proc: root})
	if err != nil {
		t.Fatal(err)
	}
	after := usage(t)
	if spent := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()); spent > 10*time.Second {
		t.Errorf("took %s of CPU time", spent)
	}
	if grown := (after.Maxrss - before.Maxrss) / 1024; grown > 400 {
		t.Errorf("peak memory grew by %d MiB", grown)
	}
	for family, st := range doc.Families {
		if st.State == facts.StateError {
			t.Errorf("family %s: %s", family, st.Reason)
		}
	}
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 32<<20 {
		t.Errorf("the document has %d bytes", len(b))
		var parts map[string]json.RawMessage
		if err := json.Unmarshal(b, &parts); err != nil {
			t.Fatal(err)
		}
		for name, part := range parts {
			if len(part) > 1<<20 {
				t.Errorf("%s has %d bytes, took %.1f s", name, len(part), doc.Families[name].DurationSeconds)
			}
		}
	}
	var back facts.Document
	if err := json.Unmarshal(b, &back); err != nil {
		t.Errorf("the document does not read back: %v", err)
	}
}

func usage(t *testing.T) syscall.Rusage {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestLinksStayInside plants a secret beside the root and links to it from everywhere.
func TestLinksStayInside(t *testing.T) {
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	secret := "hostile-secret-value"
	if err := os.WriteFile(filepath.Join(dir, "outside"), []byte(secret+"=1\n"+secret+":x:0:0::/:/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var host strings.Builder
	for _, p := range []string{"etc/os-release", "etc/passwd", "etc/group", "etc/sudoers", "etc/login.defs", "etc/sysctl.conf", "etc/motd", "etc/issue", "etc/crontab"} {
		fmt.Fprintf(&host, "-- %s -> ../../outside --\n-- etc/pam.d/%s -> %s --\n", p, filepath.Base(p), filepath.Join(dir, "outside"))
	}
	if err := hosttest.Unpack(txtar.Parse([]byte(host.String())), root); err != nil {
		t.Fatal(err)
	}
	doc, err := Collect(t.Context(), Options{Root: root, Now: goldenNow})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), secret) {
		t.Error("something from outside the root stands in the document")
	}
}
