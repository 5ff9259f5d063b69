package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server"
	"github.com/vymir-project/vymir/server/internal/listing"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
)

func hostsCommand(t texts) *cobra.Command {
	list := command(t, "list", "hosts.list", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		var out listing.Hosts
		if err := s.Store.View(ctx, func(tx *store.Tx) (err error) { out, err = listing.ReadHosts(tx, flag(c, "recipient")); return err }); err != nil {
			return err
		}
		var rows [][]string
		for _, h := range out.Hosts {
			seen := when(h.LastSeenAt)
			if !h.RevokedAt.IsZero() {
				seen += " ✗"
			}
			rows = append(rows, []string{h.ID, h.Name, h.Recipient, h.OS, seen, fmt.Sprint(h.Summary.Pass), fmt.Sprint(h.Summary.Fail), fmt.Sprint(h.Summary.Unmeasured)})
		}
		return write(c, t, out, []string{"id", "name", "recipient", "os", "seen", "pass", "fail", "unmeasured"}, rows)
	})
	list.Flags().String("recipient", "", t.say("flag.recipient.all"))
	formatFlag(list, t, "table", "json")
	revoke := command(t, "revoke ID", "hosts.revoke", cobra.ExactArgs(1), func(ctx context.Context, c *cobra.Command, s *server.Server, args []string) error {
		if err := need(t, c, "reason"); err != nil {
			return err
		}
		return s.Enroller.Revoke(ctx, args[0], flag(c, "reason"), actor())
	})
	revoke.Flags().String("reason", "", t.say("hosts.flag.reason"))
	return group(t, "hosts", list, revoke)
}

func findingsCommand(t texts) *cobra.Command {
	list := command(t, "list", "findings.list", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		state := flag(c, "state")
		if err := oneOf(t, "--state", state, []string{"open", "closed", "moot", "all"}); err != nil {
			return err
		}
		if state == "all" {
			state = ""
		}
		f := store.FindingFilter{Recipient: flag(c, "recipient"), Host: flag(c, "host"), State: review.State(state)}
		var out listing.Findings
		if err := s.Store.View(ctx, func(tx *store.Tx) (err error) { out, err = listing.ReadFindings(tx, s.Book, f, t.lang); return err }); err != nil {
			return err
		}
		var rows [][]string
		for _, v := range out.Findings {
			rows = append(rows, []string{t.say("severity." + string(v.Severity)), v.Control, v.Host, t.say("state." + string(v.State)), when(v.OpenedAt), short(v.Reason, 90)})
		}
		return write(c, t, out, []string{"severity", "control", "id", "state", "since", "reason"}, rows)
	})
	list.Flags().String("recipient", "", t.say("flag.recipient.all"))
	list.Flags().String("host", "", t.say("findings.flag.host"))
	list.Flags().String("state", "open", t.say("findings.flag.state"))
	formatFlag(list, t, "table", "json")
	return group(t, "findings", list)
}

func gapsCommand(t texts) *cobra.Command {
	list := command(t, "list", "gaps.list", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		_, all, err := s.Needs.Run(ctx, flag(c, "recipient"))
		if err != nil {
			return err
		}
		out := listing.MakeGaps(all)
		var rows [][]string
		for _, g := range out.Gaps {
			rows = append(rows, []string{g.Recipient, g.Site, capability(g.Capability, t.lang), fmt.Sprintf("%d/%d/%d", g.Affected, g.Measured, g.Known), t.say("urgency." + string(g.Urgency)), when(g.Since)})
		}
		return write(c, t, out, []string{"recipient", "site", "capability", "hosts", "urgency", "since"}, rows)
	})
	list.Flags().String("recipient", "", t.say("flag.recipient.all"))
	formatFlag(list, t, "table", "json")
	return group(t, "gaps", list)
}

func needsCommand(t texts) *cobra.Command {
	list := command(t, "list", "needs.list", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		run, _, err := s.Needs.Run(ctx, flag(c, "recipient"))
		if err != nil {
			return err
		}
		var rows [][]string
		for i := range run.Needs {
			n := &run.Needs[i]
			rows = append(rows, []string{fmt.Sprint(n.Rank), n.ID, n.Recipient, short(n.Title.In(t.lang), 60), fmt.Sprintf("%d %s", n.Quantity, n.Unit.In(t.lang)), fmt.Sprintf("%.0f–%.0f", n.Cost.Low, n.Cost.High), listing.Line(n, t.lang)})
		}
		return write(c, t, run, []string{"rank", "id", "recipient", "need", "quantity", "cost", "line"}, rows)
	})
	list.Flags().String("recipient", "", t.say("flag.recipient.all"))
	formatFlag(list, t, "table", "json")
	return group(t, "needs", list)
}

func projectsCommand(t texts) *cobra.Command {
	list := command(t, "list", "projects.list", cobra.NoArgs, func(ctx context.Context, c *cobra.Command, s *server.Server, _ []string) error {
		out, err := listing.ReadProjects(ctx, s.Needs, flag(c, "recipient"))
		if err != nil {
			return err
		}
		var rows [][]string
		for _, p := range out.Projects {
			for i, part := range p.Parts {
				row := []string{"", "", "", part.Name.In(t.lang), t.say("part." + part.State), part.Release}
				if i == 0 {
					row[0], row[1], row[2] = p.ID, short(p.Title.In(t.lang), 60), fmt.Sprint(p.Version)
				}
				rows = append(rows, row)
			}
		}
		return write(c, t, out, []string{"id", "project", "revision", "recipient", "state", "text"}, rows)
	})
	list.Flags().String("recipient", "", t.say("flag.recipient.all"))
	formatFlag(list, t, "table", "json")
	return group(t, "projects", list)
}

// capability names one for a reader.
func capability(id, lang string) string {
	all, err := remedies.Capabilities()
	if err != nil {
		return id
	}
	for _, c := range all {
		if c.ID == id {
			return c.Name.In(lang)
		}
	}
	return id
}
