package host

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"path"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/rpmdb"
)

// packagedFile is one file whose content a package data base vouches for.
type packagedFile struct {
	path string
	algo string // md5, sha1 or sha256
	sum  string // hexadecimal
}

// packagedFiles calls f for every package that is wanted and the files it vouches for, in an order that stays the same as long as no
// package changes. Configuration files are left out, and so is what a package says may differ. supported is false where
// no package data base with checksums is found: opkg keeps none. f ends it with an error, which is returned.
func packagedFiles(env *Env, doc *facts.Document, r *reading, want func(pkg string) bool, f func(pkg string, files []packagedFile) error) (supported bool, err error) {
	if names := env.Names("/var/lib/dpkg/info"); len(names) > 0 {
		return true, dpkgFiles(env, doc, r, names, want, f)
	}
	for _, db := range []string{"/lib/apk/db/installed", "/usr/lib/apk/db/installed"} {
		b, err := env.ReadFileLimit(db, maxStatusFile)
		r.miss(db, err)
		if err == nil {
			return true, apkFiles(b, wanted(want, f))
		}
	}
	if file := env.firstExisting(rpmFiles...); file != "" {
		db, err := env.OpenFile(file)
		if err != nil {
			r.miss(file, err)
			return true, err
		}
		defer db.Close()
		return true, rpmdb.ReadFiles(db, func(pkg string, files []rpmdb.File) error {
			var out []packagedFile
			for _, x := range files {
				if x.Regular && !x.Config && x.Digest != "" && x.Algo != "" && !x.Lenient {
					out = append(out, packagedFile{x.Path, x.Algo, x.Digest})
				}
			}
			return wanted(want, f)(pkg, out)
		})
	}
	return false, nil
}

// wanted passes f over the packages that are not wanted.
func wanted(want func(string) bool, f func(string, []packagedFile) error) func(string, []packagedFile) error {
	return func(pkg string, files []packagedFile) error {
		if !want(pkg) {
			return nil
		}
		return f(pkg, files)
	}
}

// dpkgFiles reads the lists of MD5 sums. A package that is half-way through its installation is passed over, a file that
// dpkg-divert moved aside is looked for where it was moved to, and one that dpkg was told not to unpack is left out.
func dpkgFiles(env *Env, doc *facts.Document, r *reading, names []string, want func(string) bool, f func(string, []packagedFile) error) error {
	status, err := env.ReadFileLimit("/var/lib/dpkg/status", maxStatusFile)
	if err != nil {
		r.miss("/var/lib/dpkg/status", err)
		return err
	}
	conf := map[string]bool{}
	stanzas(status, func(m map[string]string) bool {
		for line := range strings.Lines(m["Conffiles"]) {
			if w := strings.Fields(line); len(w) > 0 {
				conf[w[0]] = true
			}
		}
		return true
	})
	diverted, excluded := env.diversions(), dpkgExcluded(env, r)
	for _, n := range names {
		pkg, ok := strings.CutSuffix(n, ".md5sums")
		if !ok || !want(n) {
			continue
		}
		b, err := env.ReadFileLimit(path.Join("/var/lib/dpkg/info", n), maxListFile)
		if err != nil {
			r.miss(path.Join("/var/lib/dpkg/info", n), err)
			continue
		}
		pkg, _, _ = strings.Cut(pkg, ":")
		if doc.Packages != nil && slices.Contains(doc.Packages.Broken, pkg) {
			continue
		}
		files := make([]packagedFile, 0, bytes.Count(b, []byte("\n"))+1) // some lists have 50,000 lines
		for _, line := range lines(b) {
			sum, name, ok := strings.Cut(line, " ")
			name = "/" + strings.TrimLeft(strings.TrimSpace(name), "./")
			if !ok || len(sum) != 32 || name == "/" || conf[name] {
				continue
			}
			if d, ok := diverted[name]; ok && d.by != pkg {
				name = d.to
			}
			if !excluded(name) {
				files = append(files, packagedFile{name, "md5", sum})
			}
		}
		if err := f(n, files); err != nil {
			return err
		}
	}
	return nil
}

// dpkgExcluded reads the filters path-exclude and path-include of dpkg(1): the last one that matches a path decides, and a
// star matches slashes, too.
func dpkgExcluded(env *Env, r *reading) func(string) bool {
	type filter struct {
		pattern string
		exclude bool
	}
	var filters []filter
	for _, f := range append(env.Glob("/etc/dpkg/dpkg.cfg.d/*"), "/etc/dpkg/dpkg.cfg") {
		b, ok := r.file(env, f)
		if !ok {
			continue
		}
		for _, line := range lines(b) {
			key, value, _ := strings.Cut(strings.TrimLeft(strings.TrimSpace(line), "-"), "=")
			key, value = strings.TrimSpace(key), strings.TrimSpace(value)
			if (key == "path-exclude" || key == "path-include") && len(filters) < 1024 {
				filters = append(filters, filter{value, key == "path-exclude"})
			}
		}
	}
	return func(name string) bool {
		out := false
		for _, f := range filters {
			if starMatch(f.pattern, name) {
				out = f.exclude
			}
		}
		return out
	}
}

// starMatch matches a glob in which "*" stands for any text and "?" for any character, slashes included. Sets in brackets
// match by path.Match where neither pattern nor name leaves one directory; elsewhere they match nothing.
func starMatch(pattern, name string) bool {
	if strings.ContainsAny(pattern, "[\\") {
		ok, err := path.Match(pattern, name)
		return err == nil && ok
	}
	p, n, star, mark := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p, n = p+1, n+1
		case p < len(pattern) && pattern[p] == '*':
			star, mark, p = p, n, p+1
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// apkFiles reads apk's data base, where F: names a directory, R: a file in it and Z: its checksum: "Q1" and a SHA-1, "Q2"
// and a SHA-256, in base 64. What lies below /etc is configuration, as apk has it. The checksum of a link is that of its
// target's name; links are told apart when the file is opened.
func apkFiles(b []byte, f func(string, []packagedFile) error) error {
	pkg, dir, file := "", "", ""
	var files []packagedFile
	flush := func() error {
		if pkg == "" || len(files) == 0 {
			return nil
		}
		out := files
		files = nil
		return f(pkg, out)
	}
	for _, line := range lines(b) {
		if len(line) < 2 || line[1] != ':' {
			if line == "" {
				if err := flush(); err != nil {
					return err
				}
				pkg = ""
			}
			continue
		}
		switch v := line[2:]; line[0] {
		case 'P':
			pkg = v
		case 'F':
			dir = "/" + v
		case 'R':
			file = path.Join(dir, v)
		case 'Z':
			algo := map[string]string{"Q1": "sha1", "Q2": "sha256"}[v[:min(2, len(v))]]
			sum, err := base64.StdEncoding.DecodeString(v[min(2, len(v)):])
			if algo != "" && err == nil && file != "" && !strings.HasPrefix(file, "/etc/") {
				files = append(files, packagedFile{file, algo, hex.EncodeToString(sum)})
			}
		}
	}
	return flush()
}
