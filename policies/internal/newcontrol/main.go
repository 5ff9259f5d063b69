// Newcontrol scaffolds a control: its policy with a METADATA block to fill in, and its test. It is called by
// make new-control FAMILY=ssh NAME=something, from the root of the repository.
package main

import (
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

//go:embed control.rego.tmpl
var controlTemplate string

//go:embed control_test.rego.tmpl
var testTemplate string

func main() {
	family := flag.String("family", "", "family of the control, a folder of policies/baseline")
	name := flag.String("name", "", "name of the control, snake case")
	dir := flag.String("dir", "policies/baseline", "folder of the baselines")
	flag.Parse()
	files, err := scaffold(*dir, *family, *name)
	if err != nil {
		fmt.Fprintln(os.Stderr, "newcontrol:", err)
		os.Exit(1)
	}
	fmt.Println("wrote", strings.Join(files, " and "))
	fmt.Println("fill in what is in angle brackets, then run: go generate ./policies/... && go test ./policies")
}

var snake = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// scaffold writes the two files and returns their paths. It never overwrites a control.
func scaffold(dir, family, name string) ([]string, error) {
	if !snake.MatchString(family) || !snake.MatchString(name) {
		return nil, errors.New("family and name must be snake case: make new-control FAMILY=ssh NAME=max_sessions")
	}
	folder := filepath.Join(dir, family, name)
	if _, err := os.Stat(folder); err == nil {
		return nil, fmt.Errorf("%s is there already", folder)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	fill := strings.NewReplacer("FAMILY", family, "NAME", name)
	files := []string{filepath.Join(folder, name+".rego"), filepath.Join(folder, name+"_test.rego")}
	for i, text := range []string{controlTemplate, testTemplate} {
		if err := os.WriteFile(files[i], []byte(fill.Replace(text)), 0o644); err != nil {
			return nil, err
		}
	}
	return files, nil
}
