package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/controls"
	"github.com/vymir-project/vymir/server/internal/store"
)

// controlTexts finds what a control is called and says, in the catalogue of the bundle that judged: an old finding
// keeps its words. A control that no catalogue holds is called by its id.
type controlTexts struct {
	st           *store.Store
	book         controls.Book
	capabilities []remedies.Capability
}

func newControlTexts(st *store.Store) (*controlTexts, error) {
	caps, err := remedies.Capabilities()
	if err != nil {
		return nil, fmt.Errorf("read capabilities: %w", err)
	}
	return &controlTexts{st: st, capabilities: caps}, nil
}

// catalogue returns the bundle's catalogue, or the built-in one when the bundle is not known here.
func (c *controlTexts) catalogue(ctx context.Context, name string, revision uint64) (k *policies.Catalogue, err error) {
	builtIn := policies.BuiltIn()
	if name == "" || name == builtIn.Name && revision == builtIn.Revision {
		return builtIn, nil
	}
	err = c.st.View(ctx, func(tx *store.Tx) (err error) { k, err = c.book.Catalogue(tx, name, revision, nil); return err })
	if errors.Is(err, controls.ErrUnknownBundle) {
		return builtIn, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read bundle %s %d: %w", name, revision, err)
	}
	return k, nil
}

func (c *controlTexts) capability(lang, id string) string {
	for _, k := range c.capabilities {
		if k.ID == id {
			return k.Name.In(lang)
		}
	}
	return id
}

// words are the texts of one result or finding in the reader's language.
type words struct {
	Title, Rationale, Reason, Remedy string
	Commands                         []command
	Mappings                         []mapping
	Evidence                         []evidence
}

// command is what to run on one family of systems.
type command struct{ System, Text string }

type mapping struct {
	Key string // catalogue key's end: csf2, cis8, nist80053, iso27001
	IDs []string
}

type evidence struct{ Name, Value string }

// mappingOrder is the order in which frameworks are shown; others are left to exports.
var mappingOrder = []string{"csf2", "cis8", "nist80053", "iso27001"}

// systems are the families of systems that remedies hold commands for, and the names by which hosts call themselves.
var systems = []struct {
	family string
	names  []string
}{
	{"debian", []string{"debian", "ubuntu", "linuxmint", "astra", "raspbian"}},
	{"rhel", []string{"rhel", "red hat", "centos", "rocky", "alma", "fedora", "oracle"}},
	{"alpine", []string{"alpine"}},
	{"openwrt", []string{"openwrt"}},
}

func systemOf(os string) string {
	os = strings.ToLower(os)
	for _, s := range systems {
		for _, n := range s.names {
			if strings.HasPrefix(os, n) {
				return s.family
			}
		}
	}
	return ""
}

// of renders a control's texts. Targets hold the parameters of the reason's sentence; oses narrow the commands to
// the systems that are there (none: all).
func (c *controlTexts) of(cat *policies.Catalogue, lang, control, reason, target string, oses ...string) words {
	k, ok := cat.Control(control)
	if !ok {
		return words{Title: control}
	}
	var tg assessment.Target
	if target != "" {
		json.Unmarshal([]byte(target), &tg) //nolint:errcheck // detail that cannot be read is detail withheld
	}
	w := words{Title: k.Title.In(lang), Rationale: k.Rationale.In(lang), Remedy: strings.TrimSpace(k.Remedy.In(lang))}
	if reason != "" {
		w.Reason = k.Reason(lang, reason, tg.Params)
	}
	want := map[string]bool{}
	for _, os := range oses {
		want[systemOf(os)] = true
	}
	for _, s := range systems {
		text := strings.TrimSpace(k.RemedyCommands[s.family])
		if text != "" && (len(oses) == 0 || want[s.family] || want[""]) {
			w.Commands = append(w.Commands, command{s.family, text})
		}
	}
	for _, m := range mappingOrder {
		if ids := k.Mappings[m]; len(ids) > 0 {
			w.Mappings = append(w.Mappings, mapping{m, ids})
		}
	}
	for _, name := range sortedKeys(tg.Evidence) {
		w.Evidence = append(w.Evidence, evidence{name, evidenceText(tg.Evidence[name])})
	}
	return w
}

// maxEvidence bounds one shown value, in bytes.
const maxEvidence = 600

func evidenceText(v any) string {
	s, ok := v.(string)
	if !ok {
		b, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		s = string(b)
	}
	if len(s) > maxEvidence {
		s = strings.ToValidUTF8(s[:maxEvidence], "") + " …"
	}
	return s
}
