package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent"
	"github.com/vymir-project/vymir/agent/internal/control"
	"github.com/vymir-project/vymir/agent/internal/durable"
	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/internal/report"
	"github.com/vymir-project/vymir/agent/internal/spool"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/policies"
)

func (p *program) outboxCommand() *cobra.Command {
	c := &cobra.Command{Use: "outbox", Short: "show exactly what leaves this host, or export it to a file"}
	var listFormat, showFormat, to string
	list := &cobra.Command{
		Use: "list", Short: "list what waits to leave", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.outboxList(listFormat) },
	}
	formatFlag(list, &listFormat, "table", "json")
	show := &cobra.Command{
		Use: "show [NUMBER]", Short: "print one item as it leaves (default: the newest)", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			number := uint64(0)
			if len(args) == 1 {
				n, err := strconv.ParseUint(args[0], 10, 64)
				if err != nil || n == 0 {
					return usage(c, "%q is not the number of an item", args[0])
				}
				number = n
			}
			return p.outboxShow(number, showFormat)
		},
	}
	formatFlag(show, &showFormat, "table", "json")
	export := &cobra.Command{
		Use: "export FILE", Short: "write what waits into a sealed file for a USB stick", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return p.outboxExport(args[0], to) },
	}
	export.Flags().StringVar(&to, "to", "", "age recipient of the server (default: the one it gave at enrolment)")
	take := &cobra.Command{
		Use: "import FILE", Short: "take the server's sealed answer from a USB stick", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return p.outboxImport(c.Context(), args[0]) },
	}
	c.AddCommand(list, show, export, take)
	return c
}

func (p *program) openOutbox() (agent.Config, *spool.Spool, error) {
	config, err := p.config()
	if err != nil {
		return config, nil, err
	}
	s, err := spool.Open(config.OutboxDir(), spool.Options{ReadOnly: true})
	return config, s, err
}

// listed is one line of outbox list.
type listed struct {
	Number uint64    `json:"number"`
	Made   time.Time `json:"made"`
	Kind   string    `json:"kind"` // assessment or facts
	Urgent bool      `json:"urgent"`
	Bytes  int       `json:"bytes"`
}

func (p *program) outboxList(format string) error {
	_, s, err := p.openOutbox()
	if err != nil {
		return err
	}
	items := []listed{}
	for _, it := range s.List() {
		kind := "assessment"
		if it.Kind == spool.Facts {
			kind = "facts"
		}
		items = append(items, listed{Number: it.Sequence, Made: it.Created, Kind: kind, Urgent: it.Urgent, Bytes: it.Size})
	}
	if format == "json" {
		return p.writeJSON(map[string]any{"schema": "vymir.outbox/1", "items": items})
	}
	if len(items) == 0 {
		p.println(p.text("outbox.empty"))
		return nil
	}
	kinds := map[string]string{"assessment": p.text("outbox.kind_state"), "facts": p.text("outbox.kind_facts")}
	yes := map[bool]string{true: p.text("word.yes"), false: p.text("word.no")}
	rows := [][]string{{p.text("outbox.number"), p.text("outbox.made"), p.text("outbox.kind"), p.text("outbox.urgent"), p.text("outbox.bytes")}}
	for _, it := range items {
		rows = append(rows, []string{fmt.Sprint(it.Number), report.At(it.Made), kinds[it.Kind], yes[it.Urgent], fmt.Sprint(it.Bytes)})
	}
	return report.Columns(p.stdout, p.style(), rows)
}

// outboxShow prints an item: as JSON the very message, as a table what it says.
func (p *program) outboxShow(number uint64, format string) error {
	_, s, err := p.openOutbox()
	if err != nil {
		return err
	}
	if number == 0 {
		items := s.List()
		if len(items) == 0 {
			p.println(p.text("outbox.empty"))
			return nil
		}
		number = items[len(items)-1].Sequence
	}
	it, err := readMessage(s, number)
	if err != nil {
		return told{p.text("error.item", int(number), rootCause(err))}
	}
	if format == "table" && it.GetAssessment() != nil {
		a, err := wire.Decode(it.GetAssessment(), lookUp)
		if err != nil {
			return err
		}
		for i := range a.Results {
			if k, ok := policies.BuiltIn().ByNumber(a.Results[i].Number); ok {
				a.Results[i].Title = k.Title.In(p.language())
				a.Results[i].Reason = k.Reason(p.language(), a.Results[i].ReasonID, a.Results[i].Target.Params)
			}
		}
		p.println(p.text("outbox.sends", int(number)))
		return report.Assessment(p.stdout, a, p.style())
	}
	b, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(it)
	if err != nil {
		return fmt.Errorf("encode item: %w", err)
	}
	var pretty bytes.Buffer // protojson's own indenting is not stable on purpose
	if err := json.Indent(&pretty, b, "", "  "); err != nil {
		return fmt.Errorf("encode item: %w", err)
	}
	_, err = fmt.Fprintln(p.stdout, pretty.String())
	return err
}

func rootCause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

func lookUp(n uint32) (wire.Control, bool) {
	k, ok := policies.BuiltIn().ByNumber(n)
	if !ok {
		return wire.Control{}, false
	}
	c := wire.Control{
		ID: k.ID, Revision: k.Revision, Aliases: k.Aliases, Family: k.Family, Capability: k.Capability, Severity: k.Severity, Mappings: k.Mappings,
	}
	for _, r := range k.Reasons {
		c.Reasons = append(c.Reasons, r.ID)
	}
	return c, true
}

func readMessage(s *spool.Spool, number uint64) (*vymirv1.Item, error) {
	w, err := s.Read(number)
	if err != nil {
		return nil, err
	}
	var it vymirv1.Item
	if err := proto.Unmarshal(w.Payload, &it); err != nil {
		return nil, fmt.Errorf("read item %d: %w", number, err)
	}
	it.Sequence, it.CreatedMs, it.Urgent = number, w.Created.UnixMilli(), w.Urgent
	return &it, nil
}

func (p *program) outboxExport(name, to string) error {
	config, s, err := p.openOutbox()
	if err != nil {
		return err
	}
	id, err := identity.Load(config.StateDir)
	if err != nil {
		return err
	}
	if to == "" {
		to = id.ExportRecipient
	}
	if to == "" {
		return told{p.text("error.no_recipient")}
	}
	body := &vymirv1.ExportBody{HostId: id.HostID, CreatedMs: time.Now().UnixMilli(), DroppedItems: s.Stats().Dropped, DamagedItems: s.Stats().Damaged}
	body.BundleRevision, body.VulnsRevision = agent.Revisions(config)
	key, err := identity.AnswerKey(config.StateDir)
	if err != nil {
		return err
	}
	body.AnswerRecipient = key.Recipient().String()
	for _, waiting := range s.List() {
		it, err := readMessage(s, waiting.Sequence)
		if err != nil {
			return err
		}
		body.Items = append(body.Items, it)
	}
	var file bytes.Buffer
	if err := wire.Seal(&file, to, body, id.Signer(), id.Certificate); err != nil {
		return err
	}
	if name == "-" {
		_, err := file.WriteTo(p.stdout)
		return err
	}
	if err := durable.WriteFile(name, file.Bytes()); err != nil {
		return err
	}
	p.println(p.text("outbox.exported", len(body.Items), name))
	return nil
}

func (p *program) outboxImport(ctx context.Context, name string) error {
	config, err := p.config()
	if err != nil {
		return err
	}
	f, err := os.Open(name)
	if err != nil {
		return told{p.text("error.answer_read", err)}
	}
	defer f.Close()
	got, err := agent.TakeAnswer(ctx, config, f)
	if err != nil {
		return err
	}
	if got.Again && len(got.Artefacts) == 0 {
		p.println(p.text("answer.again", name))
		return nil
	}
	p.println(p.text("answer.taken", got.Delivered, got.Refused))
	if got.Renewed {
		p.println(p.text("answer.renewed"))
	}
	for _, kind := range got.Artefacts {
		p.println(p.text("answer.artefact_" + kind))
	}
	if len(got.Artefacts) > 0 && control.Wake(ctx, config.Socket) != nil {
		p.println(p.text("answer.next"))
	}
	return nil
}

func (p *program) writeLine(v any) {
	json.NewEncoder(p.stdout).Encode(v) //nolint:errcheck // the reader went away; the watching ends with its context
}
