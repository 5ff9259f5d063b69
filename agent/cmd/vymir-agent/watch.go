package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/agent/internal/control"
	"github.com/vymir-project/vymir/agent/internal/report"
	"github.com/vymir-project/vymir/collector"
)

func (p *program) watchCommand() *cobra.Command {
	var format string
	var f watchFilter
	c := &cobra.Command{
		Use: "watch", Short: "print kernel events as they come", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return usage(c, "%v", err)
			}
			show := func(e collector.ProbeEvent) {
				switch {
				case !f.passes(e):
				case format == "json":
					p.writeLine(e)
				default:
					fmt.Fprintln(p.stdout, watchLine(e))
				}
			}
			err := control.Watch(c.Context(), p.hostConfig().Socket, show)
			if errors.Is(err, control.ErrNoDaemon) {
				err = p.watchAlone(c.Context(), show)
			}
			if errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		},
	}
	formatFlag(c, &format, "table", "json")
	c.Flags().StringSliceVar(&f.kinds, "kind", nil, "only these kinds of events, by commas; * stands for anything: exec*,mount")
	c.Flags().StringVar(&f.program, "program", "", "only programs of this path or name; * stands for anything")
	c.Flags().StringVar(&f.user, "user", "", "only this user, by name or number")
	c.Flags().StringVar(&f.container, "container", "", "only containers whose id begins so, or whose image holds this; * is any")
	return c
}

// watchLine is an event on one line: when, what, by whom, which program, and what of it.
func watchLine(e collector.ProbeEvent) string {
	line := fmt.Sprintf("%s  %-15s uid %-6s %s  %s", e.At.UTC().Format("15:04:05.000"), e.Kind, e.User(), report.Clean(e.Program), report.Clean(e.Detail()))
	if e.Container != "" {
		line += fmt.Sprintf("  [%s %s]", report.Clean(e.Container[:min(len(e.Container), 12)]), report.Clean(e.Image))
	}
	return line
}

// watchFilter says which events are shown. What is empty lets everything pass.
type watchFilter struct {
	kinds     []string // patterns
	program   string   // pattern of a path, or of its last part
	user      string   // number, once checked
	container string   // beginning of an id, or part of an image's name; "*": any
}

// check refuses patterns that are not well formed and turns the user's name into his number.
func (f *watchFilter) check() error {
	for _, pattern := range append(slices.Clone(f.kinds), f.program) {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("%q is no pattern", pattern)
		}
	}
	if f.user == "" || strings.Trim(f.user, "0123456789") == "" {
		return nil
	}
	u, err := user.Lookup(f.user)
	if err != nil {
		return fmt.Errorf("--user: %w", err)
	}
	f.user = u.Uid
	return nil
}

func (f *watchFilter) passes(e collector.ProbeEvent) bool {
	if e.Kind == collector.ProbeEventsMissed {
		return true // whatever they were
	}
	return (f.kinds == nil || slices.ContainsFunc(f.kinds, func(k string) bool { return match(k, e.Kind) })) &&
		(f.program == "" || match(f.program, e.Program) || match(f.program, path.Base(e.Program))) &&
		(f.user == "" || f.user == e.User()) &&
		(f.container == "" || e.Container != "" && (f.container == "*" || strings.HasPrefix(e.Container, f.container) || strings.Contains(e.Image, f.container)))
}

func match(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}

// watchAlone attaches probes of its own.
func (p *program) watchAlone(ctx context.Context, show func(collector.ProbeEvent)) error {
	probes, err := collector.OpenProbes(collector.ProbeOptions{})
	if err != nil {
		return err
	}
	defer probes.Close() //nolint:errcheck // nothing is kept
	fmt.Fprintln(p.stderr, p.text("watch.own"))
	return probes.Watch(ctx, show)
}
