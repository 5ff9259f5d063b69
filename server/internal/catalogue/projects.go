package catalogue

import (
	"context"
	"fmt"
	"time"

	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
)

// Project is what several recipients ask for together: title, purpose and schedule of one hand, and a part for each, which
// is a release that two persons of that recipient approve with the project's words in it. Who takes part sees who else
// does and how far they are, and nothing of their needs. Donors see the parts that were approved for them, and no sign
// of any other.
type Project struct {
	ID       string           `json:"id"`
	Lead     string           `json:"lead"`    // recipient who writes title, purpose and schedule
	Version  int              `json:"version"` // from 1
	Title    remedies.Text    `json:"title"`
	Purpose  remedies.Text    `json:"purpose,omitzero"`
	Schedule Schedule         `json:"schedule,omitzero"`
	Created  time.Time        `json:"created"`
	Closed   bool             `json:"closed,omitzero"` // nobody joins and nothing is drafted any more
	Parts    []ProjectPart    `json:"parts"`
	Versions []ProjectVersion `json:"versions"`
}

// ProjectPart is one recipient of a project as the others see it.
type ProjectPart struct {
	Recipient string        `json:"recipient"`
	Name      remedies.Text `json:"name"`
	State     string        `json:"state"` // none, or the state of its text for donors
	Joined    time.Time     `json:"joined"`
	// Release and Version are filled in for the reader's own recipients only.
	Release string `json:"release,omitzero"` // its text for donors
	Version int    `json:"version,omitzero"` // of the project, in that text
	Own     bool   `json:"own,omitzero"`
}

// ProjectVersion is what a project said at one time.
type ProjectVersion struct {
	Version int       `json:"version"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	ProjectWords
}

// ProjectWords are what a project says: all that its lead may write.
type ProjectWords struct {
	Title    remedies.Text `json:"title"`
	Purpose  remedies.Text `json:"purpose,omitzero"`
	Schedule Schedule      `json:"schedule,omitzero"`
}

// DonorProject is a project as a donor reads it: the words that the recipient of this part approved.
type DonorProject struct {
	Ref      string        `json:"ref"` // the same in all its parts
	Version  int           `json:"version"`
	Title    remedies.Text `json:"title"`
	Purpose  remedies.Text `json:"purpose,omitzero"` // level 3
	Schedule *Schedule     `json:"schedule,omitzero"`
}

// Project reads a project of which one of the actor's recipients is a part.
func (s *Service) Project(ctx context.Context, a access.Actor, id string) (Project, error) {
	var out Project
	err := s.st.View(ctx, func(tx *store.Tx) error {
		row, err := tx.Project(id)
		if err != nil {
			return err
		}
		out, err = s.viewProject(tx, a, row)
		return err
	})
	return out, err
}

// Projects lists the projects of which the actor's recipients are part ("" for all of them), oldest first.
func (s *Service) Projects(ctx context.Context, a access.Actor, recipient string) ([]Project, error) {
	ids, err := scope(a, access.NeedsRead, recipient)
	if err != nil {
		return nil, err
	}
	out := []Project{}
	err = s.st.View(ctx, func(tx *store.Tx) error {
		seen := map[string]bool{}
		for _, r := range ids {
			rows, err := tx.Projects(r)
			if err != nil {
				return fmt.Errorf("read projects: %w", err)
			}
			for _, row := range rows {
				if seen[row.ID] {
					continue
				}
				seen[row.ID] = true
				p, err := s.viewProject(tx, a, row)
				if err != nil {
					return err
				}
				out = append(out, p)
			}
		}
		return nil
	})
	return out, err
}

// EveryProject lists projects as those who take part see them, and asks nobody: it is for the operator's command line.
func (s *Service) EveryProject(ctx context.Context, recipient string) ([]Project, error) {
	operator := access.Actor{UserID: "operator", Grants: []access.Grant{{Role: access.Assessor, Recipient: access.All}}}
	return s.Projects(ctx, operator, recipient)
}

func (s *Service) viewProject(tx *store.Tx, a access.Actor, row store.Project) (Project, error) {
	w, err := decodeWords(row.Body)
	if err != nil {
		return Project{}, err
	}
	p := Project{ID: row.ID, Lead: row.RecipientID, Version: row.Version, Title: w.Title, Purpose: w.Purpose, Schedule: w.Schedule,
		Created: row.Created, Closed: !row.Closed.IsZero(), Parts: []ProjectPart{}, Versions: []ProjectVersion{}}
	parts, err := tx.ProjectParts(row.ID)
	if err != nil {
		return p, fmt.Errorf("read parts: %w", err)
	}
	mine := false
	for _, part := range parts {
		v, err := s.viewPart(tx, a, part)
		if err != nil {
			return p, err
		}
		mine = mine || v.Own
		p.Parts = append(p.Parts, v)
	}
	if !mine {
		return Project{}, store.ErrNotFound
	}
	rows, err := tx.ProjectVersions(row.ID)
	if err != nil {
		return p, fmt.Errorf("read versions: %w", err)
	}
	for _, v := range rows {
		w, err := decodeWords(v.Body)
		if err != nil {
			return p, err
		}
		p.Versions = append(p.Versions, ProjectVersion{Version: v.Version, At: v.At, By: v.By, ProjectWords: w})
	}
	return p, nil
}

func (s *Service) viewPart(tx *store.Tx, a access.Actor, part store.ProjectPart) (ProjectPart, error) {
	org, err := tx.Recipient(part.RecipientID)
	if err != nil {
		return ProjectPart{}, fmt.Errorf("read recipient: %w", err)
	}
	v := ProjectPart{Recipient: org.ID, Name: remedies.Text{"uk": org.Name("uk"), "en": org.Name("en")}, State: "none", Joined: part.Joined,
		Own: access.Can(a, access.NeedsRead, access.Object{Recipient: org.ID})}
	if part.ReleaseID == "" {
		return v, nil
	}
	row, err := tx.Release(part.ReleaseID)
	if err != nil {
		return v, fmt.Errorf("read release: %w", err)
	}
	r, err := s.view(tx, row)
	if err != nil {
		return v, err
	}
	v.State = r.State
	if v.Own {
		v.Release = r.ID
		if r.Text.Project != nil {
			v.Version = r.Text.Project.Version
		}
	}
	return v, nil
}
