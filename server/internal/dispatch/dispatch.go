// Package dispatch decides what hosts are told when they check in: which signed artefacts to fetch, how often to
// come, what to leave out of their reports, and to measure now.
//
// Nothing here can make a host send more: an artefact counts only by its signature, whose key no serving process
// holds, and what a host is told to withhold only narrows what its administrator lets leave.
package dispatch

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/agent/wire/vymirv1"
	"github.com/vymir-project/vymir/collector/vulnindex"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Fresh is how long a server process may go without looking again what hosts are to be told.
const Fresh = 5 * time.Second

// Board holds what hosts are told. Its zero value is ready; safe for concurrent use.
type Board struct {
	mu         sync.Mutex
	read       time.Time
	offers     []store.Offer
	deltas     []store.Delta
	directives map[string]store.Directive
}

// For gives what a host is told at now, after its report was taken. Of artefacts only those newer than the host says it has.
func (b *Board) For(tx *store.Tx, h store.Host, has *vymirv1.CheckInRequest, now time.Time) (*vymirv1.Directives, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.refresh(tx, now); err != nil {
		return nil, err
	}
	d := &vymirv1.Directives{}
	for _, scope := range []string{"", "recipient:" + h.RecipientID, "host:" + h.ID} { // the narrower says the last word
		s, ok := b.directives[scope]
		if !ok {
			continue
		}
		if s.Interval > 0 {
			d.IntervalS = uint32(s.Interval / time.Second)
		}
		d.Withhold = append(d.Withhold, s.Withhold...)
		d.MeasureNow = d.MeasureNow || s.Asked.After(h.Measured)
	}
	slices.Sort(d.Withhold)
	d.Withhold = slices.Compact(d.Withhold)
	if o := b.bundle(h.RecipientID); o != nil && o.Revision > has.GetBundleRevision() {
		d.Offers = append(d.Offers, offer(o))
	}
	release := ecosystem(h.OS)
	for i := range b.offers {
		switch o := &b.offers[i]; {
		case o.Kind == wire.KindVulns && o.Name == release && o.Revision > has.GetVulnsRevision():
			d.Offers = append(d.Offers, b.since(offer(o), has.GetVulnsRevision()))
		case o.Kind == wire.KindBanned && o.Revision > has.GetBannedRevision():
			d.Offers = append(d.Offers, offer(o))
		}
	}
	return d, nil
}

// since puts the delta from the revision a host has beside the whole, where there is one.
func (b *Board) since(o *vymirv1.Offer, base uint64) *vymirv1.Offer {
	for i := range b.deltas {
		if d := &b.deltas[i]; d.Kind == o.Kind && d.Name == o.Name && d.Revision == o.Revision && d.Base == base {
			o.DeltaFrom, o.DeltaSize, o.DeltaDigest = d.Base, d.Size, d.Digest
		}
	}
	return o
}

// ecosystem names the release whose vulnerabilities concern a host, from what it says of its system ("debian 12"); "" when
// it says nothing.
func ecosystem(os string) string {
	id, version, _ := strings.Cut(os, " ")
	return vulnindex.EcosystemOf(id, version)
}

// bundle is the offer for a recipient's hosts: its own, else the one for all.
func (b *Board) bundle(recipient string) (found *store.Offer) {
	for i := range b.offers {
		o := &b.offers[i]
		if o.Kind == wire.KindBundle && (o.RecipientID == recipient || (o.RecipientID == "" && found == nil)) {
			found = o
		}
	}
	return found
}

func offer(o *store.Offer) *vymirv1.Offer {
	return &vymirv1.Offer{Kind: o.Kind, Name: o.Name, Revision: o.Revision, Size: o.Size, Digest: o.Digest}
}

// refresh reads what is told anew when it is not fresh. It is called with mu held.
func (b *Board) refresh(tx *store.Tx, now time.Time) error {
	if age := now.Sub(b.read); b.directives != nil && age >= 0 && age < Fresh {
		return nil
	}
	offers, err := tx.Offers()
	if err != nil {
		return err
	}
	deltas, err := tx.Deltas()
	if err != nil {
		return err
	}
	list, err := tx.Directives()
	if err != nil {
		return err
	}
	b.offers, b.deltas, b.directives, b.read = offers, deltas, map[string]store.Directive{}, now
	for _, d := range list {
		b.directives[d.Scope] = d
	}
	return nil
}

func detail(m map[string]any) string {
	b, err := json.Marshal(m)
	if err != nil {
		return "{}"
	}
	return string(b)
}
