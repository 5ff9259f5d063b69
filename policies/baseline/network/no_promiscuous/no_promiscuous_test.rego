package baseline.network.no_promiscuous_test

import data.baseline.network.no_promiscuous

links(list) := {"interfaces": array.concat([{"name": "lo", "up": true, "loopback": true}], list)}

test_success_none if {
	no_promiscuous.live.verdict == "pass" with input.network as links([{"name": "eth0", "up": true}])
	no_promiscuous.live.verdict == "pass" with input.network as links([{"name": "veth1", "promiscuous": true, "upper": ["docker0"]}])
	no_promiscuous.live.verdict == "pass" with input.network as links([{"name": "mon0", "promiscuous": true}])
		with data.params.network.no_promiscuous.sensors as ["mon0"]
}

test_fail_listens if {
	no_promiscuous.live.params.names == ["eth0"] with input.network as links([{"name": "eth0", "promiscuous": true}])
}

test_unmeasured_live if {
	not no_promiscuous.live with input as {"families": {}}
	not no_promiscuous.live with input.network as {"interfaces": []}
}
