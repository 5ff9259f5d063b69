# METADATA
# title: The wireless networks a router offers
# description: Networks the host joins itself, and those that are switched off, are left out.
package lib.wifi

access_points := [network |
	some network in input.network.wifi
	network.mode == "ap"
	object.get(network, "disabled", false) == false
]

# whether controls of access points concern the host; undefined while its networks are not known
applies := false if {
	input.families.openwrt.state == "not_applicable"
} else := count(access_points) > 0 if {
	is_array(input.network.wifi)
}
