package main

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/agent"
	"github.com/vymir-project/vymir/agent/internal/report"
)

// program is what all commands share.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	configPath string // --config
	lang       string // --lang
	loaded     *agent.Config
}

func (p *program) commands() *cobra.Command {
	agent.SetVersion(programVersion())
	root := &cobra.Command{
		Use:   "vymir-agent",
		Short: "measure this host's cyber resilience and show what to mend",
		Long: "vymir-agent measures this host, judges it by baselines, shows its administrator what to mend, and reports to the\n" +
			"recipient's server what consent lets leave. Nothing leaves the host before it is enrolled.",
		SilenceErrors: true, SilenceUsage: true,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(c, "unknown command %q", args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.PersistentFlags().StringVar(&p.configPath, "config", "", "configuration file (default "+agent.DefaultConfigPath+")")
	root.PersistentFlags().StringVar(&p.lang, "lang", "", "language of texts: uk or en (default: configuration, then environment)")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usage(c, "%s", err) })
	root.CompletionOptions.HiddenDefaultCmd = false
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		if p.lang != "" && !slices.Contains(report.Languages, p.lang) {
			return usage(c, "--lang %q, one of uk, en", p.lang)
		}
		return nil
	}
	root.AddCommand(p.factsCommand(), p.assessCommand(), p.controlsCommand(), p.vulnsCommand(), p.sbomCommand(), p.vexCommand(), p.enrolCommand(), p.runCommand(), p.measureCommand(),
		p.statusCommand(), p.doctorCommand(), p.watchCommand(), p.outboxCommand(), p.configCommand(), p.versionCommand())
	for _, c := range root.Commands() {
		wrapArgs(c)
	}
	return root
}

// wrapArgs makes every complaint about arguments one of wrong usage.
func wrapArgs(c *cobra.Command) {
	check := c.Args
	if check == nil {
		check = cobra.NoArgs
	}
	if c.HasSubCommands() {
		check = func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q", args[0])
			}
			return fmt.Errorf("which of %s?", strings.Join(names(c), ", "))
		}
		c.RunE = func(*cobra.Command, []string) error { return nil }
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usage(c, "%s", err)
		}
		return nil
	}
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
}

func names(c *cobra.Command) []string {
	var out []string
	for _, sub := range c.Commands() {
		if !sub.Hidden && sub.Name() != "help" {
			out = append(out, sub.Name())
		}
	}
	return out
}

// config reads the configuration once.
func (p *program) config() (agent.Config, error) {
	if p.loaded == nil {
		c, err := agent.LoadConfig(p.configPath)
		if err != nil {
			return c, err
		}
		if p.lang != "" {
			c.Language = p.lang
		}
		p.loaded = &c
	}
	return *p.loaded, nil
}

// language is known even when there is no configuration.
func (p *program) language() string {
	if p.lang != "" && slices.Contains(report.Languages, p.lang) {
		return p.lang
	}
	if p.loaded != nil {
		return p.loaded.Language
	}
	c, err := agent.ParseConfig(nil)
	if err != nil {
		return "en"
	}
	return c.Language
}

func (p *program) text(key string, args ...any) string {
	return report.Text(p.language(), key, args...)
}

// state is the word for a state of a check, of a hook or of a family.
func (p *program) state(state string) string { return p.text("state." + state) }

// reason says in the reader's language why something was not measured, seen or done.
func (p *program) reason(reason string) string { return report.Reason(p.language(), reason) }

func (p *program) style() report.Style {
	s := report.Style{Lang: p.language()}
	if f, ok := p.stdout.(*os.File); ok {
		if size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err == nil {
			s.Width = min(int(size.Col), 140)
			s.Colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		}
	}
	return s
}

func (p *program) println(line string) { fmt.Fprintln(p.stdout, report.Clean(line)) }

// formatFlag adds --format with its values; the first is the default.
func formatFlag(c *cobra.Command, format *string, values ...string) {
	c.Flags().StringVar(format, "format", values[0], "one of "+strings.Join(values, ", "))
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if !slices.Contains(values, *format) {
			return usage(c, "--format %q, one of %s", *format, strings.Join(values, ", "))
		}
		return run(c, args)
	}
}

func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
