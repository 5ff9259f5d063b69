package demo

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"github.com/vymir-project/vymir/policies"
	"github.com/vymir-project/vymir/policies/assessment"
)

// control is a built-in control with the reasons it can pass and fail for.
type control struct {
	*policies.Control
	pass, fail []string
}

// verdict finds what a policy answers with.
var verdict = regexp.MustCompile(`"verdict":\s*"(pass|fail)",\s*"reason":\s*"(\w+)"`)

// words are the reasons of policies that leave the verdict to the shared library.
var words = map[string][]string{
	"pass": {"right", "set", "closed", "on", "refused", "not_loaded"},
	"fail": {"wrong", "missing", "open", "loadable", "off", "not_separate", "root_password"},
}

// readControls lists the built-in controls in the order of the catalogue. Of a control whose reasons are not known
// results have none.
func readControls() ([]control, error) {
	modules, err := policies.BuiltInModules()
	if err != nil {
		return nil, fmt.Errorf("read policies: %w", err)
	}
	catalogue := policies.BuiltIn()
	out := make([]control, 0, len(catalogue.Controls))
	for i := range catalogue.Controls {
		c := control{Control: &catalogue.Controls[i]}
		family, name, _ := strings.Cut(c.ID, ".")
		source := modules["baseline/"+family+"/"+name+"/"+name+".rego"]
		for _, m := range verdict.FindAllSubmatch(source, -1) {
			c.add(string(m[1]), string(m[2]))
		}
		for v, list := range words {
			for _, id := range list {
				if v == "pass" && len(c.pass) == 0 || v == "fail" && len(c.fail) == 0 {
					c.add(v, id)
				}
			}
		}
		out = append(out, c)
	}
	return out, nil
}

func (c *control) add(verdict, reason string) {
	list := &c.pass
	if verdict == "fail" {
		list = &c.fail
	}
	if c.ReasonNumber(reason) > 0 && !slices.Contains(*list, reason) {
		*list = append(*list, reason)
	}
}

// values are what an invented host would say for a parameter of a reason.
var values = map[string][]any{
	"found": {[]any{"PermitRootLogin yes"}, []any{"/etc/backup.conf"}, []any{"telnetd"}}, "names": {[]any{"files-old"}, []any{"registry-web"}},
	"users": {[]any{"olena"}, []any{"operator", "guest"}}, "name": {"restic", "borg"}, "date": {"2025-11-02", "2026-03-17"}, "port": {443, 5432, 8080},
	"seen": {"30"}, "wanted": {"10"}, "count": {3, 17}, "servers": {[]any{"nginx"}}, "path": {"/srv/share"}, "ports": {[]any{22, 443}},
	"paths": {[]any{"/etc/ssl/private/site.key"}}, "mode": {"0666"}, "percent": {94}, "target": {"/var"}, "targets": {[]any{"/var/lib"}}, "program": {"postgres"},
	"running": {"6.1.0-26-amd64"}, "newest": {"6.1.0-31-amd64"}, "release": {"Debian 10"}, "versions": {[]any{"TLS 1.0"}}, "modules": {[]any{"cramfs", "udf"}},
	"where": {"/etc/ssh/sshd_config"}, "why": {"RSA 1024"}, "days": {12}, "limit": {4}, "engine": {"docker"}, "client": {"*"}, "tool": {"unattended-upgrades"},
	"uris": {[]any{"http://repo.example/debian"}}, "server": {"nginx"}, "manager": {"nftables"}, "enabled": {0}, "rules": {0},
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// target makes the detail behind a reason: what its sentence names.
func (c *control) target(reason string, rng *rand.Rand) assessment.Target {
	t := assessment.Target{}
	n := c.ReasonNumber(reason)
	if n == 0 {
		return t
	}
	for _, m := range placeholder.FindAllStringSubmatch(c.Reasons[n-1].Text.In("en"), -1) {
		if list := values[m[1]]; list != nil {
			if t.Params == nil {
				t.Params, t.Evidence = map[string]any{}, map[string]any{}
			}
			v := list[rng.IntN(len(list))]
			t.Params[m[1]], t.Evidence[m[1]] = v, v
		}
	}
	return t
}
