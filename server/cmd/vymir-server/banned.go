package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/collector/banned"
	"github.com/vymir-project/vymir/server"
	"github.com/vymir-project/vymir/server/internal/dispatch"
	"github.com/vymir-project/vymir/server/internal/vulns"
)

func importBanned(t texts) *cobra.Command {
	return command(t, "banned FILE", "import.banned", cobra.ExactArgs(1), func(ctx context.Context, c *cobra.Command, s *server.Server, args []string) error {
		return reading(args[0], func(r io.Reader) error {
			l, err := vulns.ImportBanned(ctx, s.Store, r, actor(), time.Now())
			if err == nil {
				fmt.Fprintln(c.OutOrStdout(), t.say("import.feed.done", args[0], len(l.Entries), l.AsOf.Format(time.DateOnly)))
			}
			return err
		})
	})
}

func bannedCommand(t texts) *cobra.Command {
	build := command(t, "build", "banned.build", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		if err := need(t, c, "key"); err != nil {
			return err
		}
		publish, err := c.Flags().GetBool("publish")
		if err != nil {
			return err
		}
		name := flag(c, "output")
		if name == "" && !publish {
			return usageError{errors.New(t.say("banned.whereto"))}
		}
		key, err := secretKey(flag(c, "key"))
		if err != nil {
			return err
		}
		return vulns.BuildBanned(ctx, s.Store, key, actor(), time.Now(), func(l *banned.List, pack []byte) error {
			if name != "" {
				if err := newFile(name, pack, 0o644); err != nil {
					return err
				}
			}
			if publish {
				if _, err := dispatch.PublishBanned(ctx, s.Store, pack, actor(), time.Now()); err != nil {
					return err
				}
			}
			fmt.Fprintln(c.OutOrStdout(), t.say("banned.built", l.Revision, len(l.Entries), l.AsOf.Format(time.DateOnly), len(pack)))
			return nil
		})
	})
	build.Flags().String("key", "", t.say("bundle.flag.key"))
	build.Flags().StringP("output", "o", "", t.say("banned.flag.output"))
	build.Flags().Bool("publish", false, t.say("banned.flag.publish"))
	return group(t, "banned", build)
}
