package web

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vymir-project/vymir/policies/assessment"
	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/review"
)

func locales(t *testing.T) map[string]*locale {
	t.Helper()
	l, err := loadLocales()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestLocalesAgree keeps both catalogues complete: the same keys, the same places, no empty text.
func TestLocalesAgree(t *testing.T) {
	l := locales(t)
	place := regexp.MustCompile(`\{[a-z]+\}`)
	for key, uk := range l["uk"].texts {
		en, ok := l["en"].texts[key]
		if !ok {
			t.Errorf("en lacks %q", key)
			continue
		}
		if uk == "" || en == "" {
			t.Errorf("%q is empty", key)
		}
		if strings.HasPrefix(key, "times.") || strings.HasPrefix(key, "release.read_times.") {
			continue // English says "once"
		}
		if got, want := strings.Join(sortedSet(place.FindAllString(en, -1)), " "), strings.Join(sortedSet(place.FindAllString(uk, -1)), " "); got != want {
			t.Errorf("%q: places %s in en, %s in uk", key, got, want)
		}
	}
	for key := range l["en"].texts {
		if !l["uk"].has(key) {
			t.Errorf("uk lacks %q", key)
		}
	}
}

func sortedSet(list []string) []string {
	m := map[string]bool{}
	for _, v := range list {
		m[v] = true
	}
	return sortedKeys(m)
}

var (
	keyInTemplate = regexp.MustCompile(`[{(|]\s*(?:t|n) "([^"%]+)"|or [^}]*\(t "([^"%]+)"`)
	countedKey    = regexp.MustCompile(`[{(]\s*n "([^"%]+)"`)
	keyInCode     = regexp.MustCompile(`(?:text|count)\("([a-z0-9_.]+[a-z0-9_])"`)
	doneInCode    = regexp.MustCompile(`(done|refused)\([^)]*?, "([a-z_]+)"\)`)
)

// TestUsedKeysExist looks up every key that templates and code name. Keys put together at run time are in
// TestBuiltKeysExist.
func TestUsedKeysExist(t *testing.T) {
	l, used := locales(t)["uk"], map[string]bool{}
	counted := map[string]bool{}
	read := func(pattern string, f func(string)) {
		names, _ := filepath.Glob(pattern)
		if len(names) == 0 {
			t.Fatalf("no files match %s", pattern)
		}
		for _, n := range names {
			b, err := os.ReadFile(n)
			if err != nil {
				t.Fatal(err)
			}
			f(string(b))
		}
	}
	read("templates/*.html", func(s string) {
		for _, m := range countedKey.FindAllStringSubmatch(s, -1) {
			counted[m[1]] = true
		}
		for _, m := range keyInTemplate.FindAllStringSubmatch(s, -1) {
			used[m[1]+m[2]] = true
		}
	})
	read("*.go", func(s string) {
		for _, m := range keyInCode.FindAllStringSubmatch(s, -1) {
			used[m[1]] = true
		}
		for _, m := range doneInCode.FindAllStringSubmatch(s, -1) {
			used[m[1]+"."+m[2]] = true
		}
	})
	if len(used) < 100 {
		t.Fatalf("only %d keys found: the pattern no longer matches", len(used))
	}
	for key := range used {
		if strings.HasPrefix(key, "ago.") || counted[key] {
			continue
		}
		if !l.has(key) && !l.has(key+".many") && !l.has(key+".title") {
			t.Errorf("no text for %q", key)
		}
	}
	for key := range counted {
		for _, form := range []string{".one", ".few", ".many"} {
			if !l.has(key + form) {
				t.Errorf("no text for %q", key+form)
			}
		}
	}
}

var (
	madeOfPrefix = regexp.MustCompile(`printf "([a-z_]+(?:\.[a-z_]+)*[._])%[sd]|"([a-z_]+(?:\.[a-z_]+)*\.)"`)
	quoted       = regexp.MustCompile(`"(?:[^"\s]*[?&](?:done|refused)=)?([^"\s]+)"`)
)

// TestNoKeyIsUnused finds texts that nobody shows any more: each key stands in a template or in code, as a whole or by the
// beginning that it is put together from.
func TestNoKeyIsUnused(t *testing.T) {
	words, prefixes := map[string]bool{}, map[string]bool{}
	for _, pattern := range []string{"templates/*.html", "*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: no files, %v", pattern, err)
		}
		for _, n := range names {
			if strings.HasSuffix(n, "_test.go") {
				continue
			}
			b, err := os.ReadFile(n)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range quoted.FindAllStringSubmatch(string(b), -1) {
				words[m[1]] = true
			}
			for _, m := range madeOfPrefix.FindAllStringSubmatch(string(b), -1) {
				prefixes[m[1]+m[2]] = true
			}
		}
	}
	for _, p := range places {
		words["nav."+strings.TrimPrefix(p.href, "/")] = true
	}
	delete(prefixes, "nav.")
	delete(prefixes, "done.") // named by their ends, in the address that a form leads to
	delete(prefixes, "refused.")
	delete(prefixes, "")
	if len(prefixes) < 30 {
		t.Fatalf("only %d beginnings found: the pattern no longer matches", len(prefixes))
	}
	form := regexp.MustCompile(`(\.(minutes|hours|days))?\.(one|few|many)$|\.title$`)
	for key := range locales(t)["uk"].texts {
		used := words[key] || words[form.ReplaceAllString(key, "")]
		for p := range prefixes {
			used = used || strings.HasPrefix(key, p) && key != p
		}
		for _, p := range []string{"done.", "refused."} {
			if end, ok := strings.CutPrefix(key, p); ok {
				used = used || words[end] || words["screened_"] && strings.HasPrefix(end, "screened_")
			}
		}
		if !used {
			t.Errorf("nobody shows %q", key)
		}
	}
}

func TestBuiltKeysExist(t *testing.T) {
	l := locales(t)["uk"]
	var keys []string
	for _, s := range []assessment.Severity{assessment.Info, assessment.Low, assessment.Medium, assessment.High, assessment.Critical} {
		keys = append(keys, "severity."+string(s))
	}
	for _, s := range []assessment.Status{assessment.Pass, assessment.Fail, assessment.Unmeasured, assessment.NotApplicable, assessment.Error} {
		keys = append(keys, "status."+string(s))
	}
	for _, s := range states {
		keys = append(keys, "state."+string(s))
	}
	for _, d := range decisions {
		keys = append(keys, "decision."+decisionValue(d), "decide."+decisionValue(d), "event.decided."+decisionValue(d))
	}
	for _, e := range []review.Event{review.Opened, review.ClosedEvent, review.Reopened, review.MootEvent, review.WaiverEnded, "decided", "assigned", "comment"} {
		keys = append(keys, "event."+string(e))
	}
	for _, r := range access.Roles() {
		keys = append(keys, "role."+string(r))
	}
	for _, a := range access.Actions() {
		if a != access.TokensManage {
			keys = append(keys, "action."+string(a))
		}
	}
	for _, s := range systems {
		keys = append(keys, "system."+s.family)
	}
	for _, m := range mappingOrder {
		keys = append(keys, "framework."+m)
	}
	for _, p := range places {
		keys = append(keys, "nav."+strings.TrimPrefix(p.href, "/"))
	}
	keys = append(keys, builtKeys...)
	for _, k := range keys {
		if !l.has(k) {
			t.Errorf("no text for %q", k)
		}
	}
}

// builtKeys are further keys that are put together at run time, by the pages of needs and entries.
var builtKeys = func() (keys []string) {
	for prefix, ids := range map[string]string{
		"urgency": "immediate out_of_cycle scheduled defer", "kind": "equipment software training service", "line": "support build sustain",
		"origin": "measured stated", "level": "0 1 2 3", "release": "draft published withdrawn expired superseded",
		"pledge": "pledged committed procured delivered commissioned verified sustained regressed cancelled", "channel": "page api file",
		"overlap": "same_need similar_kind more_than_needed", "totals": "sector kind line_of_effort",
		"field": "recipient region sector size_band quantity purpose schedule capability sites", "part": "none draft published withdrawn expired superseded", "why": "consent k_threshold rounding",
		"criticality": "none 1 2 3 4",
		"refused": "schedule project release_state release_changed release_same release_until level audience needs_gone embargo linkable quantity overlap member " +
			"stale old_password weak_password password_again code limited factor tied login_taken login person " +
			"screened_address screened_path screened_vulnerability screened_version screened_control screened_name screened_length screened_language",
	} {
		for _, id := range strings.Fields(ids) {
			keys = append(keys, prefix+"."+id)
		}
	}
	return keys
}()

func TestPlural(t *testing.T) {
	for n, want := range map[int]string{0: "many", 1: "one", 2: "few", 4: "few", 5: "many", 11: "many", 12: "many", 14: "many", 21: "one", 22: "few", 25: "many", 101: "one", 111: "many", 1002: "few"} {
		if got := plural("uk", n); got != want {
			t.Errorf("uk %d: got %s, want %s", n, got, want)
		}
	}
	if plural("en", 1) != "one" || plural("en", 0) != "many" || plural("en", 21) != "many" {
		t.Error("en")
	}
}

func TestPickLanguage(t *testing.T) {
	for _, tc := range []struct{ cookie, accept, want string }{
		{"", "", "uk"}, {"", "en-GB,en;q=0.9", "en"}, {"", "uk-UA,uk;q=0.9,en;q=0.5", "uk"}, {"uk", "en", "uk"}, {"en", "uk", "en"},
		{"xx", "en", "en"}, {"", "de-DE", "en"}, {"", "de, uk;q=0.5", "uk"}, {"", ";;;", "uk"}, {"", strings.Repeat("a,", 1<<16), "uk"},
	} {
		if got := pickLanguage(tc.cookie, tc.accept); got != tc.want {
			t.Errorf("cookie %q, accept %.30q: got %s, want %s", tc.cookie, tc.accept, got, tc.want)
		}
	}
}

func TestFormat(t *testing.T) {
	l := locales(t)
	uk, en := l["uk"], l["en"]
	at := time.Date(2026, 11, 3, 7, 5, 0, 0, time.UTC)
	for _, tc := range []struct{ got, want string }{
		{uk.integer(1234567), "1" + nbsp + "234" + nbsp + "567"}, {en.integer(1234567), "1,234,567"}, {en.integer(-12), "−12"}, {uk.integer(0), "0"},
		{uk.decimal(12.50, 2), "12,5"}, {en.decimal(12.50, 2), "12.5"}, {en.decimal(1000.04, 1), "1,000"}, {en.decimal(-0.04, 1), "0"},
		{uk.percent(49.6), "50" + nbsp + "%"}, {en.percent(49.6), "50%"},
		{uk.euros(1200, 3400), "1" + nbsp + "200–3" + nbsp + "400" + nbsp + "€"}, {en.euros(1200, 1200), "€1,200"},
		{uk.date(at), "3" + nbsp + "листопада 2026"}, {en.date(at), "3" + nbsp + "November 2026"}, {en.date(time.Time{}), "–"},
		{uk.ago(at, at.Add(3*time.Hour)), "3 години тому"}, {en.ago(at, at.Add(49*time.Hour)), "2 days ago"}, {uk.ago(time.Time{}, at), "ніколи"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}
