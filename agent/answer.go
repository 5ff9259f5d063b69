package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/vymir-project/vymir/agent/internal/control"
	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/internal/pack"
	"github.com/vymir-project/vymir/agent/internal/spool"
	"github.com/vymir-project/vymir/agent/internal/uplink"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// Answered says what a sealed answer brought.
type Answered struct {
	uplink.Taken
	Artefacts []string `json:"artefacts"` // kinds of signed artefacts that came and wait to be tried by the next assessment
}

// TakeAnswer takes a sealed answer file that came on a stick, through the daemon where one runs. Taking it twice, or after a
// newer one ([uplink.ErrOlder]), changes nothing.
func TakeAnswer(ctx context.Context, c Config, r io.Reader) (Answered, error) {
	id, err := identity.Load(c.StateDir)
	if err != nil {
		return Answered{}, err
	}
	body, err := uplink.ReadAnswer(r, c.StateDir, id)
	if err != nil {
		return Answered{}, err
	}
	artefacts := body.Artefacts
	body.Artefacts = nil // what the daemon applies is small
	var out Answered
	taken, err := askDaemon(ctx, c, body)
	if errors.Is(err, control.ErrNoDaemon) {
		var own uplink.Taken
		own, err = takeAlone(c, id, body)
		taken = &own
	}
	if err != nil {
		return out, err
	}
	out.Taken = *taken
	out.Artefacts, err = putArtefacts(c, body.Hosts[0].Response.GetDirectives().GetOffers(), artefacts)
	return out, err
}

func askDaemon(ctx context.Context, c Config, body *vymirv1.AnswerBody) (*uplink.Taken, error) {
	b, err := wire.Marshal(body)
	if err != nil {
		return nil, err
	}
	return control.Post[uplink.Taken](ctx, c.Socket, "answer", b)
}

// takeAlone applies an answer where no daemon runs.
func takeAlone(c Config, id *identity.Identity, body *vymirv1.AnswerBody) (uplink.Taken, error) {
	outbox, err := spool.Open(c.OutboxDir(), spool.Options{MaxBytes: c.Outbox.MaxBytes, MaxItems: c.Outbox.MaxItems})
	if err != nil {
		return uplink.Taken{}, err
	}
	defer outbox.Close() //nolint:errcheck // nothing is written by closing
	return uplink.TakeAnswer(uplink.Options{StateDir: c.StateDir, Identity: id, Outbox: outbox}, body)
}

// putArtefacts lays down what was offered and is wanted; the next assessment verifies and tries it.
func putArtefacts(c Config, offers []*vymirv1.Offer, artefacts []*vymirv1.SealedArtefact) ([]string, error) {
	kinds := []string{}
	for _, o := range offers {
		if !slices.Contains(artefactKinds(c), o.GetKind()) {
			continue
		}
		held := pack.Open(c.StateDir, o.Kind)
		if wanted, err := held.Wanted(o); err != nil || !wanted {
			if err != nil {
				return kinds, err
			}
			continue
		}
		for _, a := range artefacts {
			if d := sha256.Sum256(a.GetData()); a.GetKind() != o.Kind || !bytes.Equal(d[:], o.Digest) {
				continue
			}
			if err := held.Put(a.Data); err != nil {
				return kinds, err
			}
			kinds = append(kinds, o.Kind)
		}
	}
	return kinds, nil
}

// Revisions are those of the policies that judge and of the vulnerability index in use; 0: none.
func Revisions(c Config) (bundle, vulns uint64) {
	_, bundle, _ = bundleRevision(c)
	if f := pack.Open(c.StateDir, wire.KindVulns).State().InForce; f != nil {
		vulns = f.Revision
	}
	return bundle, vulns
}

// answerCall is an answer that waits for the daemon's loop.
type answerCall struct {
	body *vymirv1.AnswerBody
	done chan answerDone
}

type answerDone struct {
	taken uplink.Taken
	err   error
}

// Answer takes what [TakeAnswer] sends over the socket, in the daemon's loop, and gives what it changed as JSON.
func (d *Daemon) Answer(ctx context.Context, encoded []byte) ([]byte, error) {
	var body vymirv1.AnswerBody
	if err := proto.Unmarshal(encoded, &body); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	c := answerCall{body: &body, done: make(chan answerDone, 1)}
	select {
	case d.answers <- c:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the daemon: %w", ctx.Err())
	}
	select {
	case r := <-c.done:
		if r.err != nil {
			return nil, r.err
		}
		return json.Marshal(r.taken)
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the daemon: %w", ctx.Err())
	}
}

// takeAnswer is called by the loop.
func (d *Daemon) takeAnswer(c answerCall) {
	var r answerDone
	id, err := identity.Load(d.config.StateDir)
	if r.err = err; err == nil {
		r.taken, r.err = uplink.TakeAnswer(uplink.Options{StateDir: d.config.StateDir, Identity: id, Outbox: d.outbox}, c.body)
		d.up = nil // it remembers what was before
	}
	if r.taken.MeasureNow && !d.config.AcceptDirectives.RefuseMeasureNow {
		d.tell = true
		d.assess.Reset(0)
	}
	c.done <- r
}
