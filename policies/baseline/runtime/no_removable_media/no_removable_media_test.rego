package baseline.runtime.no_removable_media_test

import data.baseline.runtime.no_removable_media

seen(details, state) := {"runtime": {
	"hooks": [{"event": "mount", "state": state}],
	"events": [{"kind": "mount", "detail": d} | some d in details],
}}

test_success_none if {
	good := ["vfat /dev/sda1 on /boot/efi (rw)", "ext4 /dev/sdb1 on /mnt (rw)", "iso9660 /dev/loop3 on /snap (ro)", "vfat /dev/sda1 on /efi (rw)"]
	no_removable_media.live.verdict == "pass" with input as seen(good, "proven")
}

test_fail_seen if {
	no_removable_media.live.params.names == ["vfat /dev/sdb1 on /mnt"] with input as seen(["vfat /dev/sdb1 on /mnt (rw)"], "proven")
}

test_unmeasured_live if {
	not no_removable_media.live with input as {"families": {}}
	not no_removable_media.live with input as seen([], "off")
}
