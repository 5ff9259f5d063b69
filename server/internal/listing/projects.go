package listing

import (
	"context"

	"github.com/vymir-project/vymir/server/internal/catalogue"
)

// ProjectsSchema names the JSON format of [Projects].
const ProjectsSchema = "vymir.projects/1"

// Projects are what several recipients ask for together.
type Projects struct {
	Schema   string              `json:"schema"`
	Projects []catalogue.Project `json:"projects"`
}

// ReadProjects lists the projects in which a recipient ("" for any) takes part, oldest first.
func ReadProjects(ctx context.Context, s *catalogue.Service, recipient string) (Projects, error) {
	list, err := s.EveryProject(ctx, recipient)
	return Projects{ProjectsSchema, list}, err
}
