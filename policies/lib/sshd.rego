# METADATA
# title: Reading sshd's effective configuration
# description: >-
#   A configuration is input.sshd.persisted or input.sshd.live. Its global settings hold for everyone, the settings of a Match
#   block for whom the block names; a control looks at both. A table of wanted values maps a setting, spelt as sshd_config(5)
#   spells it, to the set of the values it may have.
package lib.sshd

# nobody can log in at this moment, because no server runs
stopped if input.sshd.running == false

# whether an OpenSSH server is installed: its settings mean nothing to dropbear
openssh := false if input.sshd.installed == false

openssh := input.sshd.implementation == "openssh" if input.sshd.installed == true

# every place that gives a setting a value: the global one, and each Match block
places(config, name) := array.concat(
	[{"values": config.settings[key], "where": object.get(config, ["sources", key], "default")} |
		key := lower(name)
		count(config.settings[key]) > 0
	],
	[{"values": block.settings[key], "where": sprintf("%s, Match %s", [block.source, block.criteria])} |
		key := lower(name)
		some block in config.matches
		count(block.settings[key]) > 0
	],
)

# the settings of a table that have a value outside it, somewhere
broken(config, wanted) := [{"setting": name, "seen": concat(" ", place.values), "where": place.where} |
	some name, allowed in wanted
	some place in places(config, name)
	not lower(place.values[0]) in allowed
]

# the answer for one half of a control whose settings are compared with a table; undefined while one of them is unknown
judge(config, wanted) := {
	"verdict": "fail",
	"reason": "wrong",
	"params": {"found": [said(b) | some b in bad]},
	"evidence": {"found": bad, "wanted": wanted},
} if {
	bad := broken(config, wanted)
	count(bad) > 0
} else := {
	"verdict": "pass",
	"reason": "right",
	"params": {"found": [said(place) | some place in found]},
	"evidence": {"found": found, "wanted": wanted},
} if {
	found := [{"setting": name, "seen": concat(" ", config.settings[lower(name)]), "where": places(config, name)[0].where} |
		some name, _ in wanted
	]
	count(found) == count(wanted)
}

said(place) := sprintf("%s %s (%s)", [place.setting, place.seen, place.where])

# the answer of the live half while no server runs
not_running := {"verdict": "pass", "reason": "not_running"} if stopped

# the same for one setting that is a number between least and most; every place it is given at counts
judge_numbers(config, name, least, most) := {
	"verdict": "fail",
	"reason": "wrong",
	"params": {"seen": bad[0].seen, "where": bad[0].where, "limit": most},
	"evidence": {"found": bad, "wanted": {"least": least, "most": most}},
} if {
	bad := [n | some n in given_numbers(config, name); outside(n.seen, least, most)]
	count(bad) > 0
} else := {
	"verdict": "pass",
	"reason": "right",
	"params": {"seen": found[0].seen},
	"evidence": {"found": found, "wanted": {"least": least, "most": most}},
} if {
	found := given_numbers(config, name)
	count(found) > 0
}

given_numbers(config, name) := [{"seen": to_number(place.values[0]), "where": place.where} |
	some place in places(config, name)
	regex.match(`^\d+$`, place.values[0])
]

outside(n, least, _) if n < least

outside(n, _, most) if n > most
