package ingest

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"time"

	"filippo.io/age"
	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/server/internal/enrol"
	"github.com/vymir-project/vymir/server/internal/store"
)

// ErrNoStick says that a host never sent a stick that names where to answer to.
var ErrNoStick = errors.New("no stick of it was imported yet that asks for an answer")

// AnswerTo says whom a sealed answer is for: one host, or all hosts of a site that sent sticks.
type AnswerTo struct {
	Host, Site   string
	WithoutVulns bool // leave vulnerability indexes out, which are the large part
}

// Answered says what went into a sealed answer.
type Answered struct {
	Hosts     []string
	Artefacts int // bundles and indexes in it
}

// noteStick keeps where and how to answer the host whose stick was just taken.
func noteStick(tx *store.Tx, body *vymirv1.ExportBody, refused []*vymirv1.Refusal) error {
	if _, err := age.ParseX25519Recipient(body.AnswerRecipient); err != nil {
		return nil // an agent that takes no answers
	}
	b, err := proto.Marshal(&vymirv1.CheckInResponse{Refused: refused})
	if err != nil {
		return fmt.Errorf("keep refusals: %w", err)
	}
	return tx.PutAnswerBox(store.AnswerBox{
		HostID: body.HostId, Recipient: body.AnswerRecipient, BundleRevision: min(body.BundleRevision, maxSequence),
		VulnsRevision: min(body.VulnsRevision, maxSequence), Refused: b,
	})
}

// Answer writes a sealed answer file to w: acknowledgements, directives, what is offered of signed artefacts, and a fresh
// certificate where one is due. Nothing in it counts before the host took it, and every answer is whole: one that got lost
// is made up for by the next.
func (im *Importer) Answer(ctx context.Context, w io.Writer, to AnswerTo, by string, now time.Time) (Answered, error) {
	var done Answered
	body := &vymirv1.AnswerBody{ServerTimeMs: now.UnixMilli()}
	var recipients []string
	err := im.store.Tx(ctx, func(tx *store.Tx) error {
		done, recipients, body.Hosts, body.Artefacts = Answered{}, nil, nil, nil
		hosts, err := answered(tx, to)
		if err != nil {
			return err
		}
		for _, h := range hosts {
			box, err := tx.AnswerBox(h.ID)
			if errors.Is(err, store.ErrNotFound) {
				if to.Host != "" {
					return fmt.Errorf("host %q: %w", h.ID, ErrNoStick)
				}
				continue
			} else if err != nil {
				return err
			}
			a, err := im.answerHost(tx, h, box, to, now)
			if err != nil {
				return err
			}
			body.Hosts = append(body.Hosts, a)
			recipients = append(recipients, box.Recipient)
			done.Hosts = append(done.Hosts, h.ID)
			if err := tx.Audit(store.Entry{At: now, Actor: by, Action: "answer.export", Object: "host:" + h.ID, RecipientID: h.RecipientID,
				Detail: fmt.Sprintf(`{"number": %d, "acknowledged": %d}`, a.Number, a.Response.Acknowledged)}); err != nil {
				return err
			}
		}
		if len(body.Hosts) == 0 {
			return fmt.Errorf("site %q: %w", to.Site, ErrNoStick)
		}
		body.Artefacts, err = artefactsOf(tx, body.Hosts)
		done.Artefacts = len(body.Artefacts)
		return err
	})
	if err != nil {
		return done, fmt.Errorf("answer: %w", err)
	}
	c, err := im.ca.Server(now)
	if err != nil {
		return done, err
	}
	key, ok := c.PrivateKey.(crypto.Signer)
	if !ok {
		return done, errors.New("answer: the server's key cannot sign")
	}
	return done, wire.SealAnswer(w, recipients, body, key, c.Certificate)
}

// answered lists whom an answer may be for; revoked hosts get none.
func answered(tx *store.Tx, to AnswerTo) ([]store.Host, error) {
	if to.Host != "" {
		h, err := tx.LockHost(to.Host)
		if err != nil {
			return nil, fmt.Errorf("host %q: %w", to.Host, err)
		}
		if !h.Revoked.IsZero() {
			return nil, fmt.Errorf("host %q: %w", to.Host, enrol.ErrHostRevoked)
		}
		return []store.Host{h}, nil
	}
	site, err := tx.Site(to.Site)
	if err != nil {
		return nil, fmt.Errorf("site %q: %w", to.Site, err)
	}
	all, err := tx.Hosts(site.RecipientID, "", 0)
	if err != nil {
		return nil, err
	}
	var out []store.Host
	for _, h := range all {
		if h.SiteID == site.ID && h.Revoked.IsZero() {
			out = append(out, h)
		}
	}
	return out, nil
}

func (im *Importer) answerHost(tx *store.Tx, h store.Host, box store.AnswerBox, to AnswerTo, now time.Time) (*vymirv1.HostAnswer, error) {
	var last vymirv1.CheckInResponse
	if err := proto.Unmarshal(box.Refused, &last); err != nil {
		return nil, fmt.Errorf("read refusals of host %s: %w", h.ID, err)
	}
	a := &vymirv1.HostAnswer{
		HostId: h.ID,
		// The time, so that numbers rise also after the data base was restored from a copy.
		Number:   max(box.Number+1, uint64(max(now.UnixMilli(), 1))),
		Response: &vymirv1.CheckInResponse{Acknowledged: h.LastSequence, Refused: last.Refused, ServerTimeMs: now.UnixMilli()},
	}
	d, err := im.board.For(tx, h, &vymirv1.CheckInRequest{BundleRevision: box.BundleRevision, VulnsRevision: box.VulnsRevision}, now)
	if err != nil {
		return nil, err
	}
	if to.WithoutVulns {
		d.Offers = without(d.Offers, wire.KindVulns)
	}
	a.Response.Directives = d
	if a.Identity, err = enrol.ByStick(tx, im.ca, h, now); err != nil {
		return nil, err
	}
	return a, tx.NumberAnswer(h.ID, a.Number)
}

func without(offers []*vymirv1.Offer, kind string) (out []*vymirv1.Offer) {
	for _, o := range offers {
		if o.Kind != kind {
			out = append(out, o)
		}
	}
	return out
}

// artefactsOf reads each artefact that a host of the answer is offered, once.
func artefactsOf(tx *store.Tx, hosts []*vymirv1.HostAnswer) (out []*vymirv1.SealedArtefact, err error) {
	type key struct {
		kind, name string
		revision   uint64
	}
	seen := map[key]bool{}
	for _, h := range hosts {
		for _, o := range h.Response.Directives.Offers {
			k := key{o.Kind, o.Name, o.Revision}
			if seen[k] {
				continue
			}
			seen[k] = true
			x := &vymirv1.SealedArtefact{Kind: o.Kind, Name: o.Name, Revision: o.Revision}
			if x.Data, err = tx.ArtefactPart(o.Kind, o.Name, o.Revision, 0, o.Size); err != nil {
				return nil, fmt.Errorf("read %s %q: %w", o.Kind, o.Name, err)
			}
			out = append(out, x)
		}
	}
	return out, nil
}
