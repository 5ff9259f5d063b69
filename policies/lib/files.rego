# METADATA
# title: Reading the mode and owner of a file
# description: A file is a facts.FileState. A file without a mode (absent, a link, not looked at) answers nothing.
package lib.files

# whether others than owner and group have one of the rights in mask: 4 read, 2 write, 1 execute
others_have(file, mask) if bits.and(digit(file, 3), mask) != 0

group_has(file, mask) if bits.and(digit(file, 2), mask) != 0

digit(file, i) := to_number(substring(file.mode, i, 1))

# "/etc/shadow 0644 root:shadow"
said(file) := sprintf("%s %s %v:%v", [
	file.path, file.mode,
	object.get(file, "user", file.uid),
	object.get(file, "group", file.gid),
])

# whether the file was looked at and is there
present(file) if {
	file.kind != "absent"
	file.kind != "unknown"
}

absent(file) if file.kind == "absent"

# why a file is not held closely enough: another owner than root, or rights in mask (three digits) that it must not give
faults(file, mask) := [said(file) | present(file); loose(file, mask)]

loose(file, _) if file.uid != 0

loose(file, mask) if {
	some i in [0, 1, 2]
	bits.and(digit(file, i + 1), to_number(substring(mask, i, 1))) != 0
}
