package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/text/language"
)

//go:embed locale/*.json
var localeFiles embed.FS

// Languages of the pages, the default first.
var languages = []string{"uk", "en"}

var matcher = language.NewMatcher([]language.Tag{language.Ukrainian, language.English})

// locale is one language's catalogue: key → text. A text may hold {name} places, and a counted one stands under
// key.one, key.few and key.many (English: one and many).
type locale struct {
	lang  string
	texts map[string]string
}

func loadLocales() (map[string]*locale, error) {
	out := map[string]*locale{}
	for _, lang := range languages {
		b, err := localeFiles.ReadFile("locale/" + lang + ".json")
		if err != nil {
			return nil, fmt.Errorf("read locale %s: %w", lang, err)
		}
		l := &locale{lang: lang}
		if err := json.Unmarshal(b, &l.texts); err != nil {
			return nil, fmt.Errorf("decode locale %s: %w", lang, err)
		}
		out[lang] = l
	}
	return out, nil
}

// has reports whether the catalogue holds key.
func (l *locale) has(key string) bool { _, ok := l.texts[key]; return ok }

// text returns the text of key with its {name} places filled from pairs (name, value, name, value ...). A missing
// key shows itself, so that it is seen; the tests do not let one through.
func (l *locale) text(key string, pairs ...any) string {
	s, ok := l.texts[key]
	if !ok {
		return "[" + key + "]"
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		s = strings.ReplaceAll(s, "{"+fmt.Sprint(pairs[i])+"}", fmt.Sprint(pairs[i+1]))
	}
	return s
}

// count returns the text of key in the form that goes with n; {n} is the number, other places come from pairs.
func (l *locale) count(key string, n int, pairs ...any) string {
	return l.text(key+"."+plural(l.lang, n), append([]any{"n", l.integer(n)}, pairs...)...)
}

// plural is the CLDR cardinal category of a whole number, without the ones that whole numbers never take.
func plural(lang string, n int) string {
	if n < 0 {
		n = -n
	}
	if lang != "uk" {
		if n == 1 {
			return "one"
		}
		return "many"
	}
	switch {
	case n%10 == 1 && n%100 != 11:
		return "one"
	case n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14):
		return "few"
	}
	return "many"
}

// pickLanguage chooses by the cookie's value, then the browser's Accept-Language, then the default.
func pickLanguage(cookie, accept string) string {
	for _, l := range languages {
		if cookie == l {
			return l
		}
	}
	if len(accept) > 256 {
		accept = accept[:256]
	}
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(tags) == 0 {
		return languages[0]
	}
	_, i, confidence := matcher.Match(tags...)
	if confidence == language.No {
		return languages[1] // someone who reads neither: English reaches further
	}
	return languages[i]
}
