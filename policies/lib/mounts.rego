# METADATA
# title: Reading the options of a file system
# description: A table of mounts is input.mounts.live or input.mounts.fstab; of several at one place the last holds.
package lib.mounts

separate(table, target) if count(at(table, target)) > 0

at(table, target) := [mount | some mount in table; mount.target == target]

# undefined where nothing is mounted at target
judge(table, target, wanted) := {
	"verdict": "fail",
	"reason": "missing",
	"params": {"found": missing, "where": where},
	"evidence": {"options": top.options, "wanted": wanted, "where": where},
} if {
	found := at(table, target)
	top := found[count(found) - 1]
	where := object.get(top, "origin", "mountinfo")
	missing := [option | some option in wanted; not holds(top.options, option)]
	count(missing) > 0
} else := {
	"verdict": "pass",
	"reason": "set",
	"params": {"wanted": wanted},
	"evidence": {"options": top.options, "wanted": wanted},
} if {
	found := at(table, target)
	top := found[count(found) - 1]
}

# whether an option is set: of "noexec,exec" the later word holds
holds(options, option) if {
	last := max([i | some i, o in options; o == option])
	every i, o in options {
		not contradicts(i, o, last, option)
	}
}

contradicts(i, word, last, option) if {
	i > last
	word == substring(option, 2, -1) # noexec and exec, nosuid and suid, nodev and dev
}
