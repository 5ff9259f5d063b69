package host

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

const (
	maxWebFiles  = 512
	maxWebTokens = 200_000
)

// collectWebServers reads the configuration of the HTTP servers that are installed.
func collectWebServers(_ context.Context, env *Env, doc *facts.Document) facts.Status {
	var r reading
	w := &facts.WebServers{Servers: []facts.WebServer{}}
	doc.WebServers = w
	if env.Exists("/etc/nginx/nginx.conf") && (env.hasProgram("nginx") || hasPackage(doc, "nginx", "nginx-core", "nginx-light", "nginx-full", "nginx-ssl")) {
		w.Servers = append(w.Servers, env.nginx(&r))
	}
	if conf := env.firstExisting("/etc/apache2/apache2.conf", "/etc/httpd/conf/httpd.conf", "/etc/apache2/httpd.conf"); conf != "" && env.hasProgram("apache2", "httpd") {
		w.Servers = append(w.Servers, env.apache(conf, &r))
	}
	for _, other := range []struct{ name, program string }{{"lighttpd", "lighttpd"}, {"caddy", "caddy"}, {"uhttpd", "uhttpd"}} {
		if env.hasProgram(other.program) {
			w.Servers = append(w.Servers, facts.WebServer{Name: other.name, Running: env.running(other.program)})
		}
	}
	for i := range w.Servers {
		s := &w.Servers[i]
		if live := exposed(doc, s.Name, "httpd"); live != nil && !*live && s.PlainHTTPOnly != nil {
			s.PlainHTTPOnly = ptr(false) // nothing beyond loopback answers
		}
	}
	return r.status()
}

// nginxDirective is one directive with its arguments and the names of the blocks it stands in.
type nginxDirective struct {
	name   string
	args   []string
	blocks []string
}

func (e *Env) nginx(r *reading) facts.WebServer {
	s := facts.WebServer{Name: "nginx", Running: e.running("nginx"), ServerTokens: "on", Autoindex: ptr(false), HSTS: ptr(false)}
	var all []nginxDirective
	e.nginxFile("/etc/nginx/nginx.conf", nil, &all, &s, r)
	plain, tls := false, false
	for _, d := range all {
		switch d.name {
		case "user":
			s.User = first(d.args)
		case "ssl_protocols":
			for _, p := range d.args {
				if !slices.Contains(s.TLSProtocols, p) {
					s.TLSProtocols = append(s.TLSProtocols, p)
				}
			}
		case "server_tokens":
			s.ServerTokens = strings.ToLower(first(d.args))
		case "autoindex":
			if strings.EqualFold(first(d.args), "on") {
				s.Autoindex = ptr(true)
			}
		case "add_header":
			if strings.EqualFold(first(d.args), "Strict-Transport-Security") {
				s.HSTS = ptr(true)
			}
		case "listen":
			if !slices.Contains(d.blocks, "server") || slices.Contains(d.blocks, "mail") || slices.Contains(d.blocks, "stream") {
				continue
			}
			switch addr := first(d.args); {
			case slices.Contains(d.args, "ssl") || slices.Contains(d.args, "quic"):
				tls = true
			case !loopbackName(hostOf(addr)):
				plain = true
			}
		case "ssl":
			if strings.EqualFold(first(d.args), "on") {
				tls = true
			}
		}
	}
	s.PlainHTTPOnly = ptr(plain && !tls)
	return s
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// hostOf returns the address of "address:port", "" for a port alone.
func hostOf(listen string) string {
	if strings.HasPrefix(listen, "[") {
		host, _, _ := strings.Cut(listen[1:], "]")
		return host
	}
	if strings.HasPrefix(listen, "unix:") {
		return listen
	}
	host, _, ok := strings.Cut(listen, ":")
	if !ok && strings.Trim(listen, "0123456789") == "" {
		return ""
	}
	return host
}

func (e *Env) nginxFile(file string, blocks []string, out *[]nginxDirective, s *facts.WebServer, r *reading) {
	if len(s.Files) >= maxWebFiles || slices.Contains(s.Files, file) {
		return
	}
	b, ok := r.file(e, file)
	if !ok {
		return
	}
	s.Files = append(s.Files, file)
	for _, d := range nginxParse(b, blocks) {
		if d.name != "include" {
			*out = append(*out, d)
			continue
		}
		pattern := first(d.args)
		if !strings.HasPrefix(pattern, "/") {
			pattern = path.Join("/etc/nginx", pattern)
		}
		for _, f := range e.Glob(pattern) {
			e.nginxFile(f, d.blocks, out, s, r)
		}
	}
}

// nginxParse reads directives: words up to ";", or up to "{", which opens a block.
func nginxParse(b []byte, outer []string) []nginxDirective {
	var out []nginxDirective
	var words []string
	blocks := slices.Clone(outer)
	for i, n := 0, 0; i < len(b) && n < maxWebTokens; n++ {
		switch c := b[i]; c {
		case ' ', '\t', '\n', '\r':
			i++
		case '#':
			for i < len(b) && b[i] != '\n' {
				i++
			}
		case ';', '{', '}':
			i++
			if c == ';' && len(words) > 0 {
				out = append(out, nginxDirective{words[0], words[1:], slices.Clone(blocks)})
			}
			if c == '{' {
				blocks = append(blocks, first(words))
			}
			if c == '}' && len(blocks) > len(outer) {
				blocks = blocks[:len(blocks)-1]
			}
			words = nil
		default:
			var word string
			word, i = nginxWord(b, i)
			words = append(words, word)
		}
	}
	return out
}

func nginxWord(b []byte, i int) (string, int) {
	var w []byte
	if q := b[i]; q == '"' || q == '\'' {
		for i++; i < len(b) && b[i] != q; i++ {
			if b[i] == '\\' && i+1 < len(b) {
				i++
			}
			w = append(w, b[i])
		}
		return string(w), min(i+1, len(b))
	}
	for ; i < len(b) && !strings.ContainsRune(" \t\r\n;{}", rune(b[i])); i++ {
		if b[i] == '$' && i+1 < len(b) && b[i+1] == '{' { // ${name}
			for i < len(b) && b[i] != '}' {
				w = append(w, b[i])
				i++
			}
			if i == len(b) {
				break
			}
		}
		w = append(w, b[i])
	}
	return string(w), i
}

func (e *Env) apache(conf string, r *reading) facts.WebServer {
	s := facts.WebServer{Name: "apache2", Running: e.running("apache2", "httpd"), ServerTokens: "Full", Autoindex: ptr(false), HSTS: ptr(false)}
	root := "/etc/apache2"
	if strings.HasPrefix(conf, "/etc/httpd") {
		root = "/etc/httpd"
	}
	var plain, tls bool
	visit := func(name string, args []string) {
		switch name {
		case "user":
			s.User = first(args)
		case "servertokens":
			s.ServerTokens = first(args)
		case "sslprotocol":
			for _, p := range apacheProtocols(args) {
				if !slices.Contains(s.TLSProtocols, p) {
					s.TLSProtocols = append(s.TLSProtocols, p)
				}
			}
		case "options":
			if slices.ContainsFunc(args, func(a string) bool {
				return strings.EqualFold(strings.TrimPrefix(a, "+"), "Indexes") || strings.EqualFold(a, "All")
			}) {
				s.Autoindex = ptr(true)
			}
		case "sslengine":
			tls = tls || strings.EqualFold(first(args), "on")
		case "listen":
			tls = tls || len(args) > 1 && strings.EqualFold(args[1], "https")
			plain = plain || !loopbackName(hostOf(first(args)))
		case "header":
			if slices.ContainsFunc(args, func(a string) bool { return strings.EqualFold(a, "Strict-Transport-Security") }) {
				s.HSTS = ptr(true)
			}
		}
	}
	e.apacheFile(conf, root, visit, &s, r, 0)
	s.PlainHTTPOnly = ptr(plain && !tls)
	return s
}

func (e *Env) apacheFile(file, root string, visit func(string, []string), s *facts.WebServer, r *reading, depth int) {
	if len(s.Files) >= maxWebFiles || depth > 16 {
		return
	}
	b, ok := r.file(e, file)
	if !ok {
		return
	}
	s.Files = append(s.Files, file)
	for line := range strings.Lines(strings.ReplaceAll(string(b), "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == '<' {
			continue
		}
		f := fieldsQuoted(line)
		name := strings.ToLower(first(f))
		if (name == "include" || name == "includeoptional") && len(f) > 1 {
			pattern := f[1]
			if !strings.HasPrefix(pattern, "/") {
				pattern = path.Join(root, pattern)
			}
			for _, g := range e.Glob(pattern) {
				e.apacheFile(g, root, visit, s, r, depth+1)
			}
			continue
		}
		if len(f) > 0 {
			visit(name, f[1:])
		}
	}
}

// apacheProtocols resolves an SSLProtocol list: a bare name sets, + adds, - takes away; all is what present OpenSSL has.
func apacheProtocols(args []string) []string {
	var on []string
	names := []string{"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}
	canonical := func(p string) []string {
		if strings.EqualFold(p, "all") {
			return names
		}
		for _, n := range append([]string{"SSLv3"}, names...) {
			if strings.EqualFold(n, p) {
				return []string{n}
			}
		}
		return nil
	}
	for i, a := range args {
		if a == "" {
			continue
		}
		switch a[0] {
		case '-':
			off := canonical(a[1:])
			on = slices.DeleteFunc(slices.Clone(on), func(p string) bool { return slices.Contains(off, p) })
		case '+':
			on = append(on, canonical(a[1:])...)
		default:
			if i == 0 || !strings.EqualFold(a, "all") {
				on = append(on, canonical(a)...)
			} else {
				on = slices.Clone(names)
			}
		}
	}
	return on
}
