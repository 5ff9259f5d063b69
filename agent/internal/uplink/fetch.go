package uplink

import (
	"context"
	"errors"
	"slices"

	"connectrpc.com/connect"

	"github.com/vymir-project/vymir/agent/internal/pack"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
)

// fetch brings the artefacts that were offered and are wanted. One that is interrupted goes on with the next check-in.
func (u *Uplink) fetch(ctx context.Context, c *wire.Client, out *Outcome) error {
	var failed error
	for _, o := range u.offers {
		if !slices.Contains(u.o.Kinds, o.GetKind()) {
			continue
		}
		k := pack.Open(u.o.StateDir, o.Kind)
		wanted, err := k.Wanted(o)
		if err == nil && wanted && o.Size > u.budget.Artefact() {
			out.Postponed = append(out.Postponed, o.Kind) // until another link, another month, or a stick
			continue
		}
		if err == nil && wanted {
			err = k.Fetch(o, func(from, offset uint64, limit uint32) ([]byte, uint64, []byte, error) {
				ctx, cancel := context.WithTimeout(ctx, roundTime)
				defer cancel()
				r, err := c.Fetch(ctx, connect.NewRequest(&vymirv1.FetchRequest{Kind: o.Kind, Name: o.Name, Revision: o.Revision, Offset: offset, Limit: limit, DeltaFrom: from}))
				if err != nil {
					return nil, 0, nil, err
				}
				return r.Msg.Data, r.Msg.Total, r.Msg.Digest, nil
			})
		}
		if err != nil {
			failed = errors.Join(failed, err)
		} else if wanted {
			out.Fetched = append(out.Fetched, o.Kind)
		}
	}
	return failed
}
