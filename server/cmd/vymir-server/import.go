package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/server"
	"github.com/vymir-project/vymir/server/internal/desk"
	"github.com/vymir-project/vymir/server/internal/foreign"
	"github.com/vymir-project/vymir/server/internal/ingest"
	"github.com/vymir-project/vymir/server/internal/store"
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
			if folder := flag(c, "answers"); folder != "" {
				err := writeAnswer(ctx, t, c, im, ingest.AnswerTo{Host: got.Host}, answerName(folder, got.Host))
				if errors.Is(err, ingest.ErrNoStick) {
					fmt.Fprintln(c.OutOrStdout(), t.say("import.no_answer", got.Host))
				} else if err != nil {
					failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
				}
			}
		}
		return failed
	})
	assessments.Flags().String("answers", "", t.say("import.answers"))
	report := command(t, "report FILE...", "import.report", cobra.MinimumNArgs(1), func(ctx context.Context, c *cobra.Command, s *server.Server, args []string) error {
		if err := need(t, c, "host"); err != nil {
			return err
		}
		var failed error
		for _, name := range args {
			content, err := readReport(name)
			if err == nil {
				var v store.ForeignReport
				if v, err = desk.PutReport(ctx, s.Store, flag(c, "host"), content, actor(), time.Now()); err == nil {
					fmt.Fprintln(c.OutOrStdout(), t.say("import.report.done", name, v.Tool, v.Version, v.ID))
					continue
				}
			}
			failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
		}
		return failed
	})
	report.Flags().String("host", "", t.say("import.report.host"))
	return group(t, "import", append(importLists(t), assessments, report)...)
}

// readReport reads a report of another tool, bounded.
func readReport(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, foreign.MaxBytes+1))
}
