package agent

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/internal/osvscan"
	"github.com/vymir-project/vymir/agent/internal/redact"
	"github.com/vymir-project/vymir/agent/internal/schedule"
	"github.com/vymir-project/vymir/agent/internal/tpm"
	"github.com/vymir-project/vymir/agent/wire"
)

// DefaultConfigPath is read when no other file is named; it need not exist.
const DefaultConfigPath = "/etc/vymir/agent.yaml"

// Config is the agent's configuration: one YAML file, every setting optional, unknown settings refused.
type Config struct {
	StateDir         string                    `yaml:"state_dir"`         // identity, outbox, memory; empty: /var/lib/vymir, for others than root below their home
	Socket           string                    `yaml:"socket"`            // the daemon's unix socket; empty: /run/vymir/agent.sock, or in state_dir when that is not the usual one
	Language         string                    `yaml:"language"`          // uk or en; empty: from the environment
	Role             string                    `yaml:"role"`              // server, workstation or appliance; empty: found
	Baselines        []string                  `yaml:"baselines"`         // empty: essential and the role's
	Params           map[string]map[string]any `yaml:"params"`            // control id → name → value
	Scope            []ScopeEntry              `yaml:"scope"`             // controls left out on this host, with the reason
	AssessInterval   Duration                  `yaml:"assess_interval"`   // 0: 1h
	CheckInInterval  Duration                  `yaml:"check_in_interval"` // 0: 1h
	UnchangedEvery   Duration                  `yaml:"unchanged_every"`   // an assessment that changed nothing is sent this often; 0: 24h
	Consent          redact.Consent            `yaml:"consent"`           // what leaves this host; empty: minimal
	TPM              TPMConfig                 `yaml:"tpm"`               // where the host's key is made at enrolment
	Uplink           UplinkConfig              `yaml:"uplink"`
	Outbox           OutboxConfig              `yaml:"outbox"`
	Probes           ProbesConfig              `yaml:"probes"`
	Starlink         StarlinkConfig            `yaml:"starlink"`
	AcceptDirectives AcceptDirectives          `yaml:"accept_directives"`
	OSVScan          OSVScanConfig             `yaml:"osvscan"`     // packages of programming languages; empty: not scanned
	Banned           string                    `yaml:"banned"`      // signed list of software that must not be used; empty: /etc/vymir/banned.pack, which may be absent
	BundleKeys       string                    `yaml:"bundle_keys"` // file of minisign public keys of policy bundles; empty: /etc/vymir/bundle.pub. Absent: those given at enrolment
}

// UplinkConfig says how to reach the server.
type UplinkConfig struct {
	Protocol     string `yaml:"protocol"`      // auto, quic or tcp; empty: auto
	MonthlyBytes uint64 `yaml:"monthly_bytes"` // at the IP layer, both ways; when used up only urgent results go at once; 0: no limit

	Metered         string   `yaml:"metered"`          // whether the link costs by the byte: auto (as NetworkManager says, a Starlink dish, or a mobile modem), yes, no; empty: auto
	MeteredBytes    uint64   `yaml:"metered_bytes"`    // as monthly_bytes, over metered links alone; 0: 2,000,000
	MeteredInterval Duration `yaml:"metered_interval"` // distance of check-ins on a metered link, unless the usual one is longer; 0: 3h
}

// TPMConfig says whether the host's key is made in its TPM 2.0. It counts at enrolment: a key stays where it was made.
type TPMConfig struct {
	Use    string `yaml:"use"`    // auto: where there is one; require: enrolment fails without; off: in a file. Empty: auto
	Device string `yaml:"device"` // empty: /dev/tpmrm0; a software TPM's unix socket is taken too
}

// OutboxConfig bounds what waits on disk.
type OutboxConfig struct {
	MaxBytes int64 `yaml:"max_bytes"` // 0: 16 MiB
	MaxItems int   `yaml:"max_items"` // 0: 2,000
}

// ProbesConfig says what the daemon watches in the kernel.
type ProbesConfig struct {
	Disable bool     `yaml:"disable"` // watch nothing
	Exclude []string `yaml:"exclude"` // events left out, as `vymir-agent doctor` names them

	MaxEntries int `yaml:"max_entries"` // programs and peers to keep, each; 0: 4096
}

// StarlinkConfig says whether a dish on the local network is asked, once with each assessment, how it is and whether its link is metered.
type StarlinkConfig struct {
	Disable bool           `yaml:"disable"` // ask nothing
	Address netip.AddrPort `yaml:"address"` // private; empty: 192.168.100.1:9200, where the way there can lead to a dish
}

func (c *StarlinkConfig) check() error {
	a := c.Address.Addr().Unmap()
	if c.Address.IsValid() && !a.IsPrivate() && !a.IsLoopback() && !a.IsLinkLocalUnicast() {
		return fmt.Errorf("starlink.address %s is not one of a private network", c.Address)
	}
	return nil
}

// AcceptDirectives says which of a server's wishes this host does not follow. Wishes that narrow consent are always followed.
type AcceptDirectives struct {
	RefuseInterval   bool `yaml:"refuse_interval"`    // keep the interval of this file
	RefuseMeasureNow bool `yaml:"refuse_measure_now"` // measure by this file's schedule only
	RefuseBundle     bool `yaml:"refuse_bundle"`      // judge by the policies this program carries only
}

// OSVScanConfig sets up vymir-osvscan, the optional scanner for packages of programming languages.
type OSVScanConfig struct {
	Program    string   `yaml:"program"`      // path of vymir-osvscan; empty: /usr/lib/vymir/vymir-osvscan
	Data       string   `yaml:"data"`         // folder with OSV data, <Ecosystem>/all.zip; empty: nothing is scanned
	Paths      []string `yaml:"paths"`        // what to look at; empty: /opt, /srv, /usr/local, /var/www, /home, /root
	Every      Duration `yaml:"every"`        // not more often than this; 0: 24h
	Time       Duration `yaml:"time"`         // budget of one scan; 0: 5m
	MemoryMiB  int      `yaml:"memory_mib"`   // cap of one scan; 0: 512
	MaxAgeDays int      `yaml:"max_age_days"` // older data measure nothing; 0: 30
}

func (c *OSVScanConfig) check() error {
	switch {
	case c.Every < 0 || c.Time < 0 || c.Time != 0 && time.Duration(c.Time) < time.Second || time.Duration(c.Time) > 10*time.Minute:
		return errors.New("osvscan.every is not negative, osvscan.time from 1s to 10m")
	case c.MemoryMiB != 0 && (c.MemoryMiB < 64 || c.MemoryMiB > 65536):
		return fmt.Errorf("osvscan.memory_mib %d, from 64 to 65536", c.MemoryMiB)
	case c.MaxAgeDays < 0:
		return fmt.Errorf("osvscan.max_age_days %d is negative", c.MaxAgeDays)
	}
	for _, p := range append([]string{c.Program, c.Data}, c.Paths...) {
		if p != "" && !filepath.IsAbs(p) {
			return fmt.Errorf("osvscan: path %q is not absolute", p)
		}
	}
	return nil
}

func (c *Config) osvscanOptions() osvscan.Options {
	s := c.OSVScan
	o := osvscan.Options{
		Program: cmp.Or(s.Program, "/usr/lib/vymir/vymir-osvscan"), Data: s.Data, Paths: s.Paths, Every: cmp.Or(time.Duration(s.Every), 24*time.Hour),
		Time: cmp.Or(time.Duration(s.Time), 5*time.Minute), MemoryMiB: cmp.Or(s.MemoryMiB, 512), MaxAgeDays: cmp.Or(s.MaxAgeDays, 30), Dir: filepath.Join(c.StateDir, "collector"),
	}
	if len(o.Paths) == 0 {
		o.Paths = []string{"/opt", "/srv", "/usr/local", "/var/www", "/home", "/root"}
	}
	return o
}

// Duration is a time.Duration written as "1h30m".
type Duration time.Duration

// UnmarshalYAML reads "1h30m".
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is not a duration such as 1h or 30m", n.Line, n.Value)
	}
	*d = Duration(v)
	return nil
}

// MarshalYAML writes "1h30m0s".
func (d Duration) MarshalYAML() (any, error) { return time.Duration(d).String(), nil }

// ErrConfig is wrapped by every error about the content of a configuration.
var ErrConfig = errors.New("configuration")

const (
	defaultStateDir = "/var/lib/vymir"
	defaultSocket   = "/run/vymir/agent.sock"

	// DefaultBundleKeys is where the administrator may put the public keys of policy bundles.
	DefaultBundleKeys = "/etc/vymir/bundle.pub"
	maxConfigBytes    = 1 << 20
)

// LoadConfig reads the file at path, checks it and fills in what is not set. An empty path is [DefaultConfigPath], which may be absent.
func LoadConfig(path string) (Config, error) {
	named := path != ""
	if !named {
		path = DefaultConfigPath
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return ParseConfig(nil)
	}
	if err != nil {
		return Config{}, fmt.Errorf("read %w: %w", ErrConfig, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxConfigBytes+1))
	if err != nil {
		return Config{}, fmt.Errorf("read %w: %w", ErrConfig, err)
	}
	if len(b) > maxConfigBytes {
		return Config{}, fmt.Errorf("read %w: %s is larger than 1 MiB", ErrConfig, path)
	}
	c, err := ParseConfig(b)
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// ParseConfig reads YAML, checks it and fills in what is not set.
func ParseConfig(b []byte) (Config, error) {
	var c Config
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("%w: %s", ErrConfig, oneLine(err))
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("%w: more than one document", ErrConfig)
	}
	if err := c.check(); err != nil {
		return c, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	c.fill()
	return c, nil
}

// oneLine makes yaml's error fit one line, without its Go type names.
func oneLine(err error) string {
	s := strings.Join(strings.Fields(err.Error()), " ")
	s = strings.TrimPrefix(s, "yaml: ")
	s = strings.TrimPrefix(s, "unmarshal errors: ")
	s = strings.ReplaceAll(s, " not found in type agent.", " is not a setting of agent.")
	for _, part := range []string{"agent.Config", "agent.UplinkConfig", "agent.TPMConfig", "agent.OutboxConfig", "agent.ProbesConfig", "agent.StarlinkConfig", "agent.AcceptDirectives", "agent.ScopeEntry"} {
		s = strings.ReplaceAll(s, " of "+part, "")
	}
	return s
}

func (c *Config) check() error {
	if !slices.Contains([]string{"", "uk", "en"}, c.Language) {
		return fmt.Errorf("language %q, one of uk, en", c.Language)
	}
	if !slices.Contains([]string{"", "server", "workstation", "appliance"}, c.Role) {
		return fmt.Errorf("role %q, one of server, workstation, appliance", c.Role)
	}
	if !slices.Contains([]string{"", "auto", "quic", "tcp"}, c.Uplink.Protocol) {
		return fmt.Errorf("uplink.protocol %q, one of auto, quic, tcp", c.Uplink.Protocol)
	}
	if !slices.Contains([]string{"", "auto", "require", "off"}, c.TPM.Use) {
		return fmt.Errorf("tpm.use %q, one of auto, require, off", c.TPM.Use)
	}
	if d := c.TPM.Device; d != "" && !filepath.IsAbs(d) {
		return fmt.Errorf("tpm.device: path %q is not absolute", d)
	}
	if !slices.Contains([]string{"", "auto", "yes", "no"}, c.Uplink.Metered) {
		return fmt.Errorf("uplink.metered %q, one of auto, yes, no", c.Uplink.Metered)
	}
	for name, d := range map[string]Duration{"assess_interval": c.AssessInterval, "check_in_interval": c.CheckInInterval, "uplink.metered_interval": c.Uplink.MeteredInterval} {
		if v := time.Duration(d); v != 0 && v != schedule.Clamp(v) {
			return fmt.Errorf("%s %s, from %s to %s", name, v, schedule.Shortest, schedule.Longest)
		}
	}
	for _, x := range c.Exclusions() {
		if err := x.Check(); err != nil {
			return err
		}
	}
	if c.UnchangedEvery < 0 || c.Outbox.MaxBytes < 0 || c.Outbox.MaxItems < 0 {
		return errors.New("unchanged_every, outbox.max_bytes and outbox.max_items are not negative")
	}
	if n := c.Probes.MaxEntries; n != 0 && (n < 16 || n > 65536) {
		return fmt.Errorf("probes.max_entries %d, from 16 to 65536", n)
	}
	if err := c.OSVScan.check(); err != nil {
		return err
	}
	if err := c.Starlink.check(); err != nil {
		return err
	}
	return c.Consent.Check()
}

func (c *Config) fill() {
	if c.StateDir == "" {
		c.StateDir = defaultState()
	}
	if c.Socket == "" {
		c.Socket = filepath.Join(c.StateDir, "agent.sock")
		if c.StateDir == defaultStateDir {
			c.Socket = defaultSocket
		}
	}
	if c.Language == "" {
		c.Language = languageOf(os.Getenv)
	}
	if c.AssessInterval == 0 {
		c.AssessInterval = Duration(time.Hour)
	}
	if c.CheckInInterval == 0 {
		c.CheckInInterval = Duration(time.Hour)
	}
	if c.UnchangedEvery == 0 {
		c.UnchangedEvery = Duration(24 * time.Hour)
	}
	if c.Consent.Profile == "" {
		c.Consent.Profile = redact.Minimal
	}
	c.TPM.Use, c.TPM.Device = cmp.Or(c.TPM.Use, "auto"), cmp.Or(c.TPM.Device, tpm.Device)
	if c.Uplink.Protocol == "" {
		c.Uplink.Protocol = "auto"
	}
	c.Uplink.Metered, c.Uplink.MeteredBytes = cmp.Or(c.Uplink.Metered, "auto"), cmp.Or(c.Uplink.MeteredBytes, 2_000_000)
	c.Uplink.MeteredInterval = cmp.Or(c.Uplink.MeteredInterval, Duration(3*time.Hour))
	if c.Banned == "" {
		c.Banned = DefaultBanned
	}
	if c.BundleKeys == "" {
		c.BundleKeys = DefaultBundleKeys
	}
	if c.Outbox.MaxBytes == 0 {
		c.Outbox.MaxBytes = 16 << 20
	}
	if c.Outbox.MaxItems == 0 {
		c.Outbox.MaxItems = 2000
	}
}

func defaultState() string {
	if os.Geteuid() == 0 {
		return defaultStateDir
	}
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "vymir")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "state", "vymir")
	}
	return defaultStateDir
}

// languageOf reads the language from the environment: Ukrainian where it says so, English elsewhere.
func languageOf(getenv func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			if strings.HasPrefix(v, "uk") {
				return "uk"
			}
			return "en"
		}
	}
	return "en"
}

// Protocol translates the setting.
func (c *Config) Protocol() wire.Protocol {
	switch c.Uplink.Protocol {
	case "quic":
		return wire.QUIC
	case "tcp":
		return wire.TCP
	}
	return wire.Auto
}

// KeyPlace says where a host key is made.
func (c *Config) KeyPlace() identity.KeyPlace {
	if c.TPM.Use == "off" {
		return identity.KeyPlace{}
	}
	return identity.KeyPlace{Device: c.TPM.Device, Required: c.TPM.Use == "require"}
}

// YAML gives the configuration with every setting in force.
func (c *Config) YAML() ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(c); err != nil {
		return nil, fmt.Errorf("encode %w: %w", ErrConfig, err)
	}
	return b.Bytes(), nil
}

// OutboxDir is where the outbox is kept.
func (c *Config) OutboxDir() string { return filepath.Join(c.StateDir, "outbox") }
func (c *Config) lastPath() string  { return filepath.Join(c.StateDir, "assessment.json") }
func (c *Config) judgeParams() map[string]any {
	params := map[string]any{}
	for id, values := range c.Params {
		params[id] = values
	}
	return params
}
