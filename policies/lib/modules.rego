# METADATA
# title: Kernel modules that must not be loadable
# description: >-
#   A module is closed when it is not on disk, or when modprobe.d gives it an install line that runs true or false, or a
#   blacklist line, which stops loading on demand.
package lib.modules

disabled(module) if {
	command := split(trim_space(input.kernel.modprobe.install[module]), " ")[0]
	regex.match(`/(true|false)$`, command)
}

disabled(module) if module in input.kernel.modprobe.blacklisted

persisted(asked) := {"verdict": "fail", "reason": "loadable", "params": {"found": open}, "evidence": {"modules": open}} if {
	open := [module | some module in asked; module in input.kernel.modprobe.available; not disabled(module)]
	count(open) > 0
} else := {"verdict": "pass", "reason": "closed", "params": {"modules": asked}} if {
	input.kernel.modprobe.available
} else := {"verdict": "pass", "reason": "closed", "params": {"modules": asked}} if {
	every module in asked {
		disabled(module)
	}
}

live(asked) := {"verdict": "fail", "reason": "loaded", "params": {"found": loaded}, "evidence": {"modules": loaded}} if {
	loaded := [module.name | some module in input.kernel.modules; module.name in asked]
	count(loaded) > 0
} else := {"verdict": "pass", "reason": "not_loaded", "params": {"modules": asked}} if {
	input.kernel.modules
}
