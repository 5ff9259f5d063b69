package baseline.kernel.usb_storage_test

import data.baseline.kernel.usb_storage

open := {"available": ["usb_storage"], "install": {}, "blacklisted": []}

test_success_closed if {
	usb_storage.persisted.verdict == "pass" with input.kernel.modprobe as {"available": ["usb_storage"], "install": {"usb_storage": "/bin/true"}, "blacklisted": []}
	usb_storage.persisted.verdict == "pass" with input.kernel.modprobe as {"available": ["usb_storage"], "install": {}, "blacklisted": ["usb_storage"]}
	usb_storage.live.verdict == "pass" with input.kernel.modules as [{"name": "ext4"}]
}

test_success_guarded if {
	usb_storage.persisted.reason == "guarded" with input as {"kernel": {"modprobe": open}, "login": {"usbguard": true}}
	usb_storage.live.reason == "guarded" with input as {"kernel": {"modules": [{"name": "usb_storage"}]}, "login": {"usbguard": true}}
}

test_fail_open if {
	usb_storage.persisted.params.found == ["usb_storage"] with input as {"kernel": {"modprobe": open}, "login": {"usbguard": false}}
	usb_storage.live.params.found == ["usb_storage"] with input.kernel.modules as [{"name": "usb_storage"}]
}

test_unmeasured_persisted if {
	not usb_storage.persisted with input as {"families": {}}
	not usb_storage.persisted with input.kernel.modprobe as {"install": {}, "blacklisted": []}
}

test_unmeasured_live if {
	not usb_storage.live with input as {"families": {}}
}
