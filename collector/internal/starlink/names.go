package starlink

import "google.golang.org/protobuf/encoding/protowire"

// Overage is the restriction of a link whose paid data are used up; DataOverage the disablement for the same reason.
const (
	Overage     = "overage"
	DataOverage = "data_overage"
)

var updateStates = map[uint64]string{
	1: "idle", 2: "fetching", 3: "pre_check", 4: "writing", 5: "post_check", 6: "reboot_required", 7: "disabled", 8: "faulted",
}

var outageCauses = map[uint64]string{
	1: "booting", 2: "stowed", 3: "thermal_shutdown", 4: "no_schedule", 5: "no_satellites", 6: "obstructed", 7: "no_downlink", 8: "no_pings",
	9: "actuator_activity", 10: "cable_test", 11: "sleeping", 13: "sky_search", 14: "inhibit_rf",
}

var disablements = map[uint64]string{
	1: "okay", 2: "no_active_account", 3: "too_far_from_service_address", 4: "in_ocean", 5: "invalid_country", 6: "blocked_country",
	7: DataOverage, 8: "cell_disabled", 10: "roam_restricted", 11: "unknown_location", 12: "account_disabled",
	13: "unsupported_version", 14: "moving_too_fast", 15: "aviation_limits", 16: "blocked_area",
}

var restrictions = map[uint64]string{1: "no_limit", 2: "policy", 3: "user_custom", 5: Overage, 6: "low_speed_policy"}

var statusAlerts = map[protowire.Number]string{
	1: "motors_stuck", 2: "thermal_shutdown", 3: "thermal_throttle", 4: "unexpected_location", 5: "mast_not_vertical", 6: "slow_ethernet",
	7: "roaming", 8: "install_pending", 9: "heating", 10: "power_supply_throttle", 11: "power_save_idle", 14: "telemetry_stale",
	16: "low_motor_current", 17: "lower_signal", 18: "slow_ethernet_100", 19: "obstruction_map_reset", 20: "dish_water", 21: "router_water",
	22: "router_port_slow", 23: "no_ethernet",
}

var diagnosticAlerts = map[protowire.Number]string{
	1: "heating", 2: "thermal_throttle", 3: "thermal_shutdown", 4: "power_supply_throttle", 5: "motors_stuck", 6: "mast_not_vertical",
	7: "slow_ethernet", 8: "install_pending", 9: "moving_too_fast", 10: "obstructed",
}
