# METADATA
# title: The files that say how the system starts
# description: The configuration of GRUB and systemd-boot, judged by owner and mode.
package lib.loader

import data.lib.files

watched := ["/boot/grub/grub.cfg", "/boot/grub/user.cfg", "/boot/grub2/grub.cfg", "/boot/grub2/user.cfg", "/boot/loader/loader.conf"]

there := [file |
	some path in watched
	file := input.files.paths[path]
	file.kind == "file"
]

# true where one of them is there, false where none is, undefined while that is not known
configured if count(there) > 0

configured := false if {
	every path in watched {
		files.absent(input.files.paths[path])
	}
}

# fail where a file gives rights in mask or belongs to another than root; undefined without such a file
judge(mask) := {"verdict": "fail", "reason": "open", "params": {"found": open}, "evidence": {"files": open}} if {
	open := [fault | some file in there; some fault in files.faults(file, mask)]
	count(open) > 0
} else := {"verdict": "pass", "reason": "closed"} if {
	count(there) > 0
}
