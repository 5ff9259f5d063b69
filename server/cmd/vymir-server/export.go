package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/oscal"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server"
	consent "github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/listing"
	"github.com/vymir-project/vymir/server/internal/store"
)

// exportCommand writes files: for one donor what that donor may read anyway, noted in the read ledger; for one
// recipient its own plan.
func exportCommand(t texts) *cobra.Command {
	poam := exportOf(t, "oscal-poam", func(ctx context.Context, c *cobra.Command, s *server.Server, w *bytes.Buffer) error {
		donor, recipient := flag(c, "donor"), flag(c, "recipient")
		if (donor == "") == (recipient == "") {
			return usageError{errors.New(t.say("err.one", "--donor", "--recipient"))}
		}
		if recipient != "" {
			run, _, err := s.Needs.Run(ctx, recipient)
			if err != nil {
				return err
			}
			return consent.WriteRecipientPOAM(w, run, recipient, t.lang)
		}
		list, err := s.Needs.EntriesFor(ctx, donor, actor())
		if err != nil {
			return err
		}
		return consent.WritePOAM(w, list, t.lang, time.Now())
	})
	poam.Flags().String("recipient", "", t.say("export.flag.recipient"))
	table := exportOf(t, "csv", func(ctx context.Context, c *cobra.Command, s *server.Server, w *bytes.Buffer) error {
		donor, recipient := flag(c, "donor"), flag(c, "recipient")
		if (donor == "") == (recipient == "") {
			return usageError{errors.New(t.say("err.one", "--donor", "--recipient"))}
		}
		if recipient != "" {
			var list listing.Findings
			if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
				list, err = listing.ReadFindings(tx, s.Book, store.FindingFilter{Recipient: recipient}, t.lang)
				return err
			}); err != nil {
				return err
			}
			return listing.WriteFindingsCSV(w, list)
		}
		list, err := s.Needs.EntriesFor(ctx, donor, actor())
		if err != nil {
			return err
		}
		return consent.WriteCSV(w, list, t.lang)
	})
	table.Flags().String("recipient", "", t.say("export.flag.findings"))
	results := exportOf(t, "oscal-ar", func(ctx context.Context, c *cobra.Command, s *server.Server, w *bytes.Buffer) error {
		if err := need(t, c, "host"); err != nil {
			return err
		}
		var at time.Time
		if day := flag(c, "at"); day != "" {
			var err error
			if at, err = time.Parse(time.RFC3339, day); err != nil {
				return usageError{errors.New(t.say("err.time", "--at"))}
			}
		}
		var a *assessment.Assessment
		if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
			a, err = listing.ReadAssessment(tx, s.Book, flag(c, "host"), at, t.lang)
			return err
		}); err != nil {
			return err
		}
		return oscal.Write(w, a)
	})
	results.Flags().String("host", "", t.say("export.flag.host"))
	results.Flags().String("at", "", t.say("export.flag.at"))
	iati := exportOf(t, "iati", func(ctx context.Context, c *cobra.Command, s *server.Server, w *bytes.Buffer) error {
		if err := need(t, c, "donor", "org-ref"); err != nil {
			return err
		}
		donor := flag(c, "donor")
		list, err := s.Needs.EntriesFor(ctx, donor, actor())
		if err != nil {
			return err
		}
		var org store.DonorOrg
		if err := s.Store.View(ctx, func(tx *store.Tx) (err error) { org, err = tx.Donor(donor); return err }); err != nil {
			return err
		}
		r := consent.Reporter{Ref: flag(c, "org-ref"), Type: flag(c, "org-type"), Name: remedies.Text{"uk": org.Name("uk"), "en": org.Name("en")}}
		return consent.WriteIATI(w, list, r, time.Now())
	})
	iati.Flags().String("org-ref", "", t.say("export.flag.ref"))
	iati.Flags().String("org-type", "10", t.say("export.flag.type"))
	form := exportOf(t, "submission", func(ctx context.Context, c *cobra.Command, s *server.Server, w *bytes.Buffer) error {
		donor, release := flag(c, "donor"), flag(c, "release")
		if (donor == "") == (release == "") {
			return usageError{errors.New(t.say("err.one", "--donor", "--release"))}
		}
		var list []consent.DonorNeed
		var refs []string
		if release != "" {
			text, err := s.Needs.Text(ctx, release)
			if err != nil {
				return err
			}
			list, refs = []consent.DonorNeed{text}, []string{release}
		} else {
			entries, err := s.Needs.EntriesFor(ctx, donor, actor())
			if err != nil {
				return err
			}
			for _, e := range entries {
				list, refs = append(list, e.DonorNeed), append(refs, e.Ref)
			}
		}
		return consent.WriteSubmission(w, list, refs, time.Now())
	})
	form.Flags().String("release", "", t.say("export.flag.release"))
	hook := command(t, "webhook", "export.webhook", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		if err := need(t, c, "donor", "url", "secret-file"); err != nil {
			return err
		}
		secret, err := os.ReadFile(flag(c, "secret-file"))
		if err != nil {
			return fmt.Errorf("read secret: %w", err)
		}
		to := consent.Connector{Donor: flag(c, "donor"), URL: flag(c, "url"), Secret: bytes.TrimSpace(secret)}
		sent, err := s.Needs.Push(ctx, to, &http.Client{Timeout: 30 * time.Second}, actor())
		fmt.Fprintln(c.OutOrStdout(), t.say("export.webhook.sent", sent))
		return err
	})
	hook.Flags().String("donor", "", t.say("export.flag.donor"))
	hook.Flags().String("url", "", t.say("export.flag.url"))
	hook.Flags().String("secret-file", "", t.say("export.flag.secret"))
	return group(t, "export", results, poam, table, iati, form, hook, exportAnswer(t))
}

// exportOf is one kind of file. It is made whole in memory first: a failure leaves no half of a file behind.
func exportOf(t texts, use string, make func(ctx context.Context, c *cobra.Command, s *server.Server, w *bytes.Buffer) error) *cobra.Command {
	cmd := command(t, use, "export."+use, cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		var buf bytes.Buffer
		if err := make(ctx, c, s, &buf); err != nil {
			return err
		}
		name := flag(c, "output")
		if name == "" || name == "-" {
			_, err := c.OutOrStdout().Write(buf.Bytes())
			return err
		}
		if err := os.WriteFile(name, buf.Bytes(), 0o600); err != nil {
			return fmt.Errorf("write export: %w", err)
		}
		return nil
	})
	cmd.Flags().StringP("output", "o", "-", t.say("export.flag.output"))
	cmd.Flags().String("donor", "", t.say("export.flag.donor"))
	return cmd
}
