package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"math"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/policies/remedies"
	"github.com/vymir-project/vymir/server/internal/access"
)

//go:embed templates/*.html
var templateFiles embed.FS

// page is what every template gets.
type page struct {
	Lang      string
	Title     string // already in the reader's language
	Path      string // where the reader is, to come back to
	Actor     access.Actor
	SignedIn  bool
	Nav       []navItem
	MaySearch bool
	Note      string // key of a message, "" for none
	NoteOK    bool
	Now       time.Time
	Plot      bool // the page holds a plot
	Data      any
}

type navItem struct {
	Href, Key string
	Current   bool
}

// shared templates; every other file is a page that defines "main".
var sharedTemplates = []string{"templates/base.html", "templates/parts.html"}

// loadTemplates compiles every page once per language, with that language's functions bound.
func loadTemplates(locales map[string]*locale, a assets) (map[string]map[string]*template.Template, error) {
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	out := map[string]map[string]*template.Template{}
	for lang, l := range locales {
		out[lang] = map[string]*template.Template{}
		base, err := template.New("base.html").Funcs(functions(l, a)).ParseFS(templateFiles, sharedTemplates...)
		if err != nil {
			return nil, fmt.Errorf("parse templates: %w", err)
		}
		for _, n := range names {
			if n == sharedTemplates[0] || n == sharedTemplates[1] {
				continue
			}
			t, err := base.Clone()
			if err == nil {
				_, err = t.ParseFS(templateFiles, n)
			}
			if err != nil {
				return nil, fmt.Errorf("parse %s: %w", n, err)
			}
			out[lang][strings.TrimSuffix(path.Base(n), ".html")] = t
		}
	}
	return out, nil
}

// functions are what templates may call; each speaks one language.
func functions(l *locale, a assets) template.FuncMap {
	return template.FuncMap{
		"t":       l.text,
		"n":       l.count,
		"has":     l.has,
		"int":     l.integer,
		"num":     func(f float64) string { return l.decimal(f, 1) },
		"percent": l.percent,
		"share":   func(f float64) string { return l.percent(100 * f) },
		"euros":   l.euros,
		"span": func(low, high float64, digits int) string {
			return between(l.decimal(low, digits), l.decimal(high, digits))
		},
		"date":   l.date,
		"moment": l.moment,
		"ago":    l.ago,
		"skew":   l.skew,
		"asset":  a.url,
		"dict":   dict,
		"lines":  func(s string) []string { return strings.Split(s, "\n") },
		"pct":    func(part, whole float64) string { return ratio(part, whole) },
		"part":   part,
		"langs":  func() []string { return languages },
		"joined": func(list []remedies.Text) string { return joined(l.lang, list) },
		"dec":    l.decimal,
		"qty":    l.quantity,
		"raw":    func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) },
		"add": func(fs ...float64) (sum float64) {
			for _, f := range fs {
				sum += f
			}
			return sum
		},
		"bytes": func(n uint64) string { return l.bytes(int(min(n, math.MaxInt64))) }, //nolint:gosec // bounded
		"cut": func(pair string) []string {
			k, v, _ := strings.Cut(pair, "=")
			return []string{k, v}
		},
		"plus":    func(a, b int) int { return a + b },
		"pctspan": func(low, high, whole float64) string { return ratio(high-low, whole) },
		"cellprefix": func(by string) string {
			return map[string]string{"sector": "sector", "kind": "kind", "line_of_effort": "line"}[by]
		},
		"other":    func() string { return otherLanguage(l.lang) },
		"coverage": func(s assessment.Summary) coverage { return coverageOf(s) },
	}
}

// dict makes a map for a part that needs more than one value: dict "name" value ...
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict wants pairs")
	}
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		k, ok := pairs[i].(string)
		if !ok {
			return nil, errors.New("dict wants text keys")
		}
		m[k] = pairs[i+1]
	}
	return m, nil
}

// ratio is part of whole in the units of a scale's drawing, 0 to 1000, with a point whatever the language.
func ratio(part, whole float64) string {
	if whole <= 0 || part <= 0 {
		return "0"
	}
	return fmt.Sprintf("%.1f", min(1000, 1000*part/whole))
}

// part is [ratio] of a count or a share.
func part(v any, whole float64) (string, error) {
	switch v := v.(type) {
	case int:
		return ratio(float64(v), whole), nil
	case float64:
		return ratio(v, whole), nil
	}
	return "", fmt.Errorf("part wants a number, got %T", v)
}

// coverage places a summary on the scale: shares of the applicable controls.
type coverage struct {
	Pass, Fail, None, Whole           int
	Decided                           float64 // per cent
	PassW, FailX, FailW, NoneX, NoneW string
}

func coverageOf(s assessment.Summary) coverage {
	c := coverage{Pass: s.Pass, Fail: s.Fail, None: s.Unmeasured + s.Error}
	c.Whole = c.Pass + c.Fail + c.None
	c.Decided = 100
	if c.Whole > 0 {
		c.Decided = 100 * float64(c.Pass+c.Fail) / float64(c.Whole)
	}
	w := float64(c.Whole)
	c.PassW, c.FailW, c.NoneW = ratio(float64(c.Pass), w), ratio(float64(c.Fail), w), ratio(float64(c.None), w)
	c.FailX, c.NoneX = c.PassW, ratio(float64(c.Pass+c.Fail), w)
	return c
}

func otherLanguage(lang string) string {
	if lang == languages[0] {
		return languages[1]
	}
	return languages[0]
}

// secretPages may hold a secret.
var secretPages = map[string]bool{"account": true, "signin": true, "second": true, "install": true, "webhooks": true, "people": true}

// render writes a page. It is rendered whole before the first byte leaves, so that a mistake in a template is an
// error page and not half a page.
func (s *server) render(w http.ResponseWriter, r *http.Request, status int, name string, p page) {
	t, ok := s.templates[p.Lang][name]
	if !ok {
		s.log.Error("no such template", "name", name)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "base.html", p); err != nil {
		s.log.Error("render page", "name", name, "err", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", p.Lang)
	h.Set("Vary", "Accept-Encoding, Accept-Language, Cookie")
	body := b.Bytes()
	// Pages that hold a secret are not compressed, so that their size tells nothing of it.
	if !secretPages[name] && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		var z bytes.Buffer
		zw := gzip.NewWriter(&z)
		zw.Write(body) //nolint:errcheck // into memory
		zw.Close()     //nolint:errcheck // into memory
		body = z.Bytes()
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(body) //nolint:errcheck // the reader went away
	}
}
