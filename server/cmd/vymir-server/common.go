package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/server"
)

// defaultConfig is read when it is there and --config is not given.
const defaultConfig = "/etc/vymir/server.yaml"

// configOf reads the configuration that the command line names.
func configOf(c *cobra.Command) (server.Config, error) {
	name, err := c.Flags().GetString("config")
	if err != nil {
		return server.Config{}, err
	}
	if name == "" {
		if _, err := os.Stat(defaultConfig); errors.Is(err, os.ErrNotExist) {
			return server.ParseConfig(nil)
		}
		name = defaultConfig
	}
	return server.ReadConfig(name)
}

// with opens the server over the configuration, runs f and closes it. Nothing listens.
func with(c *cobra.Command, f func(ctx context.Context, s *server.Server) error) error {
	conf, err := configOf(c)
	if err != nil {
		return err
	}
	s, err := server.Open(c.Context(), conf, nil)
	if err != nil {
		return err
	}
	return errors.Join(f(c.Context(), s), s.Close())
}

// actor names who runs the command line, for the audit trail.
func actor() string {
	if u := os.Getenv("SUDO_USER"); u != "" {
		return "cli:" + u
	}
	if u, err := user.Current(); err == nil {
		return "cli:" + u.Username
	}
	return fmt.Sprintf("cli:uid%d", os.Getuid())
}

// formatFlag adds --format with the formats a command knows, the first being the default.
func formatFlag(c *cobra.Command, t texts, formats ...string) {
	c.Flags().String("format", formats[0], t.say("flag.format", strings.Join(formats, ", ")))
	c.PreRunE = func(c *cobra.Command, _ []string) error {
		got, err := c.Flags().GetString("format")
		if err != nil {
			return err
		}
		return oneOf(t, "--format", got, formats)
	}
}

func oneOf(t texts, what, got string, want []string) error {
	for _, w := range want {
		if got == w {
			return nil
		}
	}
	return usageError{errors.New(t.say("err.pick", what, strings.Join(want, ", ")))}
}

// need refuses a command line without these flags.
func need(t texts, c *cobra.Command, flags ...string) error {
	for _, f := range flags {
		if v := c.Flags().Lookup(f); v != nil && v.Value.String() == "" {
			return usageError{errors.New(t.say("err.flag", f))}
		}
	}
	return nil
}

// flag reads a text flag.
func flag(c *cobra.Command, name string) string {
	v, err := c.Flags().GetString(name)
	if err != nil {
		panic("vymir-server: no flag " + name) // a programmer's mistake
	}
	return v
}

// write prints a list as JSON, or as a table made of rows.
func write(c *cobra.Command, t texts, list any, columns []string, rows [][]string) error {
	w := c.OutOrStdout()
	if c.Flags().Lookup("format") != nil && flag(c, "format") == "json" {
		return writeJSON(w, list)
	}
	if len(rows) == 0 {
		fmt.Fprintln(w, t.say("none"))
		return nil
	}
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, k := range columns {
		columns[i] = t.say("col." + k)
	}
	fmt.Fprintln(tab, strings.Join(columns, "\t"))
	for _, r := range rows {
		fmt.Fprintln(tab, strings.Join(r, "\t"))
	}
	return tab.Flush()
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// when prints a time for a person: UTC, to the minute; a dash when it never was.
func when(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

// short cuts a sentence for a table.
func short(s string, n int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}
