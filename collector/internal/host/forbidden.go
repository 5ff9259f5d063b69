package host

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/banned"
	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/rpmdb"
)

// Limits of looking for forbidden software.
const (
	maxForbidden    = 1_000
	maxProgramBytes = 1 << 30   // bytes of programs hashed in one pass
	maxProgram      = 512 << 20 // bytes of one program
)

// collectForbidden matches the host against the official list of forbidden software. It reads packages, processes, sockets and
// hardware. Hashing runs only where the list has hashes.
func collectForbidden(ctx context.Context, env *Env, doc *facts.Document) facts.Status {
	if env.Banned == nil {
		return unmeasured(cmp.Or(env.BannedReason, "no list of forbidden software was given"))
	}
	l := env.Banned
	s := &search{env: env, doc: doc, out: &facts.ForbiddenSoftware{Source: l.Source, AsOf: l.AsOf, Entries: len(l.Entries), Found: []facts.ForbiddenMatch{}}}
	s.out.Persisted = doc.Packages != nil && doc.Packages.Installed != nil
	s.out.Live = env.Live && doc.Processes != nil
	if !s.out.Persisted {
		s.r.note("packages", "the packages were not measured")
	}
	wantHash, wantMaker := false, false
	for _, e := range l.Entries {
		wantHash, wantMaker = wantHash || len(e.SHA256) > 0, wantMaker || len(e.Makers) > 0
	}
	if wantMaker {
		s.makers = s.maintainers()
	}
	if wantHash {
		s.hashes = s.hashPrograms(ctx)
	}
	for i := range l.Entries {
		s.installed(&l.Entries[i])
		s.running(&l.Entries[i])
	}
	slices.SortFunc(s.out.Found, func(a, b facts.ForbiddenMatch) int {
		return cmp.Or(strings.Compare(a.Entry, b.Entry), strings.Compare(a.By, b.By), strings.Compare(a.What, b.What))
	})
	s.out.Found = slices.Compact(s.out.Found)
	doc.ForbiddenSoftware = s.out
	return s.r.status()
}

// search is one pass over the host.
type search struct {
	env    *Env
	doc    *facts.Document
	out    *facts.ForbiddenSoftware
	r      reading
	makers map[string][]string // by maintainer as written: packages
	hashes map[string][]string // by sha256: programs that run
}

func (s *search) found(e *banned.Entry, by, what string, live bool) {
	if len(s.out.Found) >= maxForbidden {
		s.out.Truncated = true
		return
	}
	s.out.Found = append(s.out.Found, facts.ForbiddenMatch{Entry: e.ID, Name: e.Name, Maker: e.Maker, Reference: e.Reference, By: by, What: what, Live: live})
}

// installed looks at packages, their makers and sources, files, and the machine.
func (s *search) installed(e *banned.Entry) {
	if p := s.doc.Packages; p != nil {
		for _, k := range p.Installed {
			if banned.LikeAny(e.Packages, k.Name) || banned.LikeAny(e.Packages, k.Source) {
				s.found(e, "package", k.Name+" "+k.Version, false)
			}
		}
		for _, r := range p.Sources {
			host := ""
			if u, err := url.Parse(r.URI); err == nil {
				host = u.Hostname()
			}
			if r.Enabled && (banned.LikeAny(e.Signers, host) || banned.LikeAny(e.Signers, path.Base(r.SignedBy))) {
				s.found(e, "signer", cmp.Or(r.URI, r.File), false)
			}
		}
	}
	for maker, packages := range s.makers {
		if banned.LikeAny(e.Makers, maker) {
			for _, p := range packages {
				s.found(e, "maker", p, false)
			}
		}
	}
	for _, pattern := range e.Paths {
		for _, p := range s.env.Glob(pattern) {
			s.found(e, "path", p, false)
		}
	}
	if h := s.doc.Hardware; h != nil && banned.LikeAny(e.Equipment, strings.TrimSpace(h.Vendor+" "+h.Product)) {
		s.found(e, "equipment", strings.TrimSpace(h.Vendor+" "+h.Product), false)
	}
}

// running looks at programs and what listens.
func (s *search) running(e *banned.Entry) {
	for _, sum := range e.SHA256 {
		for _, program := range s.hashes[sum] {
			s.found(e, "sha256", program, true)
		}
	}
	if !s.out.Live {
		return
	}
	for _, p := range s.env.processTable().procs {
		if !p.kernel && (banned.LikeAny(e.Processes, p.comm) || p.exe != "" && banned.LikeAny(e.Processes, path.Base(p.exe))) {
			s.found(e, "process", cmp.Or(p.exe, p.comm), true)
		}
	}
	if s.doc.Sockets == nil {
		return
	}
	for _, l := range s.doc.Sockets.Listeners {
		port := fmt.Sprintf("%s/%d", strings.TrimSuffix(l.Protocol, "6"), l.Port)
		if e.Serves(l.Program, port) || l.Exe != "" && e.Serves(path.Base(l.Exe), port) || e.Serves(strings.TrimSuffix(l.Unit, ".service"), port) {
			s.found(e, "service", cmp.Or(l.Program, l.Unit)+" "+port, true)
		}
	}
}

// maintainers reads who makes each package, as its data base says: the maintainer of dpkg, opkg and apk, the vendor and the packager of rpm.
func (s *search) maintainers() map[string][]string {
	out := map[string][]string{}
	add := func(maker, name, version string) {
		if maker = strings.TrimSpace(maker); maker != "" && maker != "(none)" {
			out[maker] = append(out[maker], name+" "+version)
		}
	}
	if file := s.env.firstExisting(rpmFiles...); file != "" {
		s.rpmMakers(file, add)
		return out
	}
	file := s.env.firstExisting("/var/lib/dpkg/status", "/usr/lib/opkg/status", "/lib/apk/db/installed", "/usr/lib/apk/db/installed")
	if file == "" {
		if s.out.Persisted {
			s.r.note("makers", "no data base that says who makes a package is read here")
		}
		return nil
	}
	b, err := s.env.ReadFileLimit(file, maxStatusFile)
	if err != nil {
		s.r.miss(file, err)
		return nil
	}
	if strings.HasSuffix(file, "/installed") {
		apkMakers(b, add)
		return out
	}
	stanzas(b, func(m map[string]string) bool {
		if strings.HasSuffix(m["Status"], " installed") {
			add(m["Maintainer"], m["Package"], m["Version"])
		}
		return true
	})
	return out
}

func (s *search) rpmMakers(file string, add func(maker, name, version string)) {
	f, err := s.env.OpenFile(file)
	if err != nil {
		s.r.miss(file, err)
		return
	}
	defer f.Close()
	if err := rpmdb.Read(f, func(p rpmdb.Package) error {
		add(p.Vendor, p.Name, p.Version)
		if p.Packager != p.Vendor {
			add(p.Packager, p.Name, p.Version)
		}
		return nil
	}); err != nil {
		s.r.note(file, err.Error())
	}
}

// apkMakers reads the maintainers of apk's data base: P the name, V the version, m the maintainer of a block.
func apkMakers(b []byte, add func(maker, name, version string)) {
	var name, version, maker string
	flush := func() {
		if name != "" {
			add(maker, name, version)
		}
		name, version, maker = "", "", ""
	}
	for _, line := range lines(b) {
		if line == "" {
			flush()
			continue
		}
		if len(line) < 2 || line[1] != ':' {
			continue
		}
		switch v := line[2:]; line[0] {
		case 'P':
			name = v
		case 'V':
			version = v
		case 'm':
			maker = v
		}
	}
	flush()
}

// hashPrograms hashes the programs that run, each file once, within a budget of bytes.
func (s *search) hashPrograms(ctx context.Context) map[string][]string {
	out := map[string][]string{}
	if !s.out.Live || !s.env.Native() {
		return out
	}
	seen, budget := map[string]bool{}, int64(maxProgramBytes)
	for _, p := range s.env.processTable().procs {
		if p.kernel || p.contained || p.exe == "" || p.exeDeleted || seen[p.exe] {
			continue
		}
		seen[p.exe] = true
		sum, n, err := s.hash(ctx, p.exe, min(budget, maxProgram))
		if budget -= n; err != nil {
			s.r.note(p.exe, "not hashed: "+err.Error())
			continue
		}
		out[sum] = append(out[sum], p.exe)
	}
	return out
}

func (s *search) hash(ctx context.Context, name string, limit int64) (sum string, n int64, err error) {
	f, err := s.env.OpenFile(name)
	if err != nil {
		return "", 0, unwrap(err)
	}
	defer f.Close()
	h := sha256.New()
	for n <= limit {
		if err := ctx.Err(); err != nil {
			return "", n, err
		}
		k, err := io.CopyN(h, f, 4<<20)
		n += k
		if isEOF(err) {
			return hex.EncodeToString(h.Sum(nil)), n, nil
		}
		if err != nil {
			return "", n, err
		}
	}
	return "", n, ErrTooLarge
}
