package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/catalogue"
	"github.com/vymir-project/vymir/server/internal/store"
)

type jointProjectsData struct {
	Projects   []catalogue.Project
	Recipients []option // the reader's own, for which they may begin or join a project
}

// ownRecipients are those for which the reader may propose something.
func (q *request) ownRecipients() ([]option, error) {
	names, err := q.recipientNames(access.NeedsPropose)
	return nameOptions(names, ""), err
}

// jointProjects lists the projects of several recipients in which the reader's take part, with the form to join one.
func (s *server) jointProjects(q *request) error {
	list, err := s.catalogue.Projects(q.Context(), q.actor, "")
	if err != nil {
		return err
	}
	slices.Reverse(list)
	d := jointProjectsData{Projects: list}
	if d.Recipients, err = q.ownRecipients(); err != nil {
		return err
	}
	return q.show("projects", q.loc.text("joint.title"), d)
}

type startData struct {
	Project    catalogue.Project
	Recipients []option
	Steps      []catalogue.ScheduleStep
}

// startProject shows the form that begins a project of several recipients.
func (s *server) startProject(q *request) error {
	own, err := q.ownRecipients()
	if err != nil {
		return err
	}
	return q.show("project_start", q.loc.text("joint.start"), startData{Recipients: own, Steps: steps(catalogue.Schedule{})})
}

// projectWords reads the project that a form describes.
func (q *request) projectWords() catalogue.Project {
	return catalogue.Project{Title: q.both("title"), Purpose: q.both("purpose"), Schedule: q.schedule()}
}

// beginProject makes a project and shows the code by which others join, once.
func (s *server) beginProject(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	p := q.projectWords()
	p.Lead = q.PostForm.Get("recipient")
	p, code, err := s.catalogue.NewProject(q.Context(), q.actor, p)
	if err != nil {
		return q.refuseRelease("/projects/start", err)
	}
	return q.showProject(p, code)
}

func (s *server) joinProject(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	p, err := s.catalogue.JoinProject(q.Context(), q.actor, q.PostForm.Get("recipient"), q.PostForm.Get("code"))
	if errors.Is(err, store.ErrNotFound) {
		return q.refused("/projects", "project_code")
	}
	if err != nil {
		return q.refuseRelease("/projects", err)
	}
	return q.done("/projects/"+url.PathEscape(p.ID), "joined")
}

type jointProjectData struct {
	catalogue.Project
	Steps    []catalogue.ScheduleStep
	Code     string // shown once
	Leads    bool   // the reader may write it
	Versions []projectVersionLine
}

type projectVersionLine struct {
	catalogue.ProjectVersion
	Author string
}

// jointProject shows who takes part and how far each is, what the project says and said.
func (s *server) jointProject(q *request) error {
	p, err := s.catalogue.Project(q.Context(), q.actor, q.PathValue("id"))
	if err != nil {
		return err
	}
	return q.showProject(p, "")
}

func (q *request) showProject(p catalogue.Project, code string) error {
	d := jointProjectData{Project: p, Steps: steps(p.Schedule), Code: code,
		Leads: !p.Closed && access.Can(q.actor, access.NeedsPropose, access.Object{Recipient: p.Lead})}
	var by []string
	for _, v := range p.Versions {
		by = append(by, v.By)
	}
	names, err := q.authors(by)
	if err != nil {
		return err
	}
	for _, v := range slices.Backward(p.Versions) {
		d.Versions = append(d.Versions, projectVersionLine{v, names[v.By]})
	}
	page := q.page(p.Title.In(q.loc.lang), d)
	page.Path = "/projects/" + url.PathEscape(p.ID) // the answer to a form as well
	q.s.render(q.w, q.Request, http.StatusOK, "joint_project", page)
	return nil
}

// changeProject does what the project's page offers: edit, code, close, leave.
func (s *server) changeProject(q *request) error {
	if err := q.ParseForm(); err != nil {
		return formError(err)
	}
	id := q.PathValue("id")
	back := "/projects/" + url.PathEscape(id)
	var err error
	switch q.PathValue("change") {
	case "edit":
		p := q.projectWords()
		p.ID = id
		_, err = s.catalogue.EditProject(q.Context(), q.actor, p)
	case "code":
		code, err := s.catalogue.NewCode(q.Context(), q.actor, id)
		if err != nil {
			return q.refuseRelease(back, err)
		}
		p, err := s.catalogue.Project(q.Context(), q.actor, id)
		if err != nil {
			return err
		}
		return q.showProject(p, code)
	case "close":
		err = s.catalogue.CloseProject(q.Context(), q.actor, id)
	case "leave":
		if err = s.catalogue.LeaveProject(q.Context(), q.actor, id, q.PostForm.Get("recipient")); err == nil {
			return q.done("/projects", "left")
		}
	default:
		return store.ErrNotFound
	}
	if err != nil {
		return q.refuseRelease(back, err)
	}
	return q.done(back, "project")
}

// joint shows a donor the parts of a project that were approved for it.
func (s *server) joint(q *request) error {
	list, err := s.catalogue.JointEntries(q.Context(), q.actor, catalogue.Page)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(j catalogue.JointEntry) bool { return j.Ref == q.PathValue("ref") })
	if i < 0 {
		return store.ErrNotFound
	}
	return q.show("joint", list[i].Title.In(q.loc.lang), list[i])
}
