//go:build !thin

package policies_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
)

// TestFilesAndRunningSystemDisagree judges the cases in which a reader of files is wrong: what runs differs from what the files say. Each
// must fail, and say which half it was.
func TestFilesAndRunningSystemDisagree(t *testing.T) {
	e, err := policies.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	sshd := func(file, live string) string {
		config := func(v string) string { return `{"settings": {"permitrootlogin": ["` + v + `"]}, "sources": {}}` }
		return `"sshd": {"installed": true, "implementation": "openssh", "running": true, "persisted": ` + config(file) + `, "live": ` + config(live) + `}`
	}
	firewall := func(enabled, configured, live string) string {
		return `"firewall": {"manager": "nftables", "manager_enabled": ` + enabled + `, "configured": {"ipv4": "` + configured + `"}, "input": {"ipv4": "` + live + `"}}`
	}
	aslr := func(file, live string) string {
		return `"sysctl": {"configured": {"kernel.randomize_va_space": {"value": "` + file + `", "file": "/etc/sysctl.conf"}}, "live": {"kernel.randomize_va_space": "` + live + `"}}`
	}
	for _, tc := range []struct {
		name, control, facts string
		half                 assessment.Half // that fails; empty: neither
	}{
		{"daemon-started-with-another-option", "ssh.root_login", sshd("no", "yes"), assessment.Live},
		{"file-edited-without-reload", "ssh.root_login", sshd("yes", "no"), assessment.Persisted},
		{"ssh-alike", "ssh.root_login", sshd("no", "no"), ""},
		{"rules-on-disk-none-loaded", "firewall.inbound_ipv4", firewall("true", "drop", "accept"), assessment.Live},
		{"rules-loaded-none-on-disk", "firewall.inbound_ipv4", firewall("true", "accept", "drop"), assessment.Persisted},
		{"rules-loaded-service-disabled", "firewall.inbound_ipv4", firewall("false", "drop", "drop"), assessment.Persisted},
		{"firewall-alike", "firewall.inbound_ipv4", firewall("true", "drop", "reject"), ""},
		{"parameter-changed-at-run-time", "kernel.aslr", aslr("2", "0"), assessment.Live},
		{"parameter-set-for-the-next-boot", "kernel.aslr", aslr("0", "2"), assessment.Persisted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var doc map[string]any
			if err := json.Unmarshal([]byte(`{"schema": "vymir.facts/1", "live": true, "families": {}, `+tc.facts+`}`), &doc); err != nil {
				t.Fatal(err)
			}
			r := judge(t, e, doc)[tc.control]
			want := map[assessment.Half]assessment.Status{assessment.Persisted: assessment.Pass, assessment.Live: assessment.Pass}
			status, prefix := assessment.Pass, ""
			if tc.half != "" {
				want[tc.half], status = assessment.Fail, assessment.Fail
				prefix = map[assessment.Half]string{assessment.Live: "Running now: ", assessment.Persisted: "By the files: "}[tc.half]
			}
			if r.Status != status || r.Verdicts[assessment.Live] != want[assessment.Live] || r.Verdicts[assessment.Persisted] != want[assessment.Persisted] {
				t.Errorf("got %s %v, want %s %v", r.Status, r.Verdicts, status, want)
			}
			if !strings.HasPrefix(r.Reason, prefix) {
				t.Errorf("reason %q does not begin with %q", r.Reason, prefix)
			}
		})
	}
}
