# METADATA
# title: How urgent each vulnerability is on this host
# description: >-
#   The deployer's table of SSVC (CERT/CC, version 3): exploitation, exposure, whether an attack can be automated, and
#   impact. It is the table of remedies/ssvc.yaml, which a test keeps the same. What goes into it: exploitation is active
#   when the vulnerability is listed as exploited, poc when its exploitation within 30 days is predicted with ten per cent or
#   more. Exposure is from where the code that uses the package can be reached; where that could not be told it counts
#   as the network. An attack can be automated when its vector says so, or nobody gave one, and the code can be
#   reached. Impact begins with the parameter, goes up one step for what runs as root, and down one for what was not used in
#   a week of watching and more.
package lib.vulnerabilities

# impact from left to right: low, medium, high, very high; d defer, s scheduled, o out of cycle, i immediate
table := {
	"none": {
		"small": {"no": "ddss", "yes": "dsss"},
		"controlled": {"no": "dsss", "yes": "ssss"},
		"open": {"no": "dsss", "yes": "ssso"},
	},
	"poc": {
		"small": {"no": "dsss", "yes": "ssss"},
		"controlled": {"no": "dsss", "yes": "ssso"},
		"open": {"no": "ssso", "yes": "ssoo"},
	},
	"active": {
		"small": {"no": "ssoo", "yes": "sooo"},
		"controlled": {"no": "ssoo", "yes": "oooo"},
		"open": {"no": "sooi", "yes": "ooii"},
	},
}

names := {"d": "defer", "s": "scheduled", "o": "out_of_cycle", "i": "immediate"}

impacts := ["low", "medium", "high", "very_high"]

# decided holds every vulnerability with its decision and the row of the table it comes from
decided := [object.union(v, {
	"decision": names[substring(table[exploited][exposed][automatable], level, 1)],
	"row": {"exploitation": exploited, "exposure": exposed, "automatable": automatable, "impact": impacts[level]},
	"because": because(v, exploited, exposed),
}) |
	some v in input.vulnerabilities.found
	exploited := exploitation(v)
	exposed := exposure(v)
	automatable := automation(v, exposed)
	level := impact(v)
]

# with_decision picks those of some decisions
with_decision(wanted) := [v |
	some v in decided
	v.decision in wanted
]

# label names one vulnerability for a sentence
label(v) := sprintf("%s (%s)", [v.id, v.source])

# labels are the first of them, in order
labels(list) := array.slice(sort([label(v) | some v in list]), 0, 5)

# counts says how many of all vulnerabilities came to each decision
counts := {name: count(with_decision({name})) | some name in names}

# evidence is what an administrator needs to follow the decisions on a list: the most urgent of it, how all of the host's came out
# and why some were deferred, and the rows of the table that were read
evidence(list) := {
	"found": found,
	"more": count(list) - count(found),
	"decided": counts,
	"deferred_because": {why: n |
		some why in {v.because | some v in decided; v.decision == "defer"}
		n := count([v | some v in decided; v.decision == "defer"; v.because == why])
	},
	"table": [printed(r) | some r in {object.remove(v.row, ["impact"]) | some v in found}],
} if {
	found := [shown(line[4]) | some line in array.slice(sort([ordered(v) | some v in list]), 0, 25)]
}

# ordered puts a vulnerability behind what it is sorted by: the most urgent first
ordered(v) := [ranks[v.decision], less(v.row.exploitation), 1 - object.get(v, "epss", 0), v.id, v]

ranks := {"immediate": 0, "out_of_cycle": 1, "scheduled": 2, "defer": 3}

less(exploited) := {"active": 0, "poc": 1, "none": 2}[exploited]

# shown is one vulnerability as evidence: what is known of attackers, what was seen of its use, and the row they lead to
shown(v) := object.union(
	{
		"id": v.id,
		"package": sprintf("%s %s", [v.source, v.version]),
		"fixed": object.get(v, "fixed", ""),
		"decision": v.decision,
		"because": v.because,
		"use": v.use,
		"programs": array.slice(object.get(v, "programs", []), 0, 3),
		"row": v.row,
	},
	{key: v[key] | some key in ["exploited", "ransomware", "epss", "score", "fixed_days"]; v[key]},
)

# printed is one row of the table: what each impact makes of it
printed(row) := object.union(row, {impact: names[substring(table[row.exploitation][row.exposure][row.automatable], i, 1)] |
	some i, impact in impacts
})

# fresh when what is known of this release is not older than the control allows
fresh(days) if input.vulnerabilities.index.age_days <= days

exploitation(v) := "active" if {
	v.exploited
} else := "poc" if {
	v.epss >= 0.1
} else := "none"

exposure(v) := v.exposure if {
	v.exposure in {"controlled", "open"}
} else := "controlled" if {
	v.use == "unknown"
} else := "small"

# automation says whether attacks can be automated: by the vector, or because nobody gave one
automation(_, "small") := "no"

automation(v, exposed) := "yes" if {
	exposed != "small"
	v.automatable
} else := "yes" if {
	exposed != "small"
	object.get(v, "score", 0) == 0
} else := "no" if {
	exposed != "small"
}

impact(v) := 0 if {
	v.unimportant
} else := min([3, base + 1]) if {
	v.root
} else := max([0, base - 1]) if {
	unused(v)
} else := base

base := [i | some i, name in impacts; name == data.params.vulnerabilities.act_now.impact][0]

unused(v) if {
	v.use == "unseen"
	input.vulnerabilities.observed_days >= 7
}

# because says in one word what weighed most
because(v, exploited, exposed) := "exploited" if {
	exploited == "active"
} else := "unimportant" if {
	v.unimportant
} else := "unused" if {
	v.use == "unseen"
} else := "predicted" if {
	exploited == "poc"
} else := "use_unknown" if {
	v.use == "unknown"
} else := "reachable" if {
	exposed != "small"
} else := "root" if {
	v.root
} else := "local"
