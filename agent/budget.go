package agent

import (
	"time"

	"github.com/vymir-project/vymir/agent/internal/identity"
	"github.com/vymir-project/vymir/agent/internal/metered"
	"github.com/vymir-project/vymir/agent/internal/uplink"
)

// byConfiguration is who calls a link metered when the administrator does.
const byConfiguration = "configuration"

// meteredBy says who calls the link to the server metered; empty: nobody does.
func meteredBy(c Config) string {
	switch c.Uplink.Metered {
	case "yes":
		return byConfiguration
	case "no":
		return ""
	}
	id, err := identity.Load(c.StateDir)
	if err != nil {
		return ""
	}
	return metered.Link(id.Server, costlyDish(c, time.Now()))
}

// budget is what may go over the link this host is on now.
func budget(c Config) uplink.Budget {
	s := uplink.LoadState(c.StateDir)
	return s.BudgetOf(s.BestNow(time.Now(), nil), meteredBy(c), c.Uplink.MonthlyBytes, c.Uplink.MeteredBytes)
}

// stretched is the distance of check-ins that a budget leaves of the wanted one.
func stretched(c Config, b uplink.Budget, wanted time.Duration) time.Duration {
	if b.Metered != "" {
		wanted = max(wanted, time.Duration(c.Uplink.MeteredInterval))
	}
	return b.Interval(wanted)
}
