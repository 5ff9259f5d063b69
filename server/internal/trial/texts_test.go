package trial

import (
	"regexp"
	"strings"
	"testing"
)

func TestTextsInBothLanguages(t *testing.T) {
	verb := regexp.MustCompile(`%[0-9.]*[a-z]`)
	for key, v := range texts {
		en, uk := verb.FindAllString(v.en, -1), verb.FindAllString(v.uk, -1)
		if v.en == "" || v.uk == "" || strings.Join(en, "") != strings.Join(uk, "") {
			t.Errorf("%s: %q and %q do not say the same", key, v.en, v.uk)
		}
	}
}
