package desk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/review"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Limits of evidence.
const (
	MaxAttachment   = 5 << 20 // bytes of one file
	maxPerFinding   = 20      // files that stand to one finding
	maxPerRecipient = 2 << 30 // bytes of all files of a recipient
)

// ErrFile means a file that is not taken as evidence; the text says why.
var ErrFile = errors.New("not taken as evidence")

// kinds are the media types that are taken, with the endings that go with each.
var kinds = map[string][]string{
	"image/png": {".png"}, "image/jpeg": {".jpg", ".jpeg"}, "application/pdf": {".pdf"}, "text/plain": {".txt", ".log", ".csv", ".conf", ".json"},
}

// Attach puts a file to a finding as evidence. Its kind follows from its content, and its name must agree with it: what is
// called a picture is one. A refusal is [ErrFile].
func (d *Desk) Attach(ctx context.Context, a access.Actor, finding, name string, content []byte) (v store.Attachment, err error) {
	if name, err = cleanName(name); err != nil {
		return v, err
	}
	kind, err := kindOf(name, content)
	if err != nil {
		return v, err
	}
	sum := sha256.Sum256(content)
	err = d.st.Tx(ctx, func(tx *store.Tx) error {
		f, err := d.mayChange(tx, a, access.FindingsEvidence, finding)
		if err != nil {
			return err
		}
		there, err := tx.Attachments(finding)
		if err != nil {
			return fmt.Errorf("read attachments: %w", err)
		}
		standing := 0
		for _, o := range there {
			if !o.Removed.IsZero() {
				continue
			}
			if standing++; bytes.Equal(o.Digest, sum[:]) {
				return fmt.Errorf("%w: this file stands there already", ErrFile)
			}
		}
		total, err := tx.AttachedBytes(f.RecipientID)
		if err != nil {
			return fmt.Errorf("sum up attachments: %w", err)
		}
		if standing >= maxPerFinding || total+int64(len(content)) > maxPerRecipient {
			return fmt.Errorf("%w: there are too many already", ErrFile)
		}
		v = store.Attachment{ID: store.NewID("a"), FindingID: finding, RecipientID: f.RecipientID, Name: name, Kind: kind, Size: len(content), Digest: sum[:],
			Content: content, Created: d.now().UTC().Truncate(time.Millisecond), CreatedBy: actorName(a)}
		if err := tx.AddAttachment(v); err != nil {
			return fmt.Errorf("store attachment: %w", err)
		}
		return d.noteFile(tx, a, f, v, "attached")
	})
	v.Content = nil
	return v, err
}

func (d *Desk) noteFile(tx *store.Tx, a access.Actor, f store.Finding, v store.Attachment, event string) error {
	detail, err := json.Marshal(map[string]string{"attachment": v.ID, "name": v.Name, "sha256": hex.EncodeToString(v.Digest)})
	if err != nil {
		return fmt.Errorf("encode attachment: %w", err)
	}
	return d.note(tx, a, f, event, "finding."+event, string(detail), string(detail))
}

func cleanName(name string) (string, error) {
	name = filepath.Base(strings.TrimSpace(strings.ReplaceAll(name, `\`, "/")))
	if name == "" || name == "." || name == "/" || len(name) > 200 || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '"' }) {
		return "", fmt.Errorf("%w: the name must have 1 to 200 letters", ErrFile)
	}
	return name, nil
}

func kindOf(name string, content []byte) (string, error) {
	if len(content) == 0 || len(content) > MaxAttachment {
		return "", fmt.Errorf("%w: a file must have 1 byte to %d MiB", ErrFile, MaxAttachment>>20)
	}
	kind, _, _ := strings.Cut(http.DetectContentType(content), ";")
	if kind == "text/plain" && (!utf8.Valid(content) || bytes.IndexByte(content, 0) >= 0) {
		kind = "application/octet-stream"
	}
	endings, ok := kinds[kind]
	if !ok {
		return "", fmt.Errorf("%w: only PNG, JPEG, PDF and plain text are", ErrFile)
	}
	if !slices.Contains(endings, strings.ToLower(filepath.Ext(name))) {
		return "", fmt.Errorf("%w: the name does not go with the content, which is %s", ErrFile, kind)
	}
	return kind, nil
}

// mayChange locks a finding that the actor may do action to.
func (d *Desk) mayChange(tx *store.Tx, a access.Actor, action access.Action, finding string) (store.Finding, error) {
	f, err := tx.LockFinding(finding)
	if err != nil {
		return f, err
	}
	o := access.Object{Recipient: f.RecipientID}
	switch {
	case access.Can(a, action, o):
		return f, nil
	case access.Can(a, access.FindingsRead, o):
		return f, ErrForbidden
	}
	return f, store.ErrNotFound
}

// Attachments lists what was put to a finding, oldest first, without contents.
func (d *Desk) Attachments(ctx context.Context, a access.Actor, finding string) (list []store.Attachment, err error) {
	if _, err := d.Finding(ctx, a, finding); err != nil {
		return nil, err
	}
	err = d.st.View(ctx, func(tx *store.Tx) (err error) { list, err = tx.Attachments(finding); return err })
	return list, err
}

// Attachment reads a file; one that was removed is store.ErrNotFound.
func (d *Desk) Attachment(ctx context.Context, a access.Actor, id string) (v store.Attachment, err error) {
	err = d.st.View(ctx, func(tx *store.Tx) (err error) { v, err = tx.Attachment(id); return err })
	if err == nil && (!v.Removed.IsZero() || !access.Can(a, access.FindingsRead, access.Object{Recipient: v.RecipientID})) {
		return store.Attachment{}, store.ErrNotFound
	}
	return v, err
}

// RemoveAttachment takes a file away; that it was there stays on record. Who put it there may, and who reviews.
func (d *Desk) RemoveAttachment(ctx context.Context, a access.Actor, id string) error {
	return d.st.Tx(ctx, func(tx *store.Tx) error {
		v, err := tx.Attachment(id)
		if err != nil {
			return err
		}
		action := access.FindingsReview
		if v.CreatedBy == actorName(a) {
			action = access.FindingsEvidence
		}
		f, err := d.mayChange(tx, a, action, v.FindingID)
		if err != nil {
			return err
		}
		if err := tx.RemoveAttachment(id, d.now()); err != nil {
			return err
		}
		return d.noteFile(tx, a, f, v, "detached")
	})
}

// MaxBulk bounds how many findings are decided at once.
const MaxBulk = 200

// ErrBulk means none, or more than [MaxBulk] findings.
var ErrBulk = errors.New("name 1 to 200 findings")

// DecideMany applies one decision to several findings, each for itself: the errors are by id, of those that were left as
// they are.
func (d *Desk) DecideMany(ctx context.Context, a access.Actor, ids []string, dec review.Decision, reason string, until time.Time) (map[string]error, error) {
	if len(ids) == 0 || len(ids) > MaxBulk {
		return nil, ErrBulk
	}
	refused := map[string]error{}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		err := d.Decide(ctx, a, id, dec, reason, until)
		switch {
		case err == nil:
		case errors.Is(err, store.ErrNotFound), errors.Is(err, ErrForbidden), errors.Is(err, ErrText), errors.Is(err, review.ErrReasonMissing),
			errors.Is(err, review.ErrUntilMissing), errors.Is(err, review.ErrUntilRange), errors.Is(err, review.ErrClosed), errors.Is(err, review.ErrUnknown):
			refused[id] = err
		default:
			return refused, err
		}
	}
	return refused, nil
}

// AssignMany gives several findings to somebody, each for itself, as [Desk.DecideMany] decides them.
func (d *Desk) AssignMany(ctx context.Context, a access.Actor, ids []string, user string) (map[string]error, error) {
	if len(ids) == 0 || len(ids) > MaxBulk {
		return nil, ErrBulk
	}
	refused := map[string]error{}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		err := d.Assign(ctx, a, id, user)
		switch {
		case err == nil:
		case errors.Is(err, store.ErrNotFound), errors.Is(err, ErrForbidden), errors.Is(err, ErrAssignee):
			refused[id] = err
		default:
			return refused, err
		}
	}
	return refused, nil
}

// Bounds of saved filters.
const (
	maxFilters = 50
	maxQuery   = 1000
)

// ErrFilter means a saved filter without a name, or one that is no filter of findings.
var ErrFilter = errors.New("a saved filter needs a name of up to 60 letters and a query of the list of findings")

// filterKeys are what a list of findings can be narrowed by.
var filterKeys = []string{"recipient", "site", "host", "control", "capability", "state", "review", "decision", "severity", "assignee"}

// FilterKeys are what a list of findings can be narrowed by.
func FilterKeys() []string { return slices.Clone(filterKeys) }

// SaveFilter keeps a query of the list of findings under a name, for the actor alone.
func (d *Desk) SaveFilter(ctx context.Context, a access.Actor, name, query string) error {
	name = strings.TrimSpace(name)
	q, err := url.ParseQuery(query)
	if err != nil || name == "" || utf8.RuneCountInString(name) > 60 || len(query) > maxQuery {
		return ErrFilter
	}
	for k := range q {
		if !slices.Contains(filterKeys, k) {
			return ErrFilter
		}
	}
	return d.st.Tx(ctx, func(tx *store.Tx) error {
		have, err := tx.SavedFilters(a.UserID)
		if err != nil {
			return fmt.Errorf("read filters: %w", err)
		}
		if len(have) >= maxFilters {
			return ErrFilter
		}
		return tx.PutSavedFilter(store.SavedFilter{UserID: a.UserID, Name: name, Query: q.Encode(), Created: d.now()})
	})
}

// Filters lists the actor's saved filters by name.
func (d *Desk) Filters(ctx context.Context, a access.Actor) (list []store.SavedFilter, err error) {
	err = d.st.View(ctx, func(tx *store.Tx) (err error) { list, err = tx.SavedFilters(a.UserID); return err })
	return list, err
}

// DropFilter forgets one of the actor's saved filters.
func (d *Desk) DropFilter(ctx context.Context, a access.Actor, name string) error {
	return d.st.Tx(ctx, func(tx *store.Tx) error { return tx.DropSavedFilter(a.UserID, name) })
}
