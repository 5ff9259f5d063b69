package baseline.updates.signed_sources_test

import data.baseline.updates.signed_sources

test_success_checked if {
	signed_sources.persisted.verdict == "pass" with input.packages as {"sources": [{"uri": "http://a", "enabled": true}, {"uri": "http://b", "enabled": false, "trusted": true}]}
}

test_fail_unchecked if {
	signed_sources.persisted.verdict == "fail" with input.packages as {"sources": [{"uri": "http://a", "enabled": true, "trusted": true}]}
}

test_unmeasured_persisted if {
	not signed_sources.persisted with input as {"families": {}}
	not signed_sources.persisted with input.packages as {"sources": []}
}
