// Gencontrols compiles the METADATA of the policies into controls.json, numbers.json, params.json and the pages of
// docs/controls. It runs in the folder policies, by `go generate ./policies/...`.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/internal/pages"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "gencontrols:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	var numbers []policies.Number
	if data, err := os.ReadFile(filepath.Join(dir, "numbers.json")); err == nil {
		if err := json.Unmarshal(data, &numbers); err != nil {
			return fmt.Errorf("read numbers.json: %w", err)
		}
	}
	files, err := pages.Generate(os.DirFS(dir), numbers)
	if err != nil {
		return err
	}
	docs := filepath.Join(dir, "..", "docs", "controls")
	if err := os.RemoveAll(docs); err != nil {
		return err
	}
	for name, data := range files {
		target := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
