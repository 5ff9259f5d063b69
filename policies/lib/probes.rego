# METADATA
# title: What the probes can vouch for
# description: >-
#   Something seen is a fact, whoever saw it. That nothing was seen can be said only where the hook has proven itself by its
#   canary and no table was full.
package lib.probes

# the hook that sees this kind of event has shown that it works
proven(event) if {
	some hook in input.runtime.hooks
	hook.event == event
	hook.state == "proven"
}

# nothing of this kind is missing from the list
whole(event, list) if {
	proven(event)
	is_array(list)
	not input.runtime.truncated
}

# events of one kind
# who ran what below whom, from where and with whose rights; poorer kinds of hooks tell names only, or see what lasts
whole_exec(list) if {
	whole("exec", list)
	some hook in input.runtime.hooks
	hook.event == "exec"
	object.get(hook, "kind", "tp_btf") in {"tp_btf", "raw_tp"}
}

events(kind) := [e | some e in input.runtime.events; e.kind == kind]

# whether a name is among patterns such as "vnc*"
named(name, patterns) if {
	some pattern in patterns
	glob.match(pattern, null, name)
}

# what happened, and who did it where the kernel said: "dccp (insmod ← bash)"
told(event) := sprintf("%s (%s ← %s)", [event.detail, base(event.program), event.parent]) if {
	event.program != ""
	event.parent != ""
} else := sprintf("%s (%s)", [event.detail, base(event.program)]) if {
	event.program != ""
} else := event.detail

# the last part of a path
base(path) := parts[count(parts) - 1] if parts := split(path, "/")

# whether a time is at most so many days before the judging
recent(at, days) if {
	now := time.parse_rfc3339_ns(data.clock.now)
	now - time.parse_rfc3339_ns(at) <= ((days * 24) * 3600) * 1000000000
}

# what was said and by whom: "ftp: curl → 192.0.2.1:21", "ftp: 192.0.2.1 → 21 (vsftpd)"
talks(spoken) := {talk(s) | some s in spoken}

talk(s) := sprintf("%s: %s → %s:%d", [s.protocol, object.get(s, "program", "?"), object.get(s, "peer", "?"), s.port]) if {
	s.direction == "out"
} else := sprintf("%s: %s → %d (%s)", [s.protocol, object.get(s, "peer", "?"), s.port, object.get(s, "program", "?")])
