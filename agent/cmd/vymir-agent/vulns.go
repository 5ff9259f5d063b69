package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/vymir-project/vymir/collector/vulnindex"
)

// vulnsFlags name a vulnerability index, a list of forbidden software, and the key both must be signed with.
type vulnsFlags struct{ file, banned, key string }

func (f *vulnsFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.file, "vulns", "", "match the packages against this signed vulnerability index of the host's release")
	c.Flags().StringVar(&f.banned, "banned", "", "look for the software of this signed list of what must not be used")
}

// openVulns opens the index that was named; without one the reason says so.
func (p *program) openVulns(f vulnsFlags) (index *vulnindex.Index, reason string, err error) {
	if f.file == "" {
		return nil, "no vulnerability index was given", nil
	}
	key, err := p.readKey(f.key)
	if err != nil {
		return nil, "", err
	}
	in, err := os.Open(f.file)
	if err != nil {
		return nil, "", fmt.Errorf("read vulnerability index: %w", err)
	}
	defer in.Close()
	index, err = vulnindex.Read(in, key)
	if err != nil {
		return nil, "", told{p.text("error.vulns", f.file, err)}
	}
	return index, "", nil
}
