package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/vymir-project/vymir/agent/internal/pack"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/collector/banned"
)

// DefaultBanned is where the administrator puts the signed list of forbidden software.
const DefaultBanned = "/etc/vymir/banned.pack"

// openBanned reads the official list of forbidden software that this host was given, by the keys its policy bundles are verified by.
// Without a list the reason says so.
func openBanned(c Config) (l *banned.List, reason string) {
	f, err := os.Open(c.Banned)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "no list of forbidden software was given"
	}
	if err != nil {
		return nil, err.Error()
	}
	defer f.Close()
	keys, _, err := trustedKeys(c, pack.Open(c.StateDir, wire.KindBundle))
	if err != nil {
		return nil, fmt.Sprintf("%s: %v", c.Banned, err)
	}
	if l, err = banned.Read(f, keys...); err != nil {
		return nil, fmt.Sprintf("%s: %v", c.Banned, err)
	}
	return l, ""
}
