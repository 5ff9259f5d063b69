//go:build thin

package agent

import (
	"context"

	"github.com/vymir-project/vymir/collector/vulnindex"
)

// takeVulns takes none: this build fetches nothing.
func takeVulns(context.Context, Config) (index *vulnindex.Index, reason, problem string) {
	index, reason = VulnerabilityIndex(Config{})
	return index, reason, ""
}

// VulnerabilityIndex gives none.
func VulnerabilityIndex(Config) (index *vulnindex.Index, reason string) {
	return nil, "this build fetches no vulnerability index"
}
