package catalogue

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
)

// NewProject begins a project that the recipient leads, and returns the code by which others join. The code is shown
// once; it is passed on by the people who lead, outside of this program.
func (s *Service) NewProject(ctx context.Context, a access.Actor, p Project) (out Project, code string, err error) {
	if err := may(a, access.NeedsPropose, p.Lead); err != nil {
		return Project{}, "", err
	}
	if _, err := s.pseudonymKey(ctx); err != nil {
		return Project{}, "", err
	}
	code, digest := newCode()
	id := store.NewID("pr")
	err = s.st.Tx(ctx, func(tx *store.Tx) error {
		now := s.now().UTC()
		row := store.Project{ID: id, RecipientID: p.Lead, CodeDigest: digest, Created: now, CreatedBy: actorName(a)}
		if err := s.putProject(tx, a, &row, p, "project.new"); err != nil {
			return err
		}
		return tx.PutProjectPart(store.ProjectPart{ProjectID: id, RecipientID: p.Lead, Joined: now, JoinedBy: actorName(a)})
	})
	if err != nil {
		return Project{}, "", err
	}
	out, err = s.Project(ctx, a, id)
	return out, code, err
}

// newCode makes 80 random bits as people read them out, and their digest.
func newCode() (code, digest string) {
	var b [10]byte
	rand.Read(b[:]) //nolint:errcheck // never fails since Go 1.24
	text := base32.StdEncoding.EncodeToString(b[:])
	return strings.Join([]string{text[:4], text[4:8], text[8:12], text[12:]}, "-"), codeDigest(text)
}

// codeDigest forgives hyphens, spaces and small letters.
func codeDigest(code string) string {
	h := sha256.Sum256([]byte(strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))))
	return hex.EncodeToString(h[:])
}

// putProject writes the next version of a project.
func (s *Service) putProject(tx *store.Tx, a access.Actor, row *store.Project, p Project, action string) error {
	w := ProjectWords{p.Title, p.Purpose, p.Schedule}
	if len(w.Title) == 0 {
		return &ScreenError{Kind: "language", Word: "title"}
	}
	if err := w.Schedule.check(); err != nil {
		return err
	}
	if err := s.screenProject(tx, row.ID, row.RecipientID, w); err != nil {
		return err
	}
	body, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("encode project: %w", err)
	}
	row.Version, row.Body = row.Version+1, string(body)
	if err := tx.PutProject(*row, s.now().UTC(), actorName(a)); err != nil {
		return fmt.Errorf("store project: %w", err)
	}
	return s.audit(tx, a, action, "project:"+row.ID, row.RecipientID, map[string]any{"version": row.Version})
}

// EditProject makes a new version of title, purpose and schedule. Texts that were approved keep the words that were
// approved; drafts must be taken over by their recipients before anybody can approve them.
func (s *Service) EditProject(ctx context.Context, a access.Actor, p Project) (Project, error) {
	err := s.leads(ctx, a, p.ID, func(tx *store.Tx, row *store.Project) error { return s.putProject(tx, a, row, p, "project.edit") })
	if err != nil {
		return Project{}, err
	}
	return s.Project(ctx, a, p.ID)
}

// CloseProject ends a project: nobody joins any more and no part is drafted. What is published stays until it ends.
func (s *Service) CloseProject(ctx context.Context, a access.Actor, id string) error {
	return s.leads(ctx, a, id, func(tx *store.Tx, row *store.Project) error {
		row.Closed = s.now().UTC()
		if err := tx.PutProject(*row, row.Closed, actorName(a)); err != nil {
			return fmt.Errorf("store project: %w", err)
		}
		return s.audit(tx, a, "project.close", "project:"+id, row.RecipientID, map[string]any{})
	})
}

// NewCode makes the code by which others join anew; the one before no longer lets anybody in.
func (s *Service) NewCode(ctx context.Context, a access.Actor, id string) (string, error) {
	code, digest := newCode()
	err := s.leads(ctx, a, id, func(tx *store.Tx, row *store.Project) error {
		row.CodeDigest = digest
		if err := tx.PutProject(*row, s.now().UTC(), actorName(a)); err != nil {
			return fmt.Errorf("store project: %w", err)
		}
		return s.audit(tx, a, "project.code", "project:"+id, row.RecipientID, map[string]any{})
	})
	if err != nil {
		return "", err
	}
	return code, nil
}

// leads does something with an open project as its lead. For whoever takes part, it is ErrForbidden.
func (s *Service) leads(ctx context.Context, a access.Actor, id string, do func(*store.Tx, *store.Project) error) error {
	if _, err := s.Project(ctx, a, id); err != nil {
		return err
	}
	return s.st.Tx(ctx, func(tx *store.Tx) error {
		row, err := tx.LockProject(id)
		if err != nil {
			return fmt.Errorf("read project: %w", err)
		}
		if !access.Can(a, access.NeedsPropose, access.Object{Recipient: row.RecipientID}) {
			return ErrForbidden
		}
		if !row.Closed.IsZero() {
			return ErrState
		}
		return do(tx, &row)
	})
}

// JoinProject lets a recipient take part, by the code that the lead passed on. A code that opens nothing is
// store.ErrNotFound.
func (s *Service) JoinProject(ctx context.Context, a access.Actor, recipient, code string) (Project, error) {
	if err := may(a, access.NeedsPropose, recipient); err != nil {
		return Project{}, err
	}
	if _, err := s.pseudonymKey(ctx); err != nil {
		return Project{}, err
	}
	var id string
	err := s.st.Tx(ctx, func(tx *store.Tx) error {
		row, err := tx.ProjectByCode(codeDigest(code))
		if err != nil || !row.Closed.IsZero() {
			return errors.Join(err, store.ErrNotFound)
		}
		id = row.ID
		if _, err := partOfProject(tx, id, recipient); err == nil {
			return nil // is in it already
		} else if !errors.Is(err, ErrProject) {
			return err
		}
		words, err := decodeWords(row.Body)
		if err != nil {
			return err
		}
		part := store.ProjectPart{ProjectID: id, RecipientID: recipient, Joined: s.now().UTC(), JoinedBy: actorName(a)}
		if err := tx.PutProjectPart(part); err != nil {
			return fmt.Errorf("store part: %w", err)
		}
		if err := s.screenProject(tx, id, recipient, words); err != nil {
			return err
		}
		return s.audit(tx, a, "project.join", "project:"+id, recipient, map[string]any{})
	})
	if err != nil {
		return Project{}, err
	}
	return s.Project(ctx, a, id)
}

// LeaveProject ends a recipient's part before anything of it is published; a published part is withdrawn first. The lead
// stays.
func (s *Service) LeaveProject(ctx context.Context, a access.Actor, id, recipient string) error {
	if err := may(a, access.NeedsPropose, recipient); err != nil {
		return err
	}
	return s.st.Tx(ctx, func(tx *store.Tx) error {
		row, err := tx.LockProject(id)
		if err != nil {
			return err
		}
		part, err := partOfProject(tx, id, recipient)
		if err != nil {
			return store.ErrNotFound
		}
		if row.RecipientID == recipient {
			return ErrState
		}
		if part.ReleaseID != "" {
			r, err := tx.Release(part.ReleaseID)
			if err != nil {
				return fmt.Errorf("read release: %w", err)
			}
			if r.State == Published || r.State == Draft {
				return ErrState
			}
		}
		if err := tx.DropProjectPart(id, recipient); err != nil {
			return fmt.Errorf("drop part: %w", err)
		}
		return s.audit(tx, a, "project.leave", "project:"+id, recipient, map[string]any{})
	})
}
