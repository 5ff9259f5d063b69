package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/collector/banned"
	"github.com/vymir-project/vymir/server"
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
		if err := need(t, c, "key", "output"); err != nil {
			return err
		}
		key, err := secretKey(flag(c, "key"))
		if err != nil {
			return err
		}
		l, err := vulns.Banned(ctx, s.Store)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := banned.Write(&out, l, key); err != nil {
			return err
		}
		if err := newFile(flag(c, "output"), out.Bytes(), 0o644); err != nil {
			return err
		}
		fmt.Fprintln(c.OutOrStdout(), t.say("banned.built", flag(c, "output"), len(l.Entries), l.AsOf.Format(time.DateOnly), out.Len()))
		return nil
	})
	build.Flags().String("key", "", t.say("bundle.flag.key"))
	build.Flags().StringP("output", "o", "", t.say("banned.flag.output"))
	return group(t, "banned", build)
}
