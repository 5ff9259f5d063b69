package catalogue

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/store"
)

// partOf makes what a part says of its project; nil when it is none.
func (s *Service) partOf(tx *store.Tx, w Wish) (*DonorProject, error) {
	if w.Project == "" {
		return nil, nil
	}
	row, words, err := s.openProject(tx, w.Project, w.Recipient)
	if err != nil {
		return nil, err
	}
	if w.Level < Named {
		return nil, ErrProject
	}
	if err := s.screenProject(tx, row.ID, w.Recipient, words); err != nil {
		return nil, err
	}
	ref, err := s.projectRef(row.ID)
	if err != nil {
		return nil, err
	}
	p := &DonorProject{Ref: ref, Version: row.Version, Title: words.Title}
	if !words.Schedule.empty() {
		p.Schedule = &words.Schedule
	}
	if w.Level >= Reasoned {
		p.Purpose = words.Purpose
	}
	return p, nil
}

// projectRef is the project's name for donors. Parts name their recipients, so that it is the same for all donors. The
// key must have been loaded, see [Service.pseudonymKey].
func (s *Service) projectRef(id string) (string, error) {
	s.keyOnce.Lock()
	defer s.keyOnce.Unlock()
	if s.key == nil {
		return "", errors.New("name project: no key")
	}
	m := hmac.New(sha256.New, s.key)
	fmt.Fprintf(m, "project\x00%s", id)
	return "p-" + hex.EncodeToString(m.Sum(nil)[:8]), nil
}

// openProject reads a project that is open and in which the recipient takes part.
func (s *Service) openProject(tx *store.Tx, id, recipient string) (row store.Project, w ProjectWords, err error) {
	row, err = tx.Project(id)
	if errors.Is(err, store.ErrNotFound) {
		return row, w, ErrProject
	}
	if err != nil {
		return row, w, fmt.Errorf("read project: %w", err)
	}
	if _, err := partOfProject(tx, id, recipient); err != nil {
		return row, w, err
	}
	if !row.Closed.IsZero() {
		return row, w, ErrProject
	}
	w, err = decodeWords(row.Body)
	return row, w, err
}

func partOfProject(tx *store.Tx, id, recipient string) (store.ProjectPart, error) {
	parts, err := tx.ProjectParts(id)
	if err != nil {
		return store.ProjectPart{}, fmt.Errorf("read parts: %w", err)
	}
	i := slices.IndexFunc(parts, func(p store.ProjectPart) bool { return p.RecipientID == recipient })
	if i < 0 {
		return store.ProjectPart{}, ErrProject
	}
	return parts[i], nil
}

func decodeWords(body string) (w ProjectWords, err error) {
	if err := json.Unmarshal([]byte(body), &w); err != nil {
		return w, fmt.Errorf("decode project: %w", err)
	}
	return w, nil
}

// takePart notes which release is a recipient's part.
func (s *Service) takePart(tx *store.Tx, w Wish, release string) error {
	if w.Project == "" {
		return nil
	}
	part, err := partOfProject(tx, w.Project, w.Recipient)
	if err != nil {
		return err
	}
	part.ReleaseID = release
	if err := tx.PutProjectPart(part); err != nil {
		return fmt.Errorf("store part: %w", err)
	}
	return nil
}

// sameProject refuses a yes to a text whose project says something else by now.
func (s *Service) sameProject(tx *store.Tx, row store.Release) error {
	var b basis
	var t DonorNeed
	if err := errors.Join(json.Unmarshal([]byte(row.Basis), &b), json.Unmarshal([]byte(row.Text), &t)); err != nil {
		return fmt.Errorf("decode release: %w", err)
	}
	if t.Project == nil {
		return nil
	}
	p, err := tx.Project(b.Wish.Project)
	if err != nil {
		return fmt.Errorf("read project: %w", err)
	}
	if _, err := partOfProject(tx, p.ID, row.RecipientID); err != nil {
		return err
	}
	if p.Version != t.Project.Version {
		return ErrChanged
	}
	return nil
}

// screenProject keeps every recipient of a project out of its words: one that has not approved must not be named by
// another.
func (s *Service) screenProject(tx *store.Tx, id, reader string, w ProjectWords) error {
	parts, err := tx.ProjectParts(id)
	if err != nil {
		return fmt.Errorf("read parts: %w", err)
	}
	who := []string{reader}
	for _, p := range parts {
		if p.RecipientID != reader {
			who = append(who, p.RecipientID)
		}
	}
	for _, r := range who {
		names, err := namesToScreen(tx, r, r == reader)
		if err != nil {
			return err
		}
		for _, t := range append([]remedies.Text{w.Title, w.Purpose}, w.Schedule.texts()...) {
			var found *ScreenError
			if err := screen(t, names); errors.As(err, &found) && r != reader {
				return &ScreenError{Kind: found.Kind}
			} else if err != nil {
				return err
			}
		}
	}
	return nil
}

// namesToScreen are the names of a recipient that must not stand in a project's words. Of another recipient they are only
// its own name, which who takes part knows: a refusal that rests on the name of a host would tell of that host.
func namesToScreen(tx *store.Tx, recipient string, own bool) ([]string, error) {
	if own {
		return forbiddenNames(tx, recipient, Anonymous)
	}
	org, err := tx.Recipient(recipient)
	if err != nil {
		return nil, fmt.Errorf("read recipient: %w", err)
	}
	return []string{org.NameUK, org.NameEN, org.ID}, nil
}
