package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/server"
)

func importCommand(t texts) *cobra.Command {
	assessments := command(t, "assessments FILE...", "import.assessments", cobra.MinimumNArgs(1), func(ctx context.Context, c *cobra.Command, s *server.Server, args []string) error {
		im := s.Importer()
		var failed error
		for _, name := range args {
			f, err := os.Open(name)
			if err != nil {
				failed = errors.Join(failed, err)
				continue
			}
			got, err := im.Import(ctx, f, actor(), time.Now())
			f.Close()
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
				continue
			}
			fmt.Fprintln(c.OutOrStdout(), t.say("import.done", name, got.Host, got.Items, got.Stored, got.Acknowledged))
			for _, r := range got.Refused {
				fmt.Fprintln(c.OutOrStdout(), t.say("import.refused", r.Sequence, r.Code, r.Detail))
			}
		}
		return failed
	})
	return group(t, "import", append(importLists(t), assessments)...)
}
