# METADATA
# title: Reading sshd's effective configuration
# description: >-
#   A configuration is input.sshd.persisted or input.sshd.live. Its global settings hold for everyone, the settings of a Match
#   block for whom the block names; a control looks at both.
package lib.sshd

# nobody can log in at this moment, because no server runs
stopped if input.sshd.running == false

# every place that sets key: the global one, and each Match block
places(config, key) := array.concat(
	[{"where": where(config, key), "values": config.settings[key], "criteria": ""} | config.settings[key]],
	[{"where": sprintf("%s (Match %s)", [block.source, block.criteria]), "values": block.settings[key], "criteria": block.criteria} |
		some block in config.matches
		block.settings[key]
	],
)

where(config, key) := object.get(config, ["sources", key], "default")

# the first value of a setting, lower case
value(config, key) := lower(config.settings[key][0])

# whether a Match block can hold for a user: it names no user, or one of its patterns fits and none excludes
can_match_user(criteria, _) if not names_users(criteria)

can_match_user(criteria, user) if {
	list := users(criteria)
	some pattern in list
	glob.match(pattern, [], user)
	count([p | some p in list; startswith(p, "!"); glob.match(trim_prefix(p, "!"), [], user)]) == 0
}

names_users(criteria) if users(criteria)

# the patterns after the word "user"; sshd writes criteria as "user a,b host c", or "user=a,b"
users(criteria) := split(words[i + 1], ",") if {
	words := regex.split(`[\s=]+`, trim_space(criteria))
	lower(words[i]) == "user"
}
