# METADATA
# title: Comparing kernel parameters with what they should be
# description: >-
#   A table of wanted values maps a parameter to the set of numbers it may have. The persisted half asks the value the next boot will
#   give: the one of the files, or else the one built into the kernel where that is the same for all kernels. The live half
#   asks the kernel.
package lib.sysctl

configured(key) := {"key": key, "seen": to_number(entry.value), "where": entry.file} if {
	entry := input.sysctl.configured[key]
} else := {"key": key, "seen": to_number(input.sysctl.defaults[key]), "where": "default"}

running(key) := {"key": key, "seen": to_number(input.sysctl.live[key]), "where": "/proc/sys"}

persisted(wanted) := judge([s | some key, _ in wanted; s := configured(key)], wanted)

live(wanted) := judge([s | some key, _ in wanted; s := running(key)], wanted)

# fail when one value is wrong, pass when all are known and right, undefined otherwise
judge(seen, wanted) := {
	"verdict": "fail",
	"reason": "wrong",
	"params": {"found": [said(s) | some s in bad]},
	"evidence": {"found": bad, "wanted": wanted},
} if {
	bad := [s | some s in seen; not s.seen in wanted[s.key]]
	count(bad) > 0
} else := {
	"verdict": "pass",
	"reason": "right",
	"params": {"found": [said(s) | some s in seen]},
	"evidence": {"found": seen, "wanted": wanted},
} if {
	count(seen) == count(wanted)
}

said(s) := sprintf("%s = %v (%s)", [s.key, s.seen, s.where])

# the network interfaces whose parameters are known, "all", "default" and the loopback left out
interfaces("ipv4") := {name |
	some key, _ in input.sysctl.live
	startswith(key, "net.ipv4.conf.")
	name := split(key, ".")[3]
	not name in {"all", "default", "lo"}
}

interfaces("ipv6") := {name |
	some key, _ in input.sysctl.live
	startswith(key, "net.ipv6.conf.")
	name := split(key, ".")[3]
	not name in {"all", "default", "lo"}
}
