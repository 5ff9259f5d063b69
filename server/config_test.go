package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseConfig(t *testing.T) {
	for _, c := range []struct {
		name, text, want string // want: "" accepted, else part of the error
	}{
		{"empty", "", ""},
		{"whole", "state: /tmp/x\ndatabase: postgres://u@h/d\nagents: {listen: ':7443', address: 'vymir.gov.ua:7443', check_ins: 9}\nweb: {listen: '0.0.0.0:443', address: 'https://vymir.gov.ua'}\nlog: {level: debug, format: json}", ""},
		{"unknown-key", "agnets: {}", "agnets"},
		{"no-port", "agents: {listen: everywhere}", "agents.listen"},
		{"plain-http", "web: {address: 'http://vymir.gov.ua'}", "not https"},
		{"path", "web: {address: 'https://vymir.gov.ua/x'}", "web.address"},
		{"key-alone", "web: {key: /etc/x.pem}", "belong together"},
		{"log-format", "log: {format: xml}", "log.format"},
		{"log-level", "log: {level: loud}", "level"},
		{"metrics-open", "metrics: {listen: '0.0.0.0:9464'}", "metrics.listen"},
		{"metrics", "metrics: {listen: '127.0.0.1:9464'}", ""},
		{"negative", "agents: {check_ins: -1}", "check_ins"},
		{"oidc", "oidc: {issuer: 'https://id.gov.ua', client_id: vymir}", ""},
		{"oidc-plain", "oidc: {issuer: 'http://id.gov.ua', client_id: vymir}", "not https"},
		{"oidc-no-client", "oidc: {issuer: 'https://id.gov.ua'}", "client_id"},
		{"oidc-no-issuer", "oidc: {client_id: vymir}", "oidc.issuer"},
		{"keep-for-ever", "keep: {items_days: -1, history_days: 90}", ""},
		{"keep-nonsense", "keep: {items_days: -2}", "keep.items_days"},
		{"no-yaml", "a: [", "yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseConfig([]byte(c.text))
			if (c.want == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestReadConfigGuardsPassword(t *testing.T) {
	name := filepath.Join(t.TempDir(), "server.yaml")
	for _, dsn := range []string{"postgres://u:secret@h/d", "postgres://u@h/d?password=secret", "postgres://u@h/d?sslpassword=secret"} {
		for mode, want := range map[os.FileMode]bool{0o644: false, 0o640: true} {
			if err := os.WriteFile(name, []byte("database: "+dsn), mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(name, mode); err != nil {
				t.Fatal(err)
			}
			if _, err := ReadConfig(name); (err == nil) != want || err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("%s, mode %04o: %v", dsn, mode, err)
			}
		}
	}
}

func TestStateFolderIsPrivate(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	c, err := ParseConfig([]byte("state: " + dir))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), c, nil); err == nil || !strings.Contains(err.Error(), "written by others") {
		t.Errorf("got %v", err)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte("state: /tmp\nweb: {listen: ':1'}"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseConfig(text)
		if err == nil && (c.State == "" || c.Web.Listen == "") {
			t.Error("accepted without defaults")
		}
	})
}
