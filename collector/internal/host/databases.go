package host

import (
	"context"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

// collectDatabases reads the configuration of the data base servers that are installed. What is listened on is the
// live answer where there is one, the configured one otherwise.
func collectDatabases(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	d := &facts.Databases{Servers: []facts.Database{}}
	doc.Databases = d
	for _, read := range []func(*Env, *facts.Document, *reading) *facts.Database{postgresql, mysql, redis, mongodb, memcached} {
		db := read(env, doc, &r)
		if db == nil {
			continue
		}
		if db.WillExpose == nil && len(db.Listen) > 0 {
			db.WillExpose = ptr(!allLoopback(db.Listen))
		}
		if db.Exposed == nil {
			db.Exposed = db.WillExpose
		}
		d.Servers = append(d.Servers, *db)
	}
	return r.status()
}

func postgresql(env *Env, doc *facts.Document, r *reading) *facts.Database {
	confs := append(env.Glob("/etc/postgresql/*/*/postgresql.conf"), env.Glob("/var/lib/pgsql/data/postgresql.conf")...)
	confs = append(confs, env.Glob("/var/lib/pgsql/*/data/postgresql.conf")...)
	confs = append(confs, env.Glob("/var/lib/postgresql/*/data/postgresql.conf")...)
	if len(confs) == 0 {
		return nil
	}
	db := &facts.Database{Name: "postgresql", Running: env.running("postgres"), Exposed: exposed(doc, "postgres"), Listen: []string{}}
	tls, auth := true, true
	for _, conf := range confs {
		set := map[string]string{"listen_addresses": "localhost", "ssl": "off"}
		files := append([]string{conf}, env.Glob(path.Join(path.Dir(conf), "conf.d/*.conf"))...)
		files = append(files, env.Glob(path.Join(path.Dir(conf), "postgresql.auto.conf"))...)
		for _, f := range files {
			if b, ok := r.file(env, f); ok {
				db.Files = append(db.Files, f)
				assignments(b, set)
			}
		}
		db.Listen = append(db.Listen, words(set["listen_addresses"])...)
		tls = tls && onOff(set["ssl"])
		hba := path.Join(path.Dir(conf), "pg_hba.conf")
		if b, ok := r.file(env, hba); ok {
			db.Files = append(db.Files, hba)
			auth = auth && !trustsNetwork(b)
		} else {
			return db // who may come in is not known
		}
	}
	db.TLS, db.AuthRequired = &tls, &auth
	return db
}

// assignments reads "name = value" lines as postgresql.conf, redis and others write them: quotes and comments taken off.
func assignments(b []byte, into map[string]string) {
	for _, line := range lines(b) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		i := strings.IndexAny(line, "= \t")
		if i < 0 || len(into) > 4096 {
			continue
		}
		value := strings.TrimSpace(strings.TrimLeft(line[i:], "= \t"))
		if strings.HasPrefix(value, "'") {
			if end := strings.Index(value[1:], "'"); end >= 0 {
				value = value[1 : 1+end]
			}
		} else {
			value, _, _ = strings.Cut(value, "#")
		}
		into[strings.ToLower(line[:i])] = strings.TrimSpace(value)
	}
}

func onOff(s string) bool {
	return slices.Contains([]string{"on", "yes", "true", "1"}, strings.ToLower(s))
}

// trustsNetwork tells whether a line of pg_hba.conf lets the network in without asking.
func trustsNetwork(b []byte) bool {
	for _, line := range lines(b) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 5 || !strings.HasPrefix(f[0], "host") {
			continue
		}
		method := f[4]
		if !strings.Contains(f[3], "/") && len(f) > 5 && strings.Contains(f[4], ".") { // address and mask apart
			method = f[5]
		}
		if method != "trust" {
			continue
		}
		p, err := netip.ParsePrefix(f[3])
		local := err == nil && p.Addr().IsLoopback() || f[3] == "localhost" || strings.HasPrefix(f[3], "127.")
		if !local {
			return true
		}
	}
	return false
}

func mysql(env *Env, doc *facts.Document, r *reading) *facts.Database {
	if !hasPackage(doc, "mariadb-server", "mysql-server", "mysql-community-server", "default-mysql-server") && !env.hasProgram("mariadbd", "mysqld") {
		return nil
	}
	db := &facts.Database{Name: "mysql", Running: env.running("mariadbd", "mysqld"), Exposed: exposed(doc, "mariadbd", "mysqld")}
	if hasPackage(doc, "mariadb-server") || env.hasProgram("mariadbd") {
		db.Name = "mariadb"
	}
	set := map[string]string{}
	first := env.firstExisting("/etc/mysql/my.cnf", "/etc/my.cnf")
	if first == "" {
		r.note("/etc/my.cnf", "not found")
		return db
	}
	env.myCnf(first, set, db, r, 0)
	db.Listen = []string{"*"}
	if v, ok := set["bind_address"]; ok {
		db.Listen = words(v)
	}
	_, none := set["skip_networking"]
	if none {
		db.Listen = []string{"localhost"}
	}
	_, open := set["skip_grant_tables"]
	db.AuthRequired = ptr(!open)
	db.TLS = ptr(onOff(set["require_secure_transport"]) || set["ssl_cert"] != "")
	return db
}

// myCnf reads an option file of MySQL with its !include and !includedir lines; of its groups only the server's.
func (e *Env) myCnf(file string, set map[string]string, db *facts.Database, r *reading, depth int) {
	b, ok := r.file(e, file)
	if !ok || depth > 8 || len(db.Files) >= 256 {
		return
	}
	db.Files = append(db.Files, file)
	server := false
	for _, line := range lines(b) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case strings.HasPrefix(line, "!includedir "):
			for _, f := range e.Glob(path.Join(strings.TrimSpace(line[12:]), "*.cnf")) {
				e.myCnf(f, set, db, r, depth+1)
			}
		case strings.HasPrefix(line, "!include "):
			e.myCnf(strings.TrimSpace(line[9:]), set, db, r, depth+1)
		case line[0] == '[':
			group := strings.Trim(line, "[]")
			server = slices.Contains([]string{"mysqld", "mariadb", "mariadbd", "server", "mysqld-5.7", "mysqld-8.0"}, group) || strings.HasPrefix(group, "mariadb-")
		case server:
			k, v, _ := strings.Cut(line, "=")
			v, _, _ = strings.Cut(v, "#")
			set[strings.ReplaceAll(strings.ToLower(strings.TrimSpace(k)), "-", "_")] = strings.Trim(strings.TrimSpace(v), `"'`)
		}
	}
}

func redis(env *Env, doc *facts.Document, r *reading) *facts.Database {
	conf := env.firstExisting("/etc/redis/redis.conf", "/etc/redis.conf", "/etc/valkey/valkey.conf")
	if conf == "" {
		return nil
	}
	db := &facts.Database{Name: "redis", Running: env.running("redis-server", "valkey-server"), Exposed: exposed(doc, "redis-server", "valkey-server")}
	b, ok := r.file(env, conf)
	if !ok {
		return db
	}
	db.Files = []string{conf}
	set := map[string]string{"protected-mode": "yes", "bind": "*"}
	assignments(b, set)
	for _, a := range words(set["bind"]) {
		db.Listen = append(db.Listen, strings.TrimPrefix(a, "-"))
	}
	// Protected mode answers loopback only while no password is set.
	asks := set["requirepass"] != "" && set["requirepass"] != `""` || set["aclfile"] != "" || strings.Contains(set["user"], ">")
	if !asks && onOff(set["protected-mode"]) {
		db.Exposed, db.WillExpose = ptr(false), ptr(false)
	}
	db.AuthRequired = ptr(asks || onOff(set["protected-mode"]) || allLoopback(db.Listen))
	db.TLS = ptr(set["tls-port"] != "" && set["tls-port"] != "0")
	return db
}

func mongodb(env *Env, doc *facts.Document, r *reading) *facts.Database {
	conf := env.firstExisting("/etc/mongod.conf", "/etc/mongodb.conf")
	if conf == "" {
		return nil
	}
	db := &facts.Database{Name: "mongodb", Running: env.running("mongod"), Exposed: exposed(doc, "mongod")}
	b, ok := r.file(env, conf)
	if !ok {
		return db
	}
	db.Files = []string{conf}
	set := map[string]string{"bindip": "localhost"}
	for _, line := range lines(b) { // YAML, or name = value; the names we ask for are unique in it
		line, _, _ = strings.Cut(line, "#")
		for _, sep := range []string{":", "="} {
			if k, v, ok := strings.Cut(line, sep); ok && strings.TrimSpace(v) != "" && len(set) < 1024 {
				set[strings.ToLower(strings.TrimSpace(k))] = strings.Trim(strings.TrimSpace(v), `"'`)
				break
			}
		}
	}
	db.Listen = words(set["bindip"])
	if onOff(set["bindipall"]) {
		db.Listen = []string{"*"}
	}
	db.AuthRequired = ptr(set["authorization"] == "enabled" || onOff(set["auth"]))
	mode := strings.ToLower(set["mode"])
	db.TLS = ptr(mode == "requiretls" || mode == "prefertls" || mode == "requiressl")
	return db
}

func memcached(env *Env, doc *facts.Document, r *reading) *facts.Database {
	if !env.Exists("/etc/memcached.conf") {
		return nil
	}
	db := &facts.Database{Name: "memcached", Running: env.running("memcached"), Exposed: exposed(doc, "memcached"), Listen: []string{}}
	b, ok := r.file(env, "/etc/memcached.conf")
	if !ok {
		return db
	}
	db.Files = []string{"/etc/memcached.conf"}
	for _, line := range lines(b) {
		if f := strings.Fields(line); len(f) >= 2 && (f[0] == "-l" || f[0] == "--listen") {
			db.Listen = append(db.Listen, words(f[1])...)
		}
	}
	if len(db.Listen) == 0 {
		db.Listen = []string{"*"} // memcached's own default
	}
	db.AuthRequired = ptr(allLoopback(db.Listen)) // it never asks; only loopback keeps strangers out
	return db
}
