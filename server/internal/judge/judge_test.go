package judge

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/policies"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func TestJudge(t *testing.T) {
	j := New()
	a, err := j.Judge(t.Context(), []byte(`{"schema":"vymir.facts/1","host":{},"measured_at":"2026-11-21T12:00:00Z","root":"/","live":true,"privileged":true,"families":{}}`), noon)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Results) == 0 || a.Summary.Pass+a.Summary.Fail != 0 || !a.JudgedAt.Equal(noon) {
		t.Errorf("nothing was measured, and at %v the summary is %+v", a.JudgedAt, a.Summary)
	}
	for _, bad := range []string{
		"{", `{"schema":"vymir.facts/1","judging":{}}`, `{"schema":"vymir.facts/1","judging":{"at":"2026-11-21T12:00:00Z","more":1}}`,
		`{"schema":"vymir.facts/1","judging":{"at":"2026-11-21T12:00:00Z","scope":[{"control":"ssh.root_login"}]}}`,
	} {
		if _, err := j.Judge(t.Context(), []byte(bad), noon); !errors.Is(err, policies.ErrFacts) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := policies.Carry([]byte(" {} "), policies.JudgeOptions{Now: noon}); !errors.Is(err, policies.ErrFacts) {
		t.Errorf("nothing to carry: %v", err)
	}
}

// TestJudgeAsTheAgent judges every host of the collector's testdata as the standard agent does and, from the facts that a thin one
// would send, as the server does: the results must be equal to the byte, as JSON and on the wire.
func TestJudgeAsTheAgent(t *testing.T) {
	files, err := filepath.Glob("../../../collector/testdata/hosts/*.facts.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no hosts: %v", err)
	}
	agent, err := policies.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	server := New()
	tailored := policies.JudgeOptions{
		Role: "appliance", Baselines: []string{"essential", "server"}, Now: noon.Add(-500 * 24 * time.Hour),
		Params: map[string]any{"ssh.max_auth_tries.limit": 9, "accounts.dormant": map[string]any{"days": 900}},
		Scope: []policies.Exclusion{
			{Control: "ssh.root_login", Reason: policies.Text{"uk": "Доступ лише з консолі", "en": "Console only"}, Until: noon},
			{Control: "firewall.inbound_ipv4", Reason: policies.Text{"uk": "Є <зовнішній> екран"}},
		},
	}
	for _, file := range files {
		for name, o := range map[string]policies.JudgeOptions{"defaults": {Now: noon}, "tailored": tailored} {
			t.Run(filepath.Base(file)+"/"+name, func(t *testing.T) {
				doc, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				want, err := agent.Judge(t.Context(), doc, o)
				if err != nil {
					t.Fatal(err)
				}
				sent, err := policies.Carry(doc, o)
				if err != nil {
					t.Fatal(err)
				}
				got, err := server.Judge(t.Context(), sent, noon.Add(time.Hour))
				if err != nil {
					t.Fatal(err)
				}
				want.ClockSet, got.DurationSeconds = false, want.DurationSeconds
				wantJSON, err := json.Marshal(want)
				if err != nil {
					t.Fatal(err)
				}
				gotJSON, err := json.Marshal(got)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(wantJSON), string(gotJSON)); diff != "" {
					t.Errorf("server and agent differ:\n%s", diff)
				}
				wantLean, err := wire.Encode(want)
				if err != nil {
					t.Fatal(err)
				}
				gotLean, err := wire.Encode(got)
				if err != nil {
					t.Fatal(err)
				}
				wantDigest, err := wire.Digest(wantLean)
				if err != nil {
					t.Fatal(err)
				}
				gotDigest, err := wire.Digest(gotLean)
				if err != nil {
					t.Fatal(err)
				}
				if string(wantDigest) != string(gotDigest) {
					t.Error("the lean forms differ")
				}
			})
		}
	}
}
