# METADATA
# title: The fate of a packet that no rule names
# description: A side is ipv4, ipv6 or forward, as in facts.InputPolicy.
package lib.firewall

refusing := {"drop", "reject"}

# by the rules loaded in the kernel
live(side) := judge(input.firewall.input, side)

# by what the manager's files would load at the next start; no manager at all is an open door, once the family was read in full
persisted(side) := {
	"verdict": "fail",
	"reason": "not_enabled",
	"params": {"manager": input.firewall.manager},
	"evidence": {"manager": input.firewall.manager, "enabled": false},
} if {
	input.firewall.manager
	input.firewall.manager_enabled == false
} else := judge(input.firewall.configured, side) if {
	input.firewall.manager_enabled
} else := {"verdict": "fail", "reason": "no_manager"} if {
	input.families.firewall.state == "ok"
	input.firewall
	no_manager
}

no_manager if not input.firewall.manager

judge(policy, side) := {
	"verdict": "pass",
	"reason": "closed",
	"params": {"seen": policy[side]},
	"evidence": {"seen": policy[side]},
} if {
	policy[side] in refusing
} else := {
	"verdict": "fail",
	"reason": "open",
	"evidence": {"seen": policy[side], "wanted": refusing},
} if {
	policy[side] == "accept"
}
