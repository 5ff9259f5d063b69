package baseline.web.no_directory_listing_test

import data.baseline.web.no_directory_listing

servers(list) := {"web_servers": {"servers": list}}

test_fail_bad if {
	r := no_directory_listing.persisted with input as servers([{"name": "nginx", "autoindex": true}, {"name": "apache2"}])
	r.verdict == "fail"
	r.params.servers == ["nginx"]
}

test_success_good if {
	no_directory_listing.persisted.verdict == "pass" with input as servers([{"name": "nginx", "autoindex": false}])
}

test_unmeasured_persisted if {
	not no_directory_listing.persisted with input as {"families": {}}
	not no_directory_listing.persisted with input as servers([{"name": "nginx"}])
}

test_not_applicable if {
	no_directory_listing.applies == false with input as servers([])
}
