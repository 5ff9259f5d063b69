package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// maxReason is the longest reason that is looked at, in bytes; a longer one stays as it is.
const maxReason = 2048

// reasons are the sentences that the collector and the agent give as reasons, in Ukrainian. Facts hold them in English, as they
// travel and are kept; whoever reads is served here. A verb of fmt stands for anything.
type reasons struct {
	plain    map[string]string
	patterns []pattern
}

type pattern struct {
	english   *regexp.Regexp
	ukrainian string
}

var verb = regexp.MustCompile(`%[dsv]`)

var ukrainianReasons = sync.OnceValue(func() reasons {
	all := map[string]string{}
	b, err := textFiles.ReadFile("texts/reasons.uk.json")
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		panic("report: texts/reasons.uk.json: " + err.Error()) // embedded, covered by tests
	}
	r := reasons{plain: map[string]string{}}
	for _, en := range slices.Backward(slices.Sorted(maps.Keys(all))) { // what begins with anything comes last
		uk := all[en]
		if !verb.MatchString(en) {
			r.plain[en] = uk
			continue
		}
		var expression strings.Builder
		for i, fixed := range verb.Split(en, -1) {
			if i > 0 {
				expression.WriteString("(.+?)")
			}
			expression.WriteString(regexp.QuoteMeta(fixed))
		}
		r.patterns = append(r.patterns, pattern{regexp.MustCompile("^(?s:" + expression.String() + ")$"), uk})
	}
	return r
})

// Reason says in lang why something was not measured, seen or done. What is not ours to say, such as the words of a
// library, stays as it is: behind "; " and ": " each part is looked up for itself.
func Reason(lang, reason string) string {
	if lang != "uk" || len(reason) > maxReason {
		return reason
	}
	return ukrainianReasons().say(reason)
}

func (r reasons) say(s string) string {
	if uk, ok := r.known(s); ok {
		return uk
	}
	for i := 0; ; {
		next := strings.Index(s[i:], "; ")
		if next < 0 {
			break
		}
		i += next
		if uk, ok := r.known(s[i+2:]); ok {
			return r.say(s[:i]) + "; " + uk
		}
		if uk, ok := r.known(s[:i]); ok {
			return uk + "; " + r.say(s[i+2:])
		}
		i += 2
	}
	for i := 0; ; {
		next := strings.Index(s[i:], ": ")
		if next < 0 {
			break
		}
		i += next + 2
		if uk, ok := r.known(s[i:]); ok {
			return r.say(s[:i-2]) + ": " + uk
		}
	}
	if first, rest, ok := strings.Cut(s, "; "); ok {
		return r.say(first) + "; " + r.say(rest)
	}
	return s
}

// known is a sentence that stands in the table.
func (r reasons) known(s string) (string, bool) {
	if uk, ok := r.plain[s]; ok {
		return uk, true
	}
	for _, p := range r.patterns {
		if m := p.english.FindStringSubmatch(s); m != nil {
			args := make([]any, len(m)-1)
			for i, a := range m[1:] {
				args[i] = r.say(a)
			}
			return fmt.Sprintf(p.ukrainian, args...), true
		}
	}
	return "", false
}
