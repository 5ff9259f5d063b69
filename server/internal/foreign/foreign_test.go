package foreign

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const xccdfText = `<?xml version="1.0" encoding="UTF-8"?>
<arf:asset-report-collection xmlns:arf="http://scap.nist.gov/schema/asset-reporting-format/1.1"><arf:reports><arf:report id="xccdf1"><arf:content>
<Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2" id="b"><Group id="g"><Rule id="rule_sshd_root" severity="high"><title>Disable root <b>login</b></title></Rule></Group>
<TestResult id="t" test-system="cpe:/a:redhat:openscap:1.3.7" start-time="2026-11-01T10:00:00+02:00" end-time="2026-11-01T10:05:00+02:00" version="0.1.69">
<profile idref="cis"/><target>mail.example</target>
<rule-result idref="rule_sshd_root" severity="high"><result>fail</result><message severity="info">PermitRootLogin yes</message></rule-result>
<rule-result idref="rule_2"><result>notapplicable</result></rule-result>
<rule-result idref="rule_3"><result>notselected</result></rule-result>
<rule-result idref="rule_4"><result>error</result></rule-result>
<rule-result idref="rule_5"><result>pass</result></rule-result>
</TestResult></Benchmark></arf:content></arf:report></arf:reports></arf:asset-report-collection>`

const lynisText = `# Lynis Report
report_version_major=1
report_datetime_start=2026-11-01 10:00:00
lynis_version=3.0.8
hostname=mail
warning[]=SSH-7408|Root login is open|PermitRootLogin|text:set it to no|
suggestion[]=BOOT-5122|Set a password on GRUB|-|-|
tests_skipped=|FILE-1|FILE-2|
hardening_index=63
report_datetime_end=2026-11-01 10:02:00
`

const sarifText1 = `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Scanner","version":"4.2","rules":[{"id":"R1","shortDescription":{"text":"A rule"}},{"id":"R2","name":"Second"}]}},
"invocations":[{"executionSuccessful":true,"endTimeUtc":"2026-11-01T10:00:00Z","machine":"mail"}],
"results":[{"ruleId":"R1","level":"error","message":{"text":"bad"}},{"ruleIndex":1,"kind":"pass","message":{"text":"good"}}]}]}`

func TestParse(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want Report
	}{
		"xccdf": {xccdfText, Report{Tool: "OpenSCAP", Version: "1.3.7", Profile: "cis", Target: "mail.example", Made: time.Date(2026, 11, 1, 8, 5, 0, 0, time.UTC), Results: []Result{
			{Rule: "rule_sshd_root", Title: "Disable root", Status: Fail, Severity: "high", Detail: "PermitRootLogin yes"}, {Rule: "rule_2", Status: NotApplicable},
			{Rule: "rule_4", Status: Unmeasured}, {Rule: "rule_5", Status: Pass}}}},
		"lynis": {lynisText, Report{Tool: "Lynis", Version: "3.0.8", Target: "mail", Made: time.Date(2026, 11, 1, 10, 2, 0, 0, time.UTC), Results: []Result{
			{Rule: "SSH-7408", Title: "Root login is open", Status: Fail, Detail: "PermitRootLogin set it to no"}, {Rule: "BOOT-5122", Title: "Set a password on GRUB", Status: Informational},
			{Rule: "FILE-1", Status: NotApplicable}, {Rule: "FILE-2", Status: NotApplicable}, {Rule: "hardening_index", Status: Informational, Detail: "63"}}}},
		"sarif": {sarifText1, Report{Tool: "Scanner", Version: "4.2", Target: "mail", Made: time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC), Results: []Result{
			{Rule: "R1", Title: "A rule", Status: Fail, Severity: "error", Detail: "bad"}, {Rule: "R2", Title: "Second", Status: Pass, Detail: "good"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse([]byte(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			b, err := got.Pack()
			if err != nil {
				t.Fatal(err)
			}
			if again, err := Unpack(b); err != nil || cmp.Diff(got, again) != "" {
				t.Errorf("pack: %v %s", err, cmp.Diff(got, again))
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	bomb := `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2"><TestResult><target>&b;</target></TestResult></Benchmark>`
	many := strings.Replace(lynisText, "hardening_index=63", strings.Repeat("warning[]=A|b|-|-|\n", maxResults+1), 1)
	for name, tc := range map[string]struct {
		text string
		want error
	}{
		"empty": {"", ErrFormat}, "text": {"hello\nworld", ErrFormat}, "xml": {"<a/>", ErrFormat}, "json": {"{}", ErrFormat}, "cut-xml": {xccdfText[:len(xccdfText)/2], ErrFormat},
		"cut-json": {sarifText1[:100], ErrFormat}, "bomb": {bomb, ErrFormat}, "deep": {strings.Repeat("<a>", 10_000), ErrFormat}, "many": {many, ErrTooMany},
		"odd-result": {strings.Replace(xccdfText, "<result>fail", "<result>maybe", 1), ErrFormat}, "odd-kind": {strings.Replace(sarifText1, `"pass"`, `"odd"`, 1), ErrFormat},
		"latin1": {`<?xml version="1.0" encoding="ISO-8859-1"?><a/>`, ErrFormat},
	} {
		if _, err := Parse([]byte(tc.text)); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{xccdfText, lynisText, sarifText1, "<", "{", "a=b", fmt.Sprint("\xef\xbb\xbf", lynisText)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b)
		if err != nil {
			return
		}
		for _, v := range r.Results {
			if len(v.Detail) > maxText || strings.ContainsAny(v.Title, "\x00\n") {
				t.Errorf("result %+v", v)
			}
		}
	})
}
