// Command factsdoc writes docs/spec/facts.md and collector/facts/schema.json from the Go types of package facts and
// their comments. Run it anywhere in the repository:
//
//	go run ./collector/internal/factsdoc
package main

//go:generate go run .

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root, err := repositoryRoot()
	if err == nil {
		err = run(root)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "factsdoc:", err)
		os.Exit(1)
	}
}

// repositoryRoot finds the directory of go.mod above the working directory.
func repositoryRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find go.mod: %w", os.ErrNotExist)
		}
	}
}

// Places of the generated files, below the root of the repository.
const (
	specFile   = "docs/spec/facts.md"
	schemaFile = "collector/facts/schema.json"
)

func run(root string) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	for name, content := range files {
		p := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(p, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the content of every generated file.
func generate(root string) (map[string][]byte, error) {
	types, err := readTypes(filepath.Join(root, "collector/facts"))
	if err != nil {
		return nil, fmt.Errorf("read types: %w", err)
	}
	how, err := readFamilies(filepath.Join(root, "collector/internal/host"))
	if err != nil {
		return nil, fmt.Errorf("read families: %w", err)
	}
	schema, err := writeSchema(types)
	if err != nil {
		return nil, fmt.Errorf("write schema: %w", err)
	}
	return map[string][]byte{specFile: writeSpec(types, how), schemaFile: schema}, nil
}
