package host

import (
	"cmp"
	"context"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

const (
	maxPasswd       = 16 << 20 // bytes of passwd, shadow and group
	maxUsers        = 10_000   // users and groups that are kept
	maxLine         = 32 << 10 // bytes of one line of passwd, shadow and group: a group may have thousands of members
	maxGroupsOfUser = 256
	maxHomes        = 2_000 // home directories that are looked into
)

// collectAccounts reads the local users and groups. Users that come from a directory service (LDAP, SSSD) are not seen.
// The last login is the newest of lastlog and wtmp: a login by key without a terminal, su and sudo leave no trace in
// either, and distributions that moved to lastlog2 keep none there, so that absence is not "never". Keys that a command
// hands to sshd (AuthorizedKeysCommand) are not seen.
func collectAccounts(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	passwd, err := env.ReadFileLimit("/etc/passwd", maxPasswd)
	if err != nil {
		return unmeasured("/etc/passwd: " + why(err))
	}
	a := &facts.Accounts{LoginDefs: map[string]string{}, Groups: []facts.Group{}}
	if b, ok := r.file(env, "/etc/login.defs"); ok {
		a.LoginDefs = parseLoginDefs(b)
	}
	users, plus := parsePasswd(passwd)
	if len(users) >= maxUsers {
		r.note("/etc/passwd", "more users than are kept")
	}
	var shadow map[string][]string
	if b, err := env.ReadFileLimit("/etc/shadow", maxPasswd); err == nil {
		shadow, a.ShadowRead = parseColons(b), true
	} else if !env.Exists("/etc/shadow") && env.Lstat("/etc/shadow").Kind == "absent" {
		shadow, a.ShadowRead = map[string][]string{}, true // passwords stand in passwd itself
	} else {
		r.miss("/etc/shadow", err)
	}
	if b, err := env.ReadFileLimit("/etc/group", maxPasswd); err == nil {
		a.Groups = parseGroup(b)
	} else {
		r.miss("/etc/group", err)
	}
	uidMin := uint32(1000)
	if n, err := strconv.ParseUint(a.LoginDefs["UID_MIN"], 0, 32); err == nil {
		uidMin = uint32(n)
	}
	member := membership(a.Groups)
	weak := loadWeakPasswords(env)
	today := int(env.Now.Unix() / 86400)
	for i := range users {
		u := &users[i].User
		u.System = u.UID < uidMin && u.UID != 0
		u.CanLogin = isLoginShell(u.Shell)
		u.Groups = groupsOf(u, a.Groups, member)
		if a.ShadowRead {
			u.Password = passwordState(users[i].hash, shadow[u.Name], today)
			weak.test(u, hashOf(users[i].hash, shadow[u.Name]))
		}
		a.Users = append(a.Users, *u)
	}
	if err := weak.save(); err != nil {
		r.note("state of the passwords", err.Error())
	}
	a.Duplicates = duplicates(a)
	a.NIS = ptr(plus || nisInNsswitch(env))
	a.Shells = readShells(env, &r)
	if b, ok := r.file(env, "/etc/default/useradd"); ok {
		if n, err := strconv.Atoi(shellAssignments(b)["INACTIVE"]); err == nil {
			a.UseraddInactiveDays = &n
		}
	}
	readLastLogins(env, a.Users, &r)
	lookIntoHomes(env, doc, a.Users, &r)
	a.RootPathUnsafe = unsafeRootPath(env, a)
	doc.Accounts = a
	return r.status()
}

// passwdLine is one line of passwd with the password field that stands in it.
type passwdLine struct {
	facts.User
	hash string
}

// parsePasswd reads passwd(5); plus tells of a "+" or "-" line, the old way to bring in NIS.
func parsePasswd(b []byte) (users []passwdLine, plus bool) {
	for _, line := range lines(b) {
		if strings.HasPrefix(line, "+") || strings.HasPrefix(line, "-") {
			plus = true
			continue
		}
		f := strings.Split(line, ":")
		if len(f) < 7 || len(line) > maxLine || f[0] == "" || strings.HasPrefix(f[0], "#") || len(users) >= maxUsers {
			continue
		}
		uid, err1 := strconv.ParseUint(f[2], 10, 32)
		gid, err2 := strconv.ParseUint(f[3], 10, 32)
		if err1 != nil || err2 != nil {
			continue
		}
		users = append(users, passwdLine{
			User: facts.User{Name: f[0], UID: uint32(uid), GID: uint32(gid), Gecos: f[4], Home: f[5], Shell: f[6]},
			hash: f[1],
		})
	}
	return users, plus
}

// parseColons reads a file of colon-separated fields by its first one; the first line of a name counts.
func parseColons(b []byte) map[string][]string {
	out := map[string][]string{}
	for _, line := range lines(b) {
		if len(line) > maxLine {
			continue
		}
		f := strings.Split(line, ":")
		if _, ok := out[f[0]]; !ok && f[0] != "" && len(f) > 1 && len(out) < maxUsers {
			out[f[0]] = f
		}
	}
	return out
}

func parseGroup(b []byte) []facts.Group {
	out := []facts.Group{}
	for _, line := range lines(b) {
		f := strings.Split(line, ":")
		if len(f) < 4 || len(line) > maxLine || f[0] == "" || len(out) >= maxUsers {
			continue
		}
		gid, err := strconv.ParseUint(f[2], 10, 32)
		if err != nil {
			continue
		}
		g := facts.Group{Name: f[0], GID: uint32(gid)}
		for m := range strings.SplitSeq(f[3], ",") {
			if m = strings.TrimSpace(m); m != "" {
				g.Members = append(g.Members, m)
			}
		}
		slices.Sort(g.Members)
		g.Members = slices.Compact(g.Members)
		out = append(out, g)
	}
	return out
}

// parseLoginDefs reads login.defs(5): name, white space, value; the last value of a name wins.
func parseLoginDefs(b []byte) map[string]string {
	out := map[string]string{}
	for _, line := range lines(b) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || len(out) >= 512 {
			continue
		}
		i := strings.IndexAny(line, " \t=")
		if i < 0 {
			continue
		}
		out[line[:i]] = strings.Trim(strings.TrimSpace(line[i+1:]), `"`)
	}
	return out
}

func membership(groups []facts.Group) map[string][]string {
	out := map[string][]string{}
	for _, g := range groups {
		for _, m := range g.Members {
			if !slices.Contains(out[m], g.Name) && len(out[m]) < maxGroupsOfUser {
				out[m] = append(out[m], g.Name)
			}
		}
	}
	return out
}

func groupsOf(u *facts.User, groups []facts.Group, member map[string][]string) []string {
	out := slices.Clone(member[u.Name])
	for _, g := range groups {
		if g.GID == u.GID {
			out = append(out, g.Name)
			break
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// isLoginShell says whether a shell lets somebody in. An empty field means /bin/sh.
func isLoginShell(shell string) bool {
	return !slices.Contains([]string{"nologin", "false", "true", "sync", "halt", "shutdown", "null"}, path.Base(shell))
}

// passwordState tells the state of a password from its field in passwd and its line in shadow; never the hash.
func passwordState(field string, shadow []string, today int) *facts.Password {
	p := &facts.Password{}
	if field == "x" && shadow == nil {
		p.State = "none"
		return p
	}
	hash := hashOf(field, shadow)
	switch {
	case hash == "":
		p.State = "empty"
	case hash[0] == '!' || hash[0] == '*':
		p.State = "locked"
		p.Algorithm = hashAlgorithm(strings.TrimLeft(hash, "!*"))
	default:
		p.State = "set"
		p.Algorithm = cmp.Or(hashAlgorithm(hash), "unknown")
	}
	day := func(i int) *int {
		if i >= len(shadow) {
			return nil
		}
		n, err := strconv.Atoi(shadow[i])
		if err != nil {
			return nil
		}
		return &n
	}
	p.LastChangeDays, p.MinDays, p.MaxDays, p.WarnDays, p.InactiveDays, p.ExpireDays = day(2), day(3), day(4), day(5), day(6), day(7)
	if p.LastChangeDays != nil && *p.LastChangeDays > 0 {
		p.AgeDays = ptr(today - *p.LastChangeDays)
	}
	return p
}

// hashOf returns what stands for the password: the field in passwd, or that in shadow to which it points.
func hashOf(field string, shadow []string) string {
	if field == "x" && len(shadow) > 1 {
		return shadow[1]
	}
	return field
}

// hashAlgorithm names the algorithm of a crypt(5) hash; "" if it is none.
func hashAlgorithm(hash string) string {
	for _, a := range []struct{ prefix, name string }{
		{"$y$", "yescrypt"}, {"$gy$", "gost-yescrypt"}, {"$7$", "scrypt"}, {"$6$", "sha512"}, {"$5$", "sha256"},
		{"$2", "bcrypt"}, {"$sha1", "sha1"}, {"$md5", "sunmd5"}, {"$1$", "md5"}, {"$3$", "nt"}, {"_", "bsdi"},
	} {
		if strings.HasPrefix(hash, a.prefix) {
			return a.name
		}
	}
	if len(hash) == 13 && strings.IndexFunc(hash, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '/')
	}) < 0 {
		return "des"
	}
	return ""
}

// duplicates finds names and numbers that stand twice.
func duplicates(a *facts.Accounts) []facts.Duplicate {
	type key struct{ kind, value string }
	names := map[key][]string{}
	for _, u := range a.Users {
		names[key{"uid", strconv.FormatUint(uint64(u.UID), 10)}] = append(names[key{"uid", strconv.FormatUint(uint64(u.UID), 10)}], u.Name)
		names[key{"user", u.Name}] = append(names[key{"user", u.Name}], u.Name)
	}
	for _, g := range a.Groups {
		names[key{"gid", strconv.FormatUint(uint64(g.GID), 10)}] = append(names[key{"gid", strconv.FormatUint(uint64(g.GID), 10)}], g.Name)
		names[key{"group", g.Name}] = append(names[key{"group", g.Name}], g.Name)
	}
	out := []facts.Duplicate{}
	for _, k := range slices.SortedFunc(maps.Keys(names), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.value, b.value))
	}) {
		if len(names[k]) > 1 {
			out = append(out, facts.Duplicate{Kind: k.kind, Value: k.value, Names: names[k]})
		}
	}
	return out
}

func nisInNsswitch(env *Env) bool {
	b, err := env.ReadFile("/etc/nsswitch.conf")
	if err != nil {
		return false
	}
	for _, line := range lines(b) {
		db, sources, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok || db != "passwd" && db != "shadow" && db != "group" {
			continue
		}
		for s := range strings.FieldsSeq(sources) {
			if s == "nis" || s == "nisplus" || s == "compat" {
				return true
			}
		}
	}
	return false
}

func readShells(env *Env, r *reading) []string {
	b, ok := r.file(env, "/etc/shells")
	if !ok {
		return nil
	}
	out := []string{}
	for _, line := range lines(b) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" && len(out) < 256 {
			out = append(out, line)
		}
	}
	return out
}
