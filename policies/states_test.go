//go:build !thin

package policies_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/vymir-project/vymir/collector"
	"github.com/vymir-project/vymir/collector/hosttest"
	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
)

// state is one way in which an administrator set up a host, and what the controls must say of it.
type state struct {
	name    string
	want    map[string]assessment.Status
	archive *txtar.Archive
}

// parseStates reads one file of testdata/states. It holds states over the host debian12-minimal:
//
//	@ etc/ssh/sshd_config                    the file that a body without headers stands for, from here on
//	== control=status ... | what is special  begins a state
//	(a body: the text of that file, or txtar files; "-- path + --" appends to the host's file,
//	"-- path mode 0666 --" changes its mode and owner, "-- path gone --" removes it)
func parseStates(t *testing.T, file string) []state {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []state
	var body []string
	target, open := "", false
	flush := func() {
		if !open {
			return
		}
		open = false
		text := strings.Join(body, "\n")
		if !strings.HasPrefix(text, "-- ") {
			text = "-- " + target + " --\n" + text
		}
		out[len(out)-1].archive = txtar.Parse([]byte(text))
		body = nil
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "# ") && len(body) == 0 && len(out) == 0:
		case strings.HasPrefix(line, "@ "):
			flush()
			target, body = strings.TrimPrefix(line, "@ "), nil
		case strings.HasPrefix(line, "== "):
			flush()
			head, name, ok := strings.Cut(strings.TrimPrefix(line, "== "), " | ")
			if !ok {
				t.Fatalf("%s: %q has no name", file, line)
			}
			s := state{name: name, want: map[string]assessment.Status{}}
			for w := range strings.FieldsSeq(head) {
				control, status, _ := strings.Cut(w, "=")
				s.want[control] = assessment.Status(status)
			}
			out, open = append(out, s), true
		default:
			body = append(body, line)
		}
	}
	flush()
	return out
}

// over lays the state's files over the base host.
func (s state) over(base *txtar.Archive) *txtar.Archive {
	out := &txtar.Archive{Files: slices.DeleteFunc(slices.Clone(base.Files), func(f txtar.File) bool {
		return strings.HasPrefix(f.Name, "proc/") || strings.HasPrefix(f.Name, "sys/")
	})}
	at := func(path string) int {
		return slices.IndexFunc(out.Files, func(f txtar.File) bool { return strings.Fields(f.Name)[0] == path })
	}
	for _, f := range s.archive.Files {
		words := strings.Fields(f.Name)
		i := at(words[0])
		switch {
		case len(words) == 2 && words[1] == "gone":
			if i >= 0 {
				out.Files = slices.Delete(out.Files, i, i+1)
			}
		case len(words) == 2 && words[1] == "+" && i >= 0:
			out.Files[i].Data = slices.Concat(out.Files[i].Data, f.Data)
		case len(words) > 2 && words[1] == "mode" && i >= 0:
			out.Files[i].Name = words[0] + " " + strings.Join(words[2:], " ")
		case i >= 0:
			if len(words) == 1 { // keep the host's mode and owner
				f.Name = out.Files[i].Name
			}
			out.Files[i] = f
		default:
			out.Files = append(out.Files, f)
		}
	}
	return out
}

// families are those that the wanted controls read, with the ones that others are measured by.
func (s state) families(c *policies.Catalogue) []string {
	out := []string{"os", "kernel", "packages", "accounts", "services"}
	for control := range s.want {
		k, _ := c.Control(control)
		out = append(out, k.Facts...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestStates judges every state of testdata/states by its files, as vymir-agent assess --root does.
func TestStates(t *testing.T) {
	base, err := txtar.ParseFile("../collector/testdata/hosts/debian12-minimal.txtar")
	if err != nil {
		t.Fatal(err)
	}
	e, err := policies.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/states/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			for _, s := range parseStates(t, file) {
				t.Run(s.name, func(t *testing.T) {
					root := hosttest.LoadText(t, string(txtar.Format(s.over(base))))
					doc, err := collector.Collect(t.Context(), collector.Options{Root: root, Now: now, Families: s.families(e.Catalogue())})
					if err != nil {
						t.Fatal(err)
					}
					data, err := json.Marshal(doc)
					if err != nil {
						t.Fatal(err)
					}
					got := map[string]assessment.Result{}
					for _, r := range judgeAll(t, e, data).Results {
						got[r.Control] = r
					}
					for control, status := range s.want {
						if r, ok := got[control]; !ok {
							t.Errorf("%s: no such control", control)
						} else if r.Status != status {
							t.Errorf("%s: %s (%s), want %s", control, r.Status, r.Reason, status)
						}
					}
				})
			}
		})
	}
}
