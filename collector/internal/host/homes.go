package host

import (
	"encoding/binary"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/collector/internal/utmp"
)

const (
	maxDotFiles = 64  // dot files kept per user
	maxKeys     = 512 // authorized keys kept per user
	maxAllKeys  = 4096
	maxAllDots  = 4096
	maxWtmp     = 8 << 20
)

// trustFiles are dot files that let others in or hold passwords, whatever their mode.
var trustFiles = []string{".rhosts", ".shosts", ".netrc", ".forward"}

// lookIntoHomes describes the home directories of root and of everybody who can log in. Homes on a network file system
// are left out, for their server may be gone.
func lookIntoHomes(env *Env, doc *facts.Document, users []facts.User, r *reading) {
	looked, keys, dots := 0, 0, 0
	patterns := authorizedKeysPatterns(env, doc)
	first := map[string]*facts.User{} // by home: second names of one account share what was seen
	for i := range users {
		u := &users[i]
		if !u.CanLogin && u.UID != 0 || !strings.HasPrefix(u.Home, "/") || u.Home == "/" && u.UID != 0 {
			continue
		}
		if m, ok := mountOf(doc, u.Home); ok && networkFS(m.FSType) {
			r.note(u.Home, "on a network file system: "+m.FSType)
			continue
		}
		if o := first[u.Home]; o != nil {
			u.HomeState, u.DotFiles = o.HomeState, o.DotFiles
			if o.UID == u.UID {
				u.AuthorizedKeys = o.AuthorizedKeys
				keys += len(u.AuthorizedKeys)
			}
			dots += len(u.DotFiles)
		}
		if looked++; looked > maxHomes || keys > maxAllKeys || dots > maxAllDots {
			r.note(u.Home, "more homes, keys or dot files than are looked into")
			return
		}
		if u.HomeState == nil {
			u.HomeState = ptr(env.Stat(u.Home))
			u.DotFiles = dotFiles(env, u.Home, r)
			dots += len(u.DotFiles)
			first[u.Home] = u
		}
		if u.AuthorizedKeys == nil {
			u.AuthorizedKeys = authorizedKeys(env, u, patterns, r)
			keys += len(u.AuthorizedKeys)
		}
	}
}

// dotFiles lists the dot files that matter: those that hand out trust, and those that others may write.
func dotFiles(env *Env, home string, r *reading) []facts.FileState {
	entries, err := env.ReadDir(home)
	if err != nil {
		r.miss(home, err)
		return nil
	}
	out := []facts.FileState{}
	for _, d := range entries {
		name := d.Name()
		if !strings.HasPrefix(name, ".") || len(out) >= maxDotFiles {
			continue
		}
		others := d.Type().IsRegular() && mode(d)&0o022 != 0
		if others || slices.Contains(trustFiles, name) {
			out = append(out, env.Lstat(path.Join(home, name)))
		}
	}
	return out
}

// mode returns the permission bits of an entry; none if it vanished.
func mode(d fs.DirEntry) fs.FileMode {
	info, err := d.Info()
	if err != nil {
		return 0
	}
	return info.Mode().Perm()
}

// readLastLogins takes the newest of what lastlog(8) and wtmp(5) know of each user.
func readLastLogins(env *Env, users []facts.User, r *reading) {
	wtmp := wtmpLogins(env, r)
	f, err := env.OpenFile("/var/log/lastlog")
	if err != nil {
		r.miss("/var/log/lastlog", err)
	} else {
		defer f.Close()
	}
	for i := range users {
		u := &users[i]
		last := wtmp[u.Name]
		if err == nil {
			// struct lastlog: 32 bits of time, 32 bytes of line, 256 bytes of host; the file is sparse and indexed by uid
			var b [4]byte
			if n, _ := f.ReadAt(b[:], int64(u.UID)*292); n == 4 {
				last = max(last, int64(binary.NativeEndian.Uint32(b[:])))
			}
		}
		if last > 0 {
			u.LastLogin = ptr(time.Unix(last, 0).UTC())
		}
	}
}

// wtmpLogins returns the time of the last login of each user that the end of wtmp holds.
func wtmpLogins(env *Env, r *reading) map[string]int64 {
	f, err := env.OpenFile("/var/log/wtmp")
	if err != nil {
		r.miss("/var/log/wtmp", err)
		return nil
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil
	}
	record := int64(utmp.Size)
	size := min(st.Size(), maxWtmp) / record * record
	b := make([]byte, size)
	n, _ := f.ReadAt(b, st.Size()/record*record-size)
	return parseWtmp(b[:n])
}

// parseWtmp reads utmp records and returns the newest login of each user, in seconds since 1970.
func parseWtmp(b []byte) map[string]int64 {
	out := map[string]int64{}
	utmp.Parse(b, func(r utmp.Record) {
		if r.Type == utmp.UserProcess && len(out) < maxUsers {
			out[r.User] = max(out[r.User], r.At.Unix())
		}
	})
	return out
}

// unsafeRootPath lists the elements of root's PATH, as the files set it, that are relative, or that somebody else than
// root may write. A missing directory is no danger by itself and is left out.
func unsafeRootPath(env *Env, a *facts.Accounts) []string {
	home := "/root"
	for _, u := range a.Users {
		if u.UID == 0 {
			home = u.Home
			break
		}
	}
	var values []string
	values = append(values, strings.TrimPrefix(a.LoginDefs["ENV_SUPATH"], "PATH="))
	for _, f := range []string{"/etc/environment", "/etc/profile", home + "/.profile", home + "/.bash_profile", home + "/.bashrc"} {
		b, err := env.ReadFile(f)
		if err != nil {
			continue
		}
		for _, line := range lines(b) {
			line = strings.TrimPrefix(strings.TrimSpace(line), "export ")
			if v, ok := strings.CutPrefix(line, "PATH="); ok {
				values = append(values, shellUnquote(v))
			}
		}
	}
	out := []string{}
	for _, v := range values {
		if v == "" {
			continue
		}
		for elem := range strings.SplitSeq(v, ":") {
			if strings.Contains(elem, "$") || strings.HasPrefix(elem, "~") {
				continue // another variable: the rest of the path stands elsewhere
			}
			if !slices.Contains(out, elem) && len(out) < 64 && !safePathElem(env, elem) {
				out = append(out, elem)
			}
		}
	}
	return out
}

func safePathElem(env *Env, elem string) bool {
	if !strings.HasPrefix(elem, "/") {
		return false
	}
	st := env.Stat(elem)
	if st.Kind != "dir" {
		return true
	}
	groupMay := st.GroupWritable && st.GID != nil && *st.GID != 0
	return *st.UID == 0 && !st.WorldWritable && !groupMay
}
