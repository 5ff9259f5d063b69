package say

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vymir-project/vymir/server/internal/access"
	"github.com/vymir-project/vymir/server/internal/store"
)

var cyrillic = regexp.MustCompile(`[а-яіїєґ]`)

// TestPhrasesStandInTheSources keeps a phrase from being changed in one place only.
func TestPhrasesStandInTheSources(t *testing.T) {
	var all strings.Builder
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.Contains(name, "internal/say/") {
			return err
		}
		b, err := os.ReadFile(name)
		all.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range phrases {
		if !strings.Contains(all.String(), p.en) {
			t.Errorf("no source says %q any more", p.en)
		}
		if en, uk := verb.FindAllString(p.en, -1), verb.FindAllString(p.uk, -1); strings.Join(en, "") != strings.Join(uk, "") || !cyrillic.MatchString(p.uk) {
			t.Errorf("%q: %q", p.en, p.uk)
		}
	}
	for _, k := range known {
		if !cyrillic.MatchString(k.uk) {
			t.Errorf("%q: %q", k.err, k.uk)
		}
	}
}

func TestError(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("user %q: %w", "olena", store.ErrNotFound), `user "olena": не знайдено`},
		{access.ErrWeakPassword, "пароль має містити від 12 до 256 символів, різноманітних і не з власного імені"},
		{fmt.Errorf("backup: %s is already there", "/x/y.db"), "резервна копія: /x/y.db вже існує"},
		{fmt.Errorf("state folder %s can be written by others (mode %04o): make it 0750 or stricter", "/var", 0o777), "state folder /var можуть змінювати інші (права 0777): задайте 0750 або суворіші"},
		{fmt.Errorf("something nobody translated"), "something nobody translated"},
	} {
		if got := Error("uk", tc.err); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
		if got := Error("en", tc.err); got != tc.err.Error() {
			t.Errorf("English changed: %q", got)
		}
	}
}
