package baseline.kernel.processor_flaws_test

import data.baseline.kernel.processor_flaws

test_success_mitigated if {
	processor_flaws.live.verdict == "pass" with input.kernel.cpu_vulnerabilities as {"meltdown": "Not affected", "spectre_v2": "Mitigation: Retpolines"}
}

test_fail_vulnerable if {
	processor_flaws.live.params.found == ["mds (Vulnerable: no microcode)"] with input.kernel.cpu_vulnerabilities as {"mds": "Vulnerable: no microcode"}
}

test_unmeasured_live if {
	not processor_flaws.live with input as {"families": {}}
	not processor_flaws.live with input.kernel.cpu_vulnerabilities as {}
}
