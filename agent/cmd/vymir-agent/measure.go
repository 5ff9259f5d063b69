package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"aead.dev/minisign"
	"github.com/spf13/cobra"
	"github.com/vymir-project/vymir/agent"
	"github.com/vymir-project/vymir/agent/internal/control"
	"github.com/vymir-project/vymir/agent/internal/memory"
	"github.com/vymir-project/vymir/agent/internal/report"
	"github.com/vymir-project/vymir/collector"
	"github.com/vymir-project/vymir/collector/facts"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/bundle"
	"github.com/vymir-project/vymir/policies/oscal"
)

const maxInputBytes = 64 << 20

var roles = []string{"server", "workstation", "appliance"}

func (p *program) factsCommand() *cobra.Command {
	var root, role, format string
	var vulns vulnsFlags
	c := &cobra.Command{
		Use: "facts", Short: "print what was measured here, as values without verdicts", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			doc, err := p.collect(c.Context(), root, role, time.Time{}, vulns, true)
			if err != nil {
				return err
			}
			return p.writeJSON(doc)
		},
	}
	c.Flags().StringVar(&root, "root", "", "measure a mounted file system in this directory instead of the live host")
	vulns.add(c)
	c.Flags().StringVar(&vulns.key, "bundle-key", "/etc/vymir/bundle.pub", "minisign public key that --vulns and --banned must be signed with")
	p.roleFlag(c, &role)
	formatFlag(c, &format, "json")
	return c
}

// roleFlag adds --role; call it before formatFlag.
func (p *program) roleFlag(c *cobra.Command, role *string) {
	c.Flags().StringVar(role, "role", "", "server, workstation or appliance (default: found from the facts)")
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		for _, r := range append(roles, "") {
			if *role == r {
				return run(c, args)
			}
		}
		return usage(c, "--role %q, one of server, workstation, appliance", *role)
	}
}

// collect measures the live host, with the daemon's runtime facts when one runs, or a directory. ask lets it ask a dish, the one thing
// for which something is sent.
func (p *program) collect(ctx context.Context, root, role string, now time.Time, vulns vulnsFlags, ask bool) (*facts.Document, error) {
	o := collector.Options{Root: root, Role: role, Now: now}
	var err error
	if o.Vulnerabilities, o.VulnerabilitiesReason, err = p.openVulns(vulns, root == "" || root == "/"); err != nil {
		return nil, err
	}
	if o.Banned, o.BannedReason, err = p.openBanned(vulns.banned, vulns.key, root == "" || root == "/"); err != nil {
		return nil, err
	}
	if root == "" || root == "/" {
		config := p.hostConfig()
		o.AskDish, o.DishAddress = ask && !config.Starlink.Disable, config.Starlink.Address
		o.Runtime, o.RuntimeReason = control.Runtime(ctx, config.Socket)
	} else if st, err := os.Stat(root); err != nil || !st.IsDir() {
		return nil, told{p.text("error.root", root)}
	}
	doc, err := collector.Collect(ctx, o)
	if err == nil && doc.Live {
		agent.DescribeSelf(doc, p.hostConfig())
		agent.LastLanguages(doc, p.hostConfig())
	}
	return doc, err
}

// hostConfig is this host's configuration as far as the caller may read it: assessing needs neither it nor root.
func (p *program) hostConfig() agent.Config {
	c, err := p.config()
	if err != nil {
		c, _ = agent.ParseConfig(nil) //nolint:errcheck // nothing is parsed
	}
	return c
}

type assessFlags struct {
	root, facts, role, params, bundle, bundleKey, now, format, failOn string
	baselines                                                         []string
	minCoverage                                                       float64
	vulns                                                             vulnsFlags
}

func (p *program) assessCommand() *cobra.Command {
	var f assessFlags
	c := &cobra.Command{
		Use: "assess", Short: "measure and judge this host, a mounted file system or saved facts; needs no server", Args: cobra.NoArgs,
		Long: "Measures this host and judges it. Nothing is sent and nothing is kept. Exit codes: 0 done, 3 a control at or above --fail-on\n" +
			"fails, 4 fewer than --min-coverage per cent of the applicable controls could be decided (3 goes before 4).",
		RunE: func(c *cobra.Command, _ []string) error { return p.assess(c, &f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.root, "root", "", "assess a mounted file system in this directory instead of the live host")
	fl.StringVar(&f.facts, "facts", "", "judge a saved facts document (- for standard input) instead of measuring")
	fl.StringArrayVar(&f.baselines, "baseline", nil, "judge by this baseline; may be repeated (default: essential and the role's)")
	fl.StringVar(&f.params, "params", "", "file with parameters of controls, YAML or JSON: control id → name → value; scope: controls left out, with the reason")
	fl.StringVar(&f.bundle, "bundle", "", "judge by this signed policy bundle instead of the built-in one")
	fl.StringVar(&f.bundleKey, "bundle-key", "/etc/vymir/bundle.pub", "minisign public key that --bundle, --vulns and --banned must be signed with")
	f.vulns.add(c)
	fl.StringVar(&f.now, "now", "", "judge as of this time (RFC 3339), and mark the output")
	fl.StringVar(&f.failOn, "fail-on", "", "exit 3 when a control of this severity or a higher one fails: critical, high, medium, low, info")
	fl.Float64Var(&f.minCoverage, "min-coverage", 0, "exit 4 when less than this percentage of the applicable controls could be decided")
	p.roleFlag(c, &f.role)
	formatFlag(c, &f.format, "table", "json", "html", "oscal")
	return c
}

func (p *program) assess(c *cobra.Command, f *assessFlags) error {
	now, failOn, err := f.check(c)
	if err != nil {
		return err
	}
	o := policies.JudgeOptions{Baselines: f.baselines, Role: f.role, Now: now, Lang: p.language()}
	start := time.Now()
	debug.SetGCPercent(80) // compiling the policies leaves much behind: a tenth less memory for 2 % of the time
	runtime.GOMAXPROCS(1)  // one core of the host at most, which costs 3 to 6 % less than to collect garbage on several
	memory.Release()       // of starting
	doc, err := p.factsOf(c.Context(), f, now, &o)
	if err != nil {
		return err
	}
	if f.params != "" {
		if o.Params, o.Scope, err = p.readParams(f.params); err != nil {
			return err
		}
	}
	b, err := p.readBundle(f.bundle, f.bundleKey)
	if err != nil {
		return err
	}
	if f.bundle == "" && f.facts == "" && (f.root == "" || f.root == "/") {
		// This host is judged as its daemon judges it, where the caller may read what that has.
		b, _ = agent.PolicyBundle(p.hostConfig()) //nolint:errcheck // else by the built-in policies; status tells what is wrong
	}
	memory.Release() // of collecting, before judging needs its own
	engine, err := policies.New(b)
	if err != nil {
		return err
	}
	memory.Release() // of compiling
	a, err := engine.Judge(c.Context(), doc, o)
	if err != nil {
		return err
	}
	a.DurationSeconds = time.Since(start).Seconds()
	switch f.format {
	case "json":
		err = p.writeJSON(a)
	case "html":
		err = report.HTML(p.stdout, a, p.language())
	case "oscal":
		err = oscal.Write(p.stdout, a)
	default:
		err = report.Assessment(p.stdout, a, p.style())
	}
	if err != nil {
		return fmt.Errorf("write assessment: %w", err)
	}
	if worst, fails := assessment.WorstFailing(a.Results); fails && failOn != "" && worst.Rank() >= failOn.Rank() {
		return exitError(exitFailing)
	}
	if a.Summary.CoveragePercent < f.minCoverage {
		return exitError(exitCoverage)
	}
	return nil
}

func (f *assessFlags) check(c *cobra.Command) (now time.Time, failOn assessment.Severity, err error) {
	if f.root != "" && f.facts != "" {
		return now, "", usage(c, "--root and --facts exclude each other")
	}
	if (f.vulns.file != "" || f.vulns.banned != "") && f.facts != "" {
		return now, "", usage(c, "--facts excludes --vulns and --banned: saved facts hold what was found")
	}
	if f.now != "" {
		if now, err = time.Parse(time.RFC3339, f.now); err != nil {
			return now, "", usage(c, "--now %q is not a time such as 2026-11-21T03:00:00Z", f.now)
		}
		now = now.UTC()
	}
	if f.failOn != "" {
		severity, ok := assessment.ParseSeverity(f.failOn)
		if !ok {
			return now, "", usage(c, "--fail-on %q, one of critical, high, medium, low, info", f.failOn)
		}
		failOn = severity
	}
	if f.minCoverage < 0 || f.minCoverage > 100 {
		return now, "", usage(c, "--min-coverage %g, from 0 to 100", f.minCoverage)
	}
	return now, failOn, nil
}

// factsOf gives the facts as JSON: saved ones, those of a directory, or the live host's. Only the last are judged with what this
// host's configuration says.
func (p *program) factsOf(ctx context.Context, f *assessFlags, now time.Time, o *policies.JudgeOptions) ([]byte, error) {
	if f.facts != "" {
		b, err := p.readInput(f.facts)
		if err != nil {
			return nil, told{p.text("error.facts_read", err)}
		}
		return b, nil
	}
	role := f.role
	if f.root == "" || f.root == "/" {
		config := p.hostConfig()
		if role == "" {
			role = config.Role
		}
		if len(o.Baselines) == 0 {
			o.Baselines = config.Baselines
		}
		o.Params = map[string]any{}
		for id, values := range config.Params {
			o.Params[id] = values
		}
		o.Scope = config.Exclusions()
	}
	f.vulns.key = f.bundleKey
	doc, err := p.collect(ctx, f.root, role, now, f.vulns, false)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encode facts: %w", err)
	}
	return b, nil
}

func (p *program) readInput(name string) ([]byte, error) {
	in := p.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxInputBytes+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxInputBytes {
		return nil, fmt.Errorf("%s is larger than 64 MiB", name)
	}
	return b, nil
}

func (p *program) readParams(name string) (map[string]any, []policies.Exclusion, error) {
	b, err := p.readInput(name)
	if err != nil {
		return nil, nil, told{p.text("error.params", name, err)}
	}
	params, scope, err := agent.ParseParams(b)
	if err != nil {
		return nil, nil, told{p.text("error.params", name, oneLine(err.Error()))}
	}
	return params, scope, nil
}

// readBundle reads a bundle that the key signed; no name is no bundle: the built-in policies.
func (p *program) readBundle(name, keyName string) (*bundle.Bundle, error) {
	if name == "" {
		return nil, nil
	}
	key, err := p.readKey(keyName)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	defer f.Close()
	b, err := bundle.Read(f, key)
	if err != nil {
		return nil, told{p.text("error.bundle", name, err)}
	}
	return b, nil
}

// readKey reads the public key that what is given must be signed with.
func (p *program) readKey(name string) (key minisign.PublicKey, err error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return key, told{p.text("error.bundle_key_absent", name)}
	}
	if err != nil {
		return key, fmt.Errorf("read bundle key: %w", err)
	}
	if err := key.UnmarshalText(text); err != nil {
		return key, told{p.text("error.bundle_key", name, err)}
	}
	return key, nil
}

func (p *program) writeJSON(v any) error {
	e := json.NewEncoder(p.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// measureCommand is what the daemon's child runs.
func (p *program) measureCommand() *cobra.Command {
	return &cobra.Command{
		Use: "measure", Short: "measure once for the daemon", Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := p.config()
			if err != nil {
				return err
			}
			m, err := agent.Measure(c.Context(), config)
			if err != nil {
				return err
			}
			return json.NewEncoder(p.stdout).Encode(m)
		},
	}
}
