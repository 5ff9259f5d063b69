package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"vymir-server": main})
}

// TestScripts runs every command and error message as people meet them.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("LANG", "C")
			return os.WriteFile(e.WorkDir+"/server.yaml", []byte("state: "+e.WorkDir+"/state\nagents: {address: 'vymir.example:7443'}\nweb: {address: 'https://vymir.example'}\n"), 0o600)
		},
	})
}

// TestTextsInBothLanguages fails on a text that one language lacks, or that takes other arguments there.
func TestTextsInBothLanguages(t *testing.T) {
	verb := regexp.MustCompile(`%[0-9]*[a-z]`)
	for key, v := range catalogue {
		if v.en == "" || v.uk == "" {
			t.Errorf("%s: a language is missing", key)
		}
		if en, uk := verb.FindAllString(v.en, -1), verb.FindAllString(v.uk, -1); strings.Join(en, "") != strings.Join(uk, "") {
			t.Errorf("%s: arguments differ: %v, %v", key, en, uk)
		}
	}
}

// TestCommandsHaveTexts walks all commands and flags in both languages.
func TestCommandsHaveTexts(t *testing.T) {
	for _, lang := range []string{"en", "uk"} {
		root := newRoot(texts{lang: lang})
		todo := root.Commands()
		for len(todo) > 0 {
			c := todo[0]
			todo = append(todo[1:], c.Commands()...)
			if _, isKey := catalogue[c.Short]; isKey || c.Short == "" || strings.Contains(c.Short, ".") {
				t.Errorf("%s %s: text is %q", lang, c.CommandPath(), c.Short)
			}
		}
	}
}

func TestLanguage(t *testing.T) {
	for _, c := range []struct {
		args []string
		env  map[string]string
		want string
	}{
		{nil, nil, "en"},
		{nil, map[string]string{"LANG": "uk_UA.UTF-8"}, "uk"},
		{nil, map[string]string{"LANG": "uk_UA.UTF-8", "LC_ALL": "C"}, "en"},
		{[]string{"hosts", "--lang", "uk"}, map[string]string{"LANG": "C"}, "uk"},
		{[]string{"--lang=en"}, map[string]string{"LANG": "uk_UA"}, "en"},
		{[]string{"--lang=xx"}, nil, "en"},
	} {
		if got := language(c.args, func(k string) string { return c.env[k] }); got != c.want {
			t.Errorf("%v %v: got %s, want %s", c.args, c.env, got, c.want)
		}
	}
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		args string
		want int
	}{
		{"version", 0}, {"nonsense", exitUsage}, {"hosts nonsense", exitUsage}, {"hosts list --nonsense", exitUsage},
		{"hosts list --format xml", exitUsage}, {"backup", exitUsage}, {"config check --config none.yaml", exitFailed},
	} {
		if got := run(t.Context(), strings.Fields(c.args)); got != c.want {
			t.Errorf("%s: exit %d, want %d", c.args, got, c.want)
		}
	}
}
