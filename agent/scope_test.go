package agent

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/policies"
)

func TestParseParams(t *testing.T) {
	params, scope, err := ParseParams([]byte(`
ssh.idle_timeout: {seconds: 600}
scope:
  - control: integrity.anti_malware
    reason: ESET File Security
    until: 2027-06-30
  - control: web.tls_versions
    reason: {uk: Застарілий термінал, en: An old terminal}
`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"ssh.idle_timeout": map[string]any{"seconds": 600}}, params); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	want := []policies.Exclusion{
		{Control: "integrity.anti_malware", Reason: policies.Text{"uk": "ESET File Security", "en": "ESET File Security"}, Until: time.Date(2027, 6, 30, 0, 0, 0, 0, time.UTC)},
		{Control: "web.tls_versions", Reason: policies.Text{"uk": "Застарілий термінал", "en": "An old terminal"}},
	}
	if diff := cmp.Diff(want, scope); diff != "" {
		t.Errorf("scope (-want +got):\n%s", diff)
	}
	for text, wrong := range map[string]string{
		"scope: [{control: ssh.root_login}]":                            "has no reason",
		"scope: [{control: ssh.root_login, reason: x, until: soon}]":    "is not a date",
		"scope: [{control: ssh.root_login, reason: [x]}]":               "neither a text",
		"scope: [{control: ssh.root_login, reason: {fr: x, en: x}}]":    `language "fr"`,
		"scope: [{reason: x}]":                                          "names no control",
		"scope: 3":                                                      "cannot unmarshal",
		"scope: [{control: ssh.root_login, reason: x, colour: purple}]": "colour",
	} {
		if _, _, err := ParseParams([]byte(text)); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: got %v, want %q", text, err, wrong)
		}
	}
	c, err := ParseConfig([]byte("scope: [{control: ssh.root_login, reason: x, until: 2027-06-30}]"))
	if err != nil {
		t.Fatal(err)
	}
	shown, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ParseConfig(shown); err != nil || !cmp.Equal(again.Exclusions(), c.Exclusions()) {
		t.Errorf("shown and read again: %v\n%s", err, shown)
	}
}
