package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/agent"
	"github.com/vymir-project/vymir/agent/internal/control"
	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/collector"
	"github.com/vymir-project/vymir/policies"
)

func (p *program) enrolCommand() *cobra.Command {
	var server, token, tokenFile string
	var again bool
	c := &cobra.Command{
		Use: "enrol", Short: "make this host known to a server by a one-time token", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if (token == "") == (tokenFile == "") {
				return usage(c, "give --token-file FILE (or --token TEXT for a trial)")
			}
			if server != "" {
				if err := wire.CheckAddress(server); err != nil {
					return usage(c, "--server: %s", err)
				}
			}
			return p.enrol(c.Context(), server, token, tokenFile, again)
		},
	}
	c.Flags().StringVar(&server, "server", "", "HOST:PORT of the server (default: the token's)")
	c.Flags().StringVar(&tokenFile, "token-file", "", "file that holds the token (- for standard input)")
	c.Flags().StringVar(&token, "token", "", "the token itself; others on this host may see it, so for a trial only")
	c.Flags().BoolVar(&again, "again", false, "replace the identity this host has")
	return c
}

func (p *program) enrol(ctx context.Context, server, token, tokenFile string, again bool) error {
	config, err := p.config()
	if err != nil {
		return err
	}
	if id, err := identity.Load(config.StateDir); err == nil && !again {
		return told{p.text("error.enrolled", id.Server)}
	} else if err != nil && !errors.Is(err, identity.ErrNone) && !again {
		return err
	}
	if tokenFile != "" {
		b, err := p.readInput(tokenFile)
		if err != nil {
			return told{p.text("error.token_read", err)}
		}
		token = string(b)
	}
	host, machineID, err := describe(ctx, config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	id, skew, err := identity.Enrol(ctx, config.StateDir, identity.EnrolOptions{
		Token: token, Server: server, Host: host, MachineID: machineID, Protocol: config.Protocol(), Key: config.KeyPlace(),
	})
	if err != nil {
		if server == "" {
			if tok, parseErr := wire.ParseToken(token); parseErr == nil {
				server = tok.Server
			}
		}
		return told{p.explainAt(err, server, config.StateDir)}
	}
	p.println(p.text("enrol.done", id.Recipient, id.HostID, id.Server))
	if id.Site != "" {
		p.println(p.text("enrol.site", id.Site))
	}
	if id.InTPM() {
		p.println(p.text("enrol.tpm"))
	}
	if math.Abs(skew.Seconds()) > 300 {
		p.println(p.text("enrol.clock", fmt.Sprintf("%.0f", skew.Seconds())))
	}
	if control.Wake(ctx, config.Socket) == nil {
		p.println(p.text("enrol.woken"))
		return nil
	}
	p.println(p.text("enrol.next"))
	return nil
}

// describe says of this host what its consent lets leave.
func describe(ctx context.Context, config agent.Config) (host *vymirv1.HostInfo, machineID string, err error) {
	doc, err := collector.Collect(ctx, collector.Options{Families: []string{"os"}})
	if err != nil {
		return nil, "", err
	}
	host = &vymirv1.HostInfo{AgentVersion: programVersion()}
	if doc.OS != nil && config.Consent.Leaves("os") {
		host.Os = strings.TrimSpace(doc.OS.ID + " " + doc.OS.VersionID)
	}
	if config.Consent.Leaves("host_name") {
		host.Name = doc.Host.Name
	}
	return host, doc.Host.MachineID, nil
}

func (p *program) runCommand() *cobra.Command {
	var once bool
	c := &cobra.Command{
		Use: "run", Short: "run the daemon: measure, keep, report, watch", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := p.config()
			if err != nil {
				return err
			}
			// The daemon itself is small; what is large runs in the child. A tight heap keeps it so.
			debug.SetGCPercent(50)
			log := slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
			d := agent.NewDaemon(config, programVersion(), log, agent.MeasureInChild(p.configPath))
			if once {
				if err := d.Once(c.Context()); err != nil {
					return err
				}
				p.println(p.text("run.done"))
				return nil
			}
			return d.Run(c.Context())
		},
	}
	c.Flags().BoolVar(&once, "once", false, "assess and check in once, then exit")
	return c
}

// withoutTime leaves the time to the journal, which has a better one.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey && os.Getenv("JOURNAL_STREAM") != "" {
		return slog.Attr{}
	}
	return a
}

func (p *program) configCommand() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "check or show the configuration"}
	c.AddCommand(&cobra.Command{
		Use: "check", Short: "report the first mistake in the configuration", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if _, err := p.config(); err != nil {
				return err
			}
			name := p.configPath
			if name == "" {
				name = agent.DefaultConfigPath
				if _, err := os.Stat(name); err != nil {
					p.println(p.text("config.default"))
					return nil
				}
			}
			p.println(p.text("config.good", name))
			return nil
		},
	}, &cobra.Command{
		Use: "show", Short: "print every setting with the value in force", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			config, err := p.config()
			if err != nil {
				return err
			}
			b, err := config.YAML()
			if err != nil {
				return err
			}
			_, err = io.Copy(p.stdout, strings.NewReader(string(b)))
			return err
		},
	})
	return c
}

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the versions of program, policies and wire", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cat := policies.BuiltIn()
			_, err := fmt.Fprintf(p.stdout, "vymir-agent %s\npolicies %s %d, %d controls, digest %s\nwire %d\n",
				programVersion(), cat.Name, cat.Revision, len(cat.Controls), cat.Digest, wire.Version)
			return err
		},
	}
}
