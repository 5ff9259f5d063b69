package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	cpb "github.com/google/osv-scalibr/binary/proto/config_go_proto"
	"github.com/google/osv-scalibr/plugin/config"
	"github.com/google/osv-scalibr/semantic"
	"github.com/google/osv-scanner/v2/pkg/models"
	"github.com/google/osv-scanner/v2/pkg/osvscanner"
	"github.com/ossf/osv-schema/bindings/go/osvschema"
)

// Limits of the report.
const (
	maxPackages  = 50_000
	maxLocations = 8
	maxUnread    = 200
	maxText      = 300 // runes of one reason
	maxNested    = 4   // archives inside an archive
)

// What is looked for: what is installed, not what a project would like to install.
var (
	languagePlugins = []string{"go/binary", "python/wheelegg", "javascript/nodemodules", "javascript/packagelockjson", "javascript/yarnlock", "javascript/pnpmlock", "php/composerlock", "java/archive"}
	systemPlugins   = []string{"os/dpkg", "os/apk", "os/rpm"}
)

// request is what the command line asks for.
type request struct {
	root   string   // absolute
	paths  []string // absolute, below root
	data   string
	memory int64         // bytes, cap of the whole process
	config string        // an empty configuration, so that a file beside a package cannot hide it
	system bool          // operating system packages too, as a second opinion
	maxAge time.Duration // of data; 0: any
	now    time.Time     // when the scan began
}

// scan runs the scanner over the paths. dir is an overlay; sets are its data.
func scan(q request, dir string, sets map[string]dataset) (*Report, error) {
	plugins := slices.Clone(languagePlugins)
	if q.system {
		plugins = append(plugins, systemPlugins...)
	}
	there, missing := present(q)
	if len(there) == 0 {
		return &Report{Schema: Schema, Scanner: "osv-scanner " + scannerVersion(), Root: q.root, Paths: []string{}, Unread: missing, Packages: []Package{}, Ecosystems: []Ecosystem{}}, nil
	}
	heard := &listener{}
	osvscanner.SetLogger(heard)
	got, err := osvscanner.DoScan(osvscanner.ScannerActions{
		DirectoryPaths: there, Recursive: true, NoIgnore: true, ConfigOverridePath: q.config,
		ShowAllPackages: true, ShowAllVulns: true,
		CompareOffline: true, LocalDBPath: dir, PluginNetworkDisabled: true,
		ExperimentalScannerActions: osvscanner.ExperimentalScannerActions{
			PluginsEnabled: plugins, PluginsNoDefaults: true, ScalibrConfig: q.plugins(dir),
			TransitiveScanning: osvscanner.TransitiveScanningActions{Disabled: true},
		},
	})
	if err != nil && !errors.Is(err, osvscanner.ErrVulnerabilitiesFound) && !errors.Is(err, osvscanner.ErrNoPackagesFound) {
		return nil, fmt.Errorf("scan: %w", err)
	}
	r := &Report{Schema: Schema, Scanner: "osv-scanner " + scannerVersion(), Root: q.root, Paths: []string{}, Unread: append(missing, heard.unread(q.root)...), Packages: []Package{}, Ecosystems: []Ecosystem{}}
	for _, p := range there {
		r.Paths = append(r.Paths, below(q.root, p))
	}
	r.take(got, q.root)
	r.Truncated = r.Truncated || heard.more
	r.judgeData(sets, q)
	return r, nil
}

// plugins bounds what single plugins take, and holds them off the network.
func (q request) plugins(dir string) *config.PluginConfig {
	specific := func(c ...*cpb.PluginSpecificConfig) []*cpb.PluginSpecificConfig { return c }
	return &config.PluginConfig{
		ClientFactories: offline{config.NewDefaultClientFactories("")},
		ProtoConfig: &cpb.PluginConfig{DisableGoogleAuth: true, PluginSpecific: specific(
			&cpb.PluginSpecificConfig{Config: &cpb.PluginSpecificConfig_Osvlocal{Osvlocal: &cpb.OSVLocalConfig{LocalPath: dir}}},
			&cpb.PluginSpecificConfig{Config: &cpb.PluginSpecificConfig_JavaArchive{JavaArchive: &cpb.JavaArchiveConfig{MaxOpenedBytes: q.memory / 4, MaxZipDepth: maxNested}}},
			&cpb.PluginSpecificConfig{Config: &cpb.PluginSpecificConfig_JavascriptPackageLockJson{JavascriptPackageLockJson: &cpb.JavascriptPackageLockJsonConfig{MaxFileSizeBytes: q.memory / 8}}},
		)},
	}
}

// offline hands out clients that reach nothing.
type offline struct {
	*config.DefaultClientFactories
}

// HTTPClient gives a client whose every call fails.
func (offline) HTTPClient() *http.Client { return &http.Client{Transport: refusal{}} }

type refusal struct{}

// RoundTrip implements [http.RoundTripper].
func (refusal) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("this scan uses no network")
}

// present parts the paths into those that are there and those that are not.
func present(q request) (there []string, missing []Unread) {
	missing = []Unread{}
	for _, p := range q.paths {
		if _, err := os.Stat(p); err != nil {
			var why *fs.PathError
			if errors.As(err, &why) {
				err = why.Err
			}
			missing = append(missing, Unread{Path: below(q.root, p), Reason: err.Error()})
			continue
		}
		there = append(there, p)
	}
	return there, missing
}

// take gathers the scanner's result by package.
func (r *Report) take(got models.VulnerabilityResults, root string) {
	type key struct{ ecosystem, name, version string }
	found := map[key]*Package{}
	for _, source := range got.Results {
		for _, p := range source.Packages {
			k := key{p.Package.Ecosystem, p.Package.Name, p.Package.Version}
			if k.ecosystem == "" || k.name == "" {
				continue
			}
			v := found[k]
			if v == nil {
				if len(found) >= maxPackages {
					r.Truncated = true
					continue
				}
				v = &Package{Ecosystem: k.ecosystem, Name: k.name, Version: k.version}
				for _, vuln := range p.Vulnerabilities {
					v.Vulnerabilities = append(v.Vulnerabilities, Vulnerability{
						ID: vuln.GetId(), Aliases: aliases(vuln), Severity: severity(vuln, k.ecosystem, k.name), Fixed: fixed(vuln, k.ecosystem, k.name, k.version),
					})
				}
				slices.SortFunc(v.Vulnerabilities, func(a, b Vulnerability) int { return strings.Compare(a.ID, b.ID) })
				found[k] = v
			}
			if at := below(root, source.Source.Path); len(v.Locations) < maxLocations && !slices.Contains(v.Locations, at) {
				v.Locations = append(v.Locations, at)
			}
		}
	}
	for _, p := range found {
		slices.Sort(p.Locations)
		r.Packages = append(r.Packages, *p)
	}
	slices.SortFunc(r.Packages, func(a, b Package) int {
		return cmp.Or(strings.Compare(a.Ecosystem, b.Ecosystem), strings.Compare(a.Name, b.Name), strings.Compare(a.Version, b.Version))
	})
}

// judgeData says for every ecosystem found how far it could be matched.
func (r *Report) judgeData(sets map[string]dataset, q request) {
	counts := map[string]int{}
	for _, p := range r.Packages {
		counts[p.Ecosystem]++
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		e := Ecosystem{Name: name, State: "ok", Packages: counts[name]}
		base, _, _ := strings.Cut(name, ":")
		d, known := sets[base]
		err := d.err
		if !known {
			err = errNoData
		}
		if err == nil {
			err = d.read(&e)
		}
		switch {
		case err != nil:
			e.State, e.Reason = "unmeasured", clip(err.Error())
		case e.Records == e.Unreadable:
			e.State, e.Reason = "unmeasured", "the data hold no readable record"
		case q.maxAge > 0 && (e.NewestAt == nil || q.now.Sub(*e.NewestAt) > q.maxAge):
			e.State, e.Reason = "unmeasured", fmt.Sprintf("data are older than %d days", int(q.maxAge.Hours()/24))
		}
		r.Ecosystems = append(r.Ecosystems, e)
	}
}

func aliases(v *osvschema.Vulnerability) []string {
	out := slices.Concat(v.GetAliases(), v.GetUpstream())
	slices.Sort(out)
	return slices.Compact(out)
}

// severity gives the CVSS vector that the record states for the package, or for all, the newest version of CVSS first.
func severity(v *osvschema.Vulnerability, ecosystem, name string) string {
	all := v.GetSeverity()
	for _, a := range affecting(v, ecosystem, name) {
		all = slices.Concat(a.GetSeverity(), all)
	}
	for _, prefix := range []string{"CVSS:4.", "CVSS:3."} {
		for _, s := range all {
			if strings.HasPrefix(s.GetScore(), prefix) {
				return s.GetScore()
			}
		}
	}
	return ""
}

func affecting(v *osvschema.Vulnerability, ecosystem, name string) (out []*osvschema.Affected) {
	for _, a := range v.GetAffected() {
		if a.GetPackage().GetName() == name && a.GetPackage().GetEcosystem() == ecosystem {
			out = append(out, a)
		}
	}
	return out
}

// fixed gives the lowest version that mends the installed one.
func fixed(v *osvschema.Vulnerability, ecosystem, name, version string) string {
	have, err := semantic.Parse(version, ecosystem)
	if err != nil {
		return ""
	}
	var best string
	var bestVersion semantic.Version
	for _, a := range affecting(v, ecosystem, name) {
		for _, rng := range a.GetRanges() {
			for _, e := range rng.GetEvents() {
				f := e.GetFixed()
				if f == "" || rng.GetType() == osvschema.Range_GIT {
					continue
				}
				if order, err := have.CompareStr(f); err != nil || order >= 0 {
					continue
				}
				if bestVersion != nil {
					if order, err := bestVersion.CompareStr(f); err != nil || order <= 0 {
						continue
					}
				}
				parsed, err := semantic.Parse(f, ecosystem)
				if err != nil {
					continue
				}
				best, bestVersion = f, parsed
			}
		}
	}
	return best
}

// below makes a path of the scanning machine one below the root.
func below(root, path string) string {
	rel, err := filepath.Rel(root, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return path
	}
	if rel == "." {
		return "/"
	}
	return "/" + rel
}

// listener hears what the scanner says instead of returning: files it could not read.
type listener struct {
	mu    sync.Mutex
	lines []string
	more  bool
}

// Enabled implements [slog.Handler].
func (l *listener) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// Handle implements [slog.Handler].
func (l *listener) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) < maxUnread {
		l.lines = append(l.lines, r.Message)
	} else {
		l.more = true
	}
	return nil
}

// WithAttrs implements [slog.Handler].
func (l *listener) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup implements [slog.Handler].
func (l *listener) WithGroup(string) slog.Handler { return l }

// extraction is how the scanner tells of files that a plugin could not read.
var extraction = regexp.MustCompile(`^Error during extraction: \(extracting as ([^)]*)\) ?(?s:(.*))$`)

// unread turns what was heard into a list of files.
func (l *listener) unread(root string) []Unread {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := []Unread{}
	for _, line := range l.lines {
		m := extraction.FindStringSubmatch(line)
		if m == nil {
			out = append(out, Unread{Reason: clip(line)})
			continue
		}
		for _, one := range strings.Split(m[2], "\n\t") {
			if one = strings.TrimSpace(one); one == "" {
				continue
			}
			path, reason, ok := strings.Cut(one, ": ")
			if !ok {
				path, reason = "", one
			} else {
				path = below(root, filepath.Join("/", path))
			}
			if len(out) >= maxUnread {
				l.more = true
				return out
			}
			out = append(out, Unread{Path: path, Reason: clip(m[1] + ": " + reason)})
		}
	}
	return out
}

func clip(s string) string {
	r := []rune(strings.ToValidUTF8(strings.Join(strings.Fields(s), " "), "\uFFFD"))
	if len(r) > maxText {
		r = append(r[:maxText-1], '…')
	}
	return string(r)
}

// scannerVersion is the version of osv-scanner that is linked in.
func scannerVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "github.com/google/osv-scanner/v2" {
				return strings.TrimPrefix(d.Version, "v")
			}
		}
	}
	return "unknown"
}
