package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/server"
	"github.com/vymir-project/vymir/server/internal/ingest"
)

// exportAnswer writes what hosts without a line are told, to go back on the stick.
func exportAnswer(t texts) *cobra.Command {
	c := command(t, "answer", "export.answer", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		host, site := flag(c, "host"), flag(c, "site")
		if (host == "") == (site == "") {
			return usageError{errors.New(t.say("err.one", "--host", "--site"))}
		}
		if err := need(t, c, "output"); err != nil {
			return err
		}
		small, err := c.Flags().GetBool("without-vulns")
		if err != nil {
			return err
		}
		return writeAnswer(ctx, t, c, s.Importer(), ingest.AnswerTo{Host: host, Site: site, WithoutVulns: small}, flag(c, "output"))
	})
	c.Flags().String("host", "", t.say("export.answer.host"))
	c.Flags().String("site", "", t.say("export.answer.site"))
	c.Flags().Bool("without-vulns", false, t.say("export.answer.small"))
	c.Flags().StringP("output", "o", "", t.say("export.answer.output"))
	return c
}

// writeAnswer makes an answer whole in memory first: a failure leaves no half of a file behind.
func writeAnswer(ctx context.Context, t texts, c *cobra.Command, im *ingest.Importer, to ingest.AnswerTo, name string) error {
	var buf bytes.Buffer
	got, err := im.Answer(ctx, &buf, to, actor(), time.Now())
	if err != nil {
		return err
	}
	if err := os.WriteFile(name, buf.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	fmt.Fprintln(c.OutOrStdout(), t.say("export.answer.done", name, len(got.Hosts), got.Artefacts, buf.Len()))
	return nil
}

// answerName is the file that answers a host in a folder.
func answerName(folder, host string) string { return filepath.Join(folder, "answer-"+host+".age") }
