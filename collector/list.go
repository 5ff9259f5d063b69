package collector

import "github.com/vymir-project/vymir/collector/internal/host"

// all is the explicit list of families in the order they are measured: those of the host itself first, then those of
// the packages beside it, which may read what was measured before them.
func all() []host.Family {
	return host.All()
}
