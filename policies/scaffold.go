package policies

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

//go:embed scaffold_control.rego.tmpl
var controlTemplate string

//go:embed scaffold_control_test.rego.tmpl
var controlTestTemplate string

const ownCatalogue = `{
  "name": "own",
  "revision": 1,
  "baselines": [],
  "families": []
}
`

var snakeCase = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// Scaffold writes a control to fill in, with its test, below dir (a folder baseline), and returns their paths. It never overwrites one.
func Scaffold(dir, family, name string) ([]string, error) {
	if !snakeCase.MatchString(family) || !snakeCase.MatchString(name) {
		return nil, errors.New("family and name must be snake case, for instance ssh and max_sessions")
	}
	folder := filepath.Join(dir, family, name)
	if _, err := os.Stat(folder); err == nil {
		return nil, fmt.Errorf("%s is there already", folder)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("scaffold control: %w", err)
	}
	fill := strings.NewReplacer("FAMILY", family, "NAME", name)
	files := []string{filepath.Join(folder, name+".rego"), filepath.Join(folder, name+"_test.rego")}
	for i, text := range []string{controlTemplate, controlTestTemplate} {
		if err := os.WriteFile(files[i], []byte(fill.Replace(text)), 0o644); err != nil {
			return nil, fmt.Errorf("scaffold control: %w", err)
		}
	}
	return files, nil
}

// ScaffoldOwn writes a control of a recipient's own below dir, which becomes what [BundleBeside] takes: with the head of the set, where
// there is none yet.
func ScaffoldOwn(dir, family, name string) ([]string, error) {
	files, err := Scaffold(filepath.Join(dir, "baseline"), family, name)
	if err != nil {
		return nil, err
	}
	head := filepath.Join(dir, "baseline", "catalogue.json")
	if _, err := os.Stat(head); err == nil {
		return files, nil
	}
	if err := os.WriteFile(head, []byte(ownCatalogue), 0o644); err != nil {
		return nil, fmt.Errorf("scaffold control: %w", err)
	}
	return append(files, head), nil
}
