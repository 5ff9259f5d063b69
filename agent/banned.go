package agent

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/vymir-project/vymir/agent/internal/pack"
	"github.com/vymir-project/vymir/agent/wire"
	"github.com/vymir-project/vymir/collector/banned"
)

// DefaultBanned is where the administrator puts the signed list of forbidden software.
const DefaultBanned = "/etc/vymir/banned.pack"

// noList is why forbidden software is unmeasured on a host that was never given a list.
const noList = "no list of forbidden software was given"

// noIndex is why vulnerabilities are unmeasured on a host that was never given an index.
const noIndex = "no vulnerability index of this release has come yet"

// takeBanned puts a list of forbidden software that just came in force, if it is good, and gives the newer of that and the administrator's
// file. reason says why there is none, problem what is wrong with one that was not taken; "": nothing.
func takeBanned(c Config) (l *banned.List, reason, problem string) {
	held := pack.Open(c.StateDir, wire.KindBanned)
	if data, err := held.Next(); err == nil {
		if err := tryBanned(c, held, data); err != nil {
			problem = fmt.Sprintf("list of forbidden software refused: %v", err)
		}
	}
	l, reason = BannedList(c)
	return l, reason, problem
}

// tryBanned verifies a list and decides whether it may replace the one that came before it.
func tryBanned(c Config, held pack.Kind, data []byte) error {
	keys, anchor, err := trustedKeys(c, pack.Open(c.StateDir, wire.KindBundle))
	if err != nil {
		return err // it waits until there is a key
	}
	digest := sha256.Sum256(data)
	found := pack.Artefact{Name: "list", Digest: digest[:], At: time.Now().UTC()}
	l, err := banned.Open(data, keys...)
	if err == nil {
		found.Revision = l.Revision
		current, _ := sentList(c)
		if f := held.State().InForce; current == nil && f != nil { // its file is gone or its key: what it was still counts
			current = &banned.List{Revision: f.Revision}
		}
		err = banned.Accept(current, l)
	}
	if err != nil {
		found.Why = err.Error()
		return errors.Join(err, held.Refuse(found))
	}
	return held.Take(found, signedBy(anchor, keys))
}

// BannedList gives the official list of forbidden software that the daemon compares with, verified again by the keys policy bundles are
// verified by: the newer of what the server sent and the file its administrator put. Without a list the reason says so.
func BannedList(c Config) (l *banned.List, reason string) {
	sent, noSent := sentList(c)
	given, noGiven := givenList(c)
	l = banned.Newer(sent, given)
	switch {
	case l != nil:
		return l, ""
	case noGiven != noList:
		return nil, noGiven
	}
	return nil, noSent
}

// sentList reads the list that the server sent.
func sentList(c Config) (l *banned.List, reason string) {
	held := pack.Open(c.StateDir, wire.KindBanned)
	data, err := inForce(held)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noList
	}
	if err == nil {
		l, err = openList(c, data)
	}
	if err != nil {
		return nil, "the list of forbidden software cannot be used: " + err.Error()
	}
	return l, ""
}

// givenList reads the file of the administrator.
func givenList(c Config) (l *banned.List, reason string) {
	f, err := os.Open(c.Banned)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noList
	}
	if err != nil {
		return nil, err.Error()
	}
	defer f.Close()
	keys, _, err := trustedKeys(c, pack.Open(c.StateDir, wire.KindBundle))
	if err == nil {
		l, err = banned.Read(f, keys...)
	}
	if err != nil {
		return nil, fmt.Sprintf("%s: %v", c.Banned, err)
	}
	return l, ""
}

func openList(c Config, data []byte) (*banned.List, error) {
	keys, _, err := trustedKeys(c, pack.Open(c.StateDir, wire.KindBundle))
	if err != nil {
		return nil, err
	}
	return banned.Open(data, keys...)
}
