package baseline.updates.supported_release_test

import data.baseline.updates.supported_release

test_success_supported if {
	supported_release.persisted.verdict == "pass" with input.os as {"id": "debian", "version_id": "12"}
	supported_release.persisted.verdict == "pass" with input.os as {"id": "almalinux", "version_id": "9.4"}
	supported_release.persisted.verdict == "pass" with input.os as {"id": "alpine", "version_id": "3.22.1"}
}

test_fail_ended if {
	supported_release.persisted.verdict == "fail" with input.os as {"id": "ubuntu", "version_id": "18.04"}
	supported_release.persisted.params.date == "2024-06-30" with input.os as {"id": "debian", "version_id": "10"}
}

test_unmeasured_persisted if {
	not supported_release.persisted with input as {"families": {}}
	not supported_release.persisted with input.os as {"id": "debian", "version_id": "99"}
	not supported_release.persisted with input.os as {"id": "templeos", "version_id": "5"}
}
