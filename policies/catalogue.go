package policies

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/vymir-project/vymir/policies/assessment"
)

// Languages of every text, English first. A text that lacks one of them does not compile into a catalogue.
var Languages = []string{"en", "uk"}

// CatalogueSchema names the JSON format of [Catalogue].
const CatalogueSchema = "vymir.catalogue/1"

//go:embed controls.json
var builtInJSON []byte

// Text is one text in every language of [Languages].
type Text map[string]string

// In returns the text in lang, in English when that is missing, and "" when both are.
func (t Text) In(lang string) string {
	if s, ok := t[lang]; ok {
		return s
	}
	return t["en"]
}

// Catalogue is everything that is to be known of a set of controls without evaluating them: what each is called,
// what it reads, what it answers with. It is compiled from the METADATA of the policies and travels in bundles.
type Catalogue struct {
	Schema    string     `json:"schema"`    // always [CatalogueSchema]
	Name      string     `json:"name"`      // "vymir" for the built-in one
	Revision  uint64     `json:"revision"`  // monotonic per name
	Digest    string     `json:"digest"`    // sha256 over the policies and their data, hex
	Baselines []Baseline `json:"baselines"` // in reading order
	Families  []Family   `json:"families"`  // in reading order
	Common    []Reason   `json:"common"`    // reasons that every control can answer with
	Controls  []Control  `json:"controls"`  // by id

	byID     map[string]int
	byNumber map[uint32]int
}

// Baseline is a named, versioned set of controls; a control names the baselines it belongs to.
type Baseline struct {
	Name        string `json:"name"`
	Revision    uint64 `json:"revision"`
	Title       Text   `json:"title"`
	Description Text   `json:"description"`
}

// Family is the group of controls that an id begins with.
type Family struct {
	ID    string `json:"id"`
	Title Text   `json:"title"`
}

// Control is one requirement.
type Control struct {
	ID             string              `json:"id"`       // family.control, stable for ever
	Number         uint32              `json:"number"`   // on the wire, append-only, never used again
	Revision       uint32              `json:"revision"` // grows when the meaning of the control changes
	Aliases        []string            `json:"aliases"`
	Family         string              `json:"family"`
	Capability     string              `json:"capability"` // an id of policies/remedies' capabilities
	Severity       assessment.Severity `json:"severity"`
	SeverityReason Text                `json:"severity_reason"`
	Halves         []assessment.Half   `json:"halves"`
	Facts          []string            `json:"facts"`         // fact families it reads
	Baselines      []string            `json:"baselines"`     // names of the baselines it belongs to
	Applicability  bool                `json:"applicability"` // it can answer not_applicable
	Params         []Param             `json:"params,omitempty"`
	Mappings       map[string][]string `json:"mappings"` // csf2, cis8, nist80053, iso27001 → ids
	Title          Text                `json:"title"`
	Rationale      Text                `json:"rationale"`
	Remedy         Text                `json:"remedy"`
	RemedyCommands map[string]string   `json:"remedy_commands,omitempty"` // system family (debian, rhel, alpine, openwrt) → commands to paste
	Reasons        []Reason            `json:"reasons"`                   // in the order of their numbers, the common ones among them
}

// Param is one value of a control that a recipient may tailor.
type Param struct {
	Name    string `json:"name"`
	Default any    `json:"default"` // a value given instead must have the same JSON type
	Meaning Text   `json:"meaning"`
}

// Reason is one sentence a control can answer with; {name} stands for a parameter of the result.
type Reason struct {
	ID   string `json:"id"`
	Text Text   `json:"text,omitempty"`
}

var builtIn = sync.OnceValue(func() *Catalogue {
	c, err := ParseCatalogue(builtInJSON)
	if err != nil {
		panic("policies: built-in catalogue: " + err.Error()) // committed data, covered by tests
	}
	return c
})

// BuiltIn returns the catalogue that this program carries. It is shared: do not change it.
func BuiltIn() *Catalogue { return builtIn() }

// maxCatalogueBytes bounds what ParseCatalogue reads.
const maxCatalogueBytes = 16 << 20

// ParseCatalogue reads a catalogue in its JSON form and checks that it is coherent: unique ids and numbers, every
// text in both languages. It answers an error for anything else.
func ParseCatalogue(data []byte) (*Catalogue, error) {
	if len(data) > maxCatalogueBytes {
		return nil, errors.New("parse catalogue: larger than 16 MiB")
	}
	var c Catalogue
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("parse catalogue: %w", err)
	}
	if c.Schema != CatalogueSchema {
		return nil, fmt.Errorf("parse catalogue: schema is %q, want %q", c.Schema, CatalogueSchema)
	}
	if err := c.index(); err != nil {
		return nil, fmt.Errorf("parse catalogue: %w", err)
	}
	return &c, nil
}

func (c *Catalogue) index() error {
	common := map[string]Text{}
	for _, r := range c.Common {
		common[r.ID] = r.Text
	}
	c.byID, c.byNumber = map[string]int{}, map[uint32]int{}
	for i := range c.Controls {
		k := &c.Controls[i]
		if _, ok := c.byID[k.ID]; ok || k.ID == "" {
			return fmt.Errorf("control id %q is empty or stands twice", k.ID)
		}
		if _, ok := c.byNumber[k.Number]; ok || k.Number == 0 {
			return fmt.Errorf("control %s: number %d is zero or stands twice", k.ID, k.Number)
		}
		if k.Severity.Rank() < 0 || len(k.Halves) == 0 {
			return fmt.Errorf("control %s: severity %q or halves %v are not known", k.ID, k.Severity, k.Halves)
		}
		for j, r := range k.Reasons {
			if r.Text == nil {
				k.Reasons[j].Text = common[r.ID]
			}
		}
		c.byID[k.ID], c.byNumber[k.Number] = i, i
	}
	return nil
}

// Control returns the control with that id, or with that alias when it was once called so.
func (c *Catalogue) Control(id string) (*Control, bool) {
	if i, ok := c.byID[id]; ok {
		return &c.Controls[i], true
	}
	for i := range c.Controls {
		// Only former ids are looked up: rows of a requirement list may stand in several controls.
		if strings.Contains(id, ".") && slices.Contains(c.Controls[i].Aliases, id) {
			return &c.Controls[i], true
		}
	}
	return nil, false
}

// ByNumber returns the control with that number on the wire.
func (c *Catalogue) ByNumber(n uint32) (*Control, bool) {
	i, ok := c.byNumber[n]
	if !ok {
		return nil, false
	}
	return &c.Controls[i], true
}

// Baseline returns the baseline of that name.
func (c *Catalogue) Baseline(name string) (*Baseline, bool) {
	for i := range c.Baselines {
		if c.Baselines[i].Name == name {
			return &c.Baselines[i], true
		}
	}
	return nil, false
}

// ReasonNumber returns the place of a reason in the control's list, from 1; 0 when it is not among them.
func (k *Control) ReasonNumber(id string) uint32 {
	return uint32(1 + slices.IndexFunc(k.Reasons, func(r Reason) bool { return r.ID == id }))
}

// ReasonID is the reverse of [Control.ReasonNumber]; "" when there is no such number.
func (k *Control) ReasonID(n uint32) string {
	if n == 0 || int(n) > len(k.Reasons) {
		return ""
	}
	return k.Reasons[n-1].ID
}

// Reason renders the sentence of a result in lang. A parameter that is not given (consent may withhold it) becomes
// an ellipsis; the parameter "half", set when one of two halves decided, puts its words in front. It returns the id itself when the
// control has no such reason.
func (k *Control) Reason(lang, id string, params map[string]any) string {
	n := k.ReasonNumber(id)
	if n == 0 {
		return id
	}
	s := render(lang, k.Reasons[n-1].Text.In(lang), params)
	if h, ok := params["half"].(string); ok {
		s = halfPrefix[h].In(lang) + s
	}
	return s
}

var halfPrefix = map[string]Text{
	string(assessment.Live):      {"en": "Running now: ", "uk": "Зараз: "},
	string(assessment.Persisted): {"en": "By the files: ", "uk": "За файлами: "},
}

// RemedyFor returns the remedy in lang, followed by the commands for a system family when there are any.
func (k *Control) RemedyFor(lang, osFamily string) string {
	if cmd := k.RemedyCommands[osFamily]; cmd != "" {
		return k.Remedy.In(lang) + "\n" + cmd
	}
	return k.Remedy.In(lang)
}

// maxListed is how many elements of a list stand in a sentence.
const maxListed = 5

func render(lang, text string, params map[string]any) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			b.WriteString("{" + rest)
			return b.String()
		}
		if v, ok := params[name]; ok {
			b.WriteString(formatParam(lang, v))
		} else {
			b.WriteString("…")
		}
		text = after
	}
}

func formatParam(lang string, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		if lang == "uk" {
			return map[bool]string{true: "так", false: "ні"}[v]
		}
		return map[bool]string{true: "yes", false: "no"}[v]
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		var parts []string
		for i, e := range v {
			if i == maxListed {
				parts = append(parts, fmt.Sprintf("… (%d)", len(v)))
				break
			}
			parts = append(parts, formatParam(lang, e))
		}
		if len(parts) == 0 {
			return "–"
		}
		return strings.Join(parts, ", ")
	case nil:
		return "–"
	default:
		return fmt.Sprint(v)
	}
}
