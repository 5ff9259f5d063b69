package baseline.boot.loader_password_test

import data.baseline.boot.loader_password

test_success_closed if {
	loader_password.persisted.verdict == "pass" with input.boot as {"loader": "grub", "grub_password": true}
	loader_password.applies == true with input.boot as {"loader": "grub"}
}

test_fail_open if {
	loader_password.persisted.verdict == "fail" with input.boot as {"loader": "grub", "grub_password": false}
}

test_unmeasured_persisted if {
	not loader_password.persisted with input as {"families": {}}
	not loader_password.persisted with input.boot as {"loader": "grub"}
}

test_not_applicable if {
	loader_password.applies == false with input.boot as {"loader": "u-boot"}
}
