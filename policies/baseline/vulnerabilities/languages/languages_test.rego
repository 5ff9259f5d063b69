package baseline.vulnerabilities.languages_test

import data.baseline.vulnerabilities.languages

host(vulnerable) := {
	"families": {"languages": {"state": "ok"}},
	"languages": {
		"scanned_at": "2026-06-01T00:00:00Z", "age_hours": 20, "packages": 40, "vulnerable": vulnerable,
		"ecosystems": [{"name": "PyPI", "state": "ok", "packages": 30}, {"name": "Go", "state": "ok", "packages": 10}],
	},
}

jinja := {
	"ecosystem": "PyPI", "name": "jinja2", "version": "2.0", "locations": ["/opt/app/requirements.txt"],
	"vulnerabilities": [{"id": "GHSA-1", "aliases": ["CVE-2026-1"], "fixed": "2.11"}, {"id": "GHSA-2"}],
}

unfixed := object.union(jinja, {"vulnerabilities": [{"id": "GHSA-2"}]})

set_to(doc, path, value) := json.patch(doc, [{"op": "add", "path": path, "value": value}])

test_fail_fixable if {
	r := languages.persisted with input as host([jinja, unfixed])
	r.verdict == "fail"
	r.params == {"count": 1, "packages": 40, "names": ["jinja2 2.0 (PyPI)"]}
	r.evidence.found[0].weaknesses == [{"id": "GHSA-1", "aliases": ["CVE-2026-1"], "fixed": "2.11"}]
}

# what was found fails, whatever else could not be looked at and however old the scan is
test_fail_in_a_partial_scan if {
	doc := set_to(set_to(host([jinja]), "/languages/ecosystems/1/state", "unmeasured"), "/languages/age_hours", 9000)
	languages.persisted.verdict == "fail" with input as doc
}

test_success_none if {
	languages.persisted.verdict == "pass" with input as host([])
	r := languages.persisted with input as host([unfixed])
	r.verdict == "pass"
	r.params.unfixed == 1
}

# no data, an old scan, files that could not be read, a report that was cut, nothing found: none of it is a pass
test_unmeasured_persisted if {
	not languages.persisted with input as {"families": {}}
	not languages.persisted with input as set_to(host([]), "/languages/ecosystems/1/state", "unmeasured")
	not languages.persisted with input as set_to(host([]), "/languages/age_hours", 24 * 15)
	not languages.persisted with input as set_to(host([]), "/languages/unread", 1)
	not languages.persisted with input as set_to(host([]), "/languages/truncated", true)
	not languages.persisted with input as set_to(host([]), "/languages/packages", 0)
	languages.persisted.verdict == "pass" with input as set_to(host([]), "/languages/age_hours", 24 * 14)
}
