package baseline.appliance.web_redirects_https_test

import data.baseline.appliance.web_redirects_https

uhttpd(doc) := {"openwrt": {"uci": {"uhttpd": {"main": doc}}}}

test_success_secure if {
	web_redirects_https.persisted.verdict == "pass" with input as uhttpd({"redirect_https": ["1"], "listen_http": ["0.0.0.0:80"], "listen_https": ["0.0.0.0:443"]})
	web_redirects_https.persisted.verdict == "pass" with input as uhttpd({"listen_https": ["0.0.0.0:443"]})
}

test_fail_plain if {
	web_redirects_https.persisted.verdict == "fail" with input as uhttpd({"redirect_https": ["0"], "listen_http": ["0.0.0.0:80"]})
}

test_unmeasured_persisted if {
	not web_redirects_https.persisted with input as {"families": {}}
	not web_redirects_https.persisted with input.openwrt as {}
}

test_not_applicable if {
	web_redirects_https.applies == false with input.families.openwrt.state as "not_applicable"
	web_redirects_https.applies == false with input.openwrt as {"uci": {"system": {}}}
	web_redirects_https.applies == true with input as uhttpd({})
}
