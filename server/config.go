package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Config is the server's configuration file, YAML. Every field may be left out; unknown keys are refused.
type Config struct {
	// State is the folder of the CA and of the SQLite database; "": /var/lib/vymir-server.
	State string `yaml:"state"`
	// Database is a PostgreSQL DSN (postgres://...) or an SQLite file; "": vymir.db in State.
	Database string `yaml:"database"`
	Agents   Agents `yaml:"agents"`
	Web      Web    `yaml:"web"`
	CA       CAKeys `yaml:"ca"`
	OIDC     OIDC   `yaml:"oidc"`
	// Webhooks are the addresses that administrators have told what happens.
	Webhooks Webhooks `yaml:"webhooks"`
	// Metrics is where Prometheus asks, plain HTTP: an address of this machine only.
	Metrics Metrics `yaml:"metrics"`
	Keep    Keep    `yaml:"keep"`
	Log     Log     `yaml:"log"`
}

// Webhooks says which addresses may be called.
type Webhooks struct {
	// Private allows addresses of private networks, and plain http: whoever may add a webhook can then reach from here what
	// this machine can.
	Private bool `yaml:"allow_private"`
}

// OIDC is an OpenID Connect provider that people may sign in by, beside local accounts. The address it sends people
// back to is web.address followed by /sign-in/oidc/callback.
type OIDC struct {
	Issuer     string `yaml:"issuer"` // https:// address; "": none
	ClientID   string `yaml:"client_id"`
	SecretFile string `yaml:"client_secret_file"` // "": a public client
	Name       string `yaml:"name"`               // what the button says; "": the issuer's host
	// ByEmail ties an account on its first sign-in to the user whose login is its verified e-mail address.
	ByEmail bool `yaml:"by_email"`
}

// check fills in defaults and refuses what is not safe.
func (o *OIDC) check() error {
	if o.Issuer == "" {
		if *o != (OIDC{}) {
			return errors.New("oidc.issuer: is needed with the other settings of oidc")
		}
		return nil
	}
	u, err := url.Parse(o.Issuer)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("oidc.issuer: %q must be an https:// address", o.Issuer)
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme != "https" && (u.Scheme != "http" || ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("oidc.issuer: %q is not https: anybody on the way could sign in as anybody", o.Issuer)
	}
	if o.ClientID == "" {
		return errors.New("oidc.client_id: is needed")
	}
	if o.Name == "" {
		o.Name = u.Hostname()
	}
	return nil
}

// Keep says for how many days the record is kept; what holds now, and what people did, is always kept.
type Keep struct {
	ItemsDays   int `yaml:"items_days"`   // items as they arrived; 0: 35, -1: for ever
	HistoryDays int `yaml:"history_days"` // how far back a past date can be read; 0: 1096, -1: for ever
}

// retention is k for the store.
func (k Keep) retention() store.Retention {
	days := func(n int) time.Duration { return time.Duration(max(n, 0)) * 24 * time.Hour }
	return store.Retention{Items: days(k.ItemsDays), History: days(k.HistoryDays)}
}

// Metrics is where the counters are read.
type Metrics struct {
	Listen string `yaml:"listen"` // loopback host:port, e.g. 127.0.0.1:9464; "": nowhere
}

// CAKeys says how the CA's keys are kept. The zero value keeps them as plain files, readable by the server's user only.
type CAKeys struct {
	PassphraseFile string   `yaml:"passphrase_file"` // file with the passphrase that encrypts key files (age)
	IdentityFile   string   `yaml:"identity_file"`   // file of age identities that open key files instead
	Signer         []string `yaml:"signer"`          // command that signs by the issuing key where it is, for PKCS #11; see docs/operate/server.md
}

func (c *CAKeys) check() error {
	if c.PassphraseFile != "" && c.IdentityFile != "" {
		return errors.New("ca: passphrase_file and identity_file exclude each other")
	}
	if len(c.Signer) > 0 && !filepath.IsAbs(c.Signer[0]) {
		return fmt.Errorf("ca.signer: program %q is not named by its whole path", c.Signer[0])
	}
	return nil
}

// KeyOptions reads what opens the CA's keys.
func (c *CAKeys) KeyOptions() (o enrol.KeyOptions, err error) {
	o.Signer = c.Signer
	if c.PassphraseFile != "" {
		if o.Passphrase, err = readSecret(c.PassphraseFile); err != nil {
			return o, fmt.Errorf("ca.passphrase_file: %w", err)
		}
	}
	if c.IdentityFile != "" {
		if o.Identities, err = readSecret(c.IdentityFile); err != nil {
			return o, fmt.Errorf("ca.identity_file: %w", err)
		}
	}
	return o, nil
}

// OpenCA opens the CA of this configuration, or makes one.
func (c *Config) OpenCA(now time.Time) (*enrol.CA, error) {
	o, err := c.CA.KeyOptions()
	if err != nil {
		return nil, err
	}
	return enrol.OpenCAWith(filepath.Join(c.State, "ca"), o, now)
}

// Agents is where hosts report to.
type Agents struct {
	Listen string `yaml:"listen"` // host:port for UDP and TCP alike; "": :7443
	// Address is the host:port that hosts call; it stands in every enrolment token. "": Listen when that names a
	// host, else this machine's name with the port of Listen.
	Address string `yaml:"address"`
	// CheckIns bounds how many check-ins are worked on at once; 0: 64.
	CheckIns int `yaml:"check_ins"`
}

// Web is where people look.
type Web struct {
	Listen string `yaml:"listen"` // host:port, HTTPS; "": 127.0.0.1:8443
	// Address is the https:// address people call, as links name it; "": made from Listen.
	Address     string `yaml:"address"`
	Certificate string `yaml:"certificate"` // PEM file; "": a certificate by the server's own CA, which browsers warn of
	Key         string `yaml:"key"`         // PEM file, readable by the server's user only
}

// Log says what is logged, to standard error.
type Log struct {
	Level  slog.Level `yaml:"level"`  // debug, info (default), warn, error
	Format string     `yaml:"format"` // text (default) or json
}

// DefaultState is where the server keeps its data unless told otherwise.
const DefaultState = "/var/lib/vymir-server"

// maxConfigBytes bounds the configuration file.
const maxConfigBytes = 1 << 20

// ReadConfig reads a configuration file and checks it; see [Config.Check].
func ReadConfig(name string) (Config, error) {
	f, err := os.Open(name)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxConfigBytes+1))
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	c, err := ParseConfig(b)
	if err != nil {
		return c, fmt.Errorf("configuration %s: %w", name, err)
	}
	if info, err := f.Stat(); err == nil && info.Mode().Perm()&0o004 != 0 && c.holdsPassword() {
		return c, fmt.Errorf("configuration %s holds a database password and everybody can read it: make it mode 0640 or stricter", name)
	}
	return c, nil
}

// ParseConfig reads a configuration from YAML and checks it. Empty text is the default configuration.
func ParseConfig(text []byte) (Config, error) {
	var c Config
	if len(text) > maxConfigBytes {
		return c, errors.New("larger than 1 MiB")
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, err
	}
	return c, c.Check()
}

// Check fills in defaults and refuses what cannot work or is not safe.
func (c *Config) Check() error {
	if c.State == "" {
		c.State = DefaultState
	}
	if c.Database == "" {
		c.Database = filepath.Join(c.State, "vymir.db")
	}
	if c.Agents.Listen == "" {
		c.Agents.Listen = ":7443"
	}
	if c.Web.Listen == "" {
		c.Web.Listen = "127.0.0.1:8443"
	}
	for key, addr := range map[string]string{"agents.listen": c.Agents.Listen, "web.listen": c.Web.Listen} {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return fmt.Errorf("%s: %q must be HOST:PORT: %w", key, addr, err)
		}
	}
	if c.Agents.Address == "" {
		c.Agents.Address = reachable(c.Agents.Listen)
	}
	if _, port, _ := net.SplitHostPort(c.Agents.Address); port != "0" {
		if err := wire.CheckAddress(c.Agents.Address); err != nil {
			return fmt.Errorf("agents.address: %w", err)
		}
	}
	if c.Agents.CheckIns < 0 {
		return errors.New("agents.check_ins: must not be negative")
	}
	for _, k := range []struct {
		key   string
		value *int
		usual int
	}{{"keep.items_days", &c.Keep.ItemsDays, 35}, {"keep.history_days", &c.Keep.HistoryDays, 1096}} {
		if *k.value < -1 {
			return fmt.Errorf("%s: must be a number of days, or -1 to keep for ever", k.key)
		}
		if *k.value == 0 {
			*k.value = k.usual
		}
	}
	if c.Web.Address == "" {
		c.Web.Address = "https://" + reachable(c.Web.Listen)
	}
	u, err := url.Parse(c.Web.Address)
	if err != nil || u.Host == "" || (u.Path != "" && u.Path != "/") {
		return fmt.Errorf("web.address: %q must be https://HOST or https://HOST:PORT", c.Web.Address)
	}
	if u.Scheme != "https" {
		return fmt.Errorf("web.address: %q is not https: sessions would travel readable", c.Web.Address)
	}
	c.Web.Address = strings.TrimSuffix(c.Web.Address, "/")
	if (c.Web.Certificate == "") != (c.Web.Key == "") {
		return errors.New("web.certificate and web.key belong together: give both or neither")
	}
	if err := c.CA.check(); err != nil {
		return err
	}
	if err := c.OIDC.check(); err != nil {
		return err
	}
	if m := c.Metrics.Listen; m != "" {
		host, _, err := net.SplitHostPort(m)
		if ip := net.ParseIP(host); err != nil || (host != "localhost" && (ip == nil || !ip.IsLoopback())) {
			return fmt.Errorf("metrics.listen: %q must be HOST:PORT of this machine (127.0.0.1:9464): it answers everybody, unencrypted", m)
		}
	}
	switch c.Log.Format {
	case "", "text", "json":
	default:
		return fmt.Errorf("log.format: %q must be text or json", c.Log.Format)
	}
	return nil
}

// reachable turns a listening address into one to call.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		if host, err = os.Hostname(); err != nil || host == "" {
			host = "localhost"
		}
	}
	return net.JoinHostPort(host, port)
}

// holdsPassword reports whether the DSN has a password in it.
func (c *Config) holdsPassword() bool {
	u, err := url.Parse(c.Database)
	if err != nil {
		return true // unreadable: it may
	}
	if q := u.Query(); q.Has("password") || q.Has("sslpassword") {
		return true
	}
	_, set := u.User.Password()
	return set
}

// Logger makes the log that c asks for, to w.
func (c *Config) Logger(w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.Log.Level}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// DatabaseName is the database without its password, which a DSN can hold in two places.
func (c *Config) DatabaseName() string {
	u, err := url.Parse(c.Database)
	if err != nil {
		scheme, _, _ := strings.Cut(c.Database, "://")
		return scheme + "://(unreadable)" // nobody knows where a password stands in it
	}
	if q := u.Query(); q.Has("password") || q.Has("sslpassword") {
		for _, k := range []string{"password", "sslpassword"} {
			if q.Has(k) {
				q.Set(k, "xxxxx")
			}
		}
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}

// Write prints the configuration as YAML, without the database's password.
func (c *Config) Write(w io.Writer) error {
	shown := *c
	shown.Database = c.DatabaseName()
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(shown); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return e.Close()
}
