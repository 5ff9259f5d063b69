package collector

import (
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

// countPeers notes on each listening TCP socket how many peers off the host the probes saw it accept. A table of the
// probes that was full, or a connection whose peer found no room, leaves the number unknown.
func countPeers(doc *facts.Document) {
	if doc.Sockets == nil || doc.Runtime == nil || doc.Runtime.Truncated || doc.Runtime.Connections == nil {
		return
	}
	peers := map[uint16]map[string]bool{}
	unknown := map[uint16]bool{}
	for _, c := range doc.Runtime.Connections {
		switch {
		case c.Direction != "in" || c.PeerClass == "loopback":
		case c.Peer == "":
			unknown[c.Port] = true
		default:
			if peers[c.Port] == nil {
				peers[c.Port] = map[string]bool{}
			}
			peers[c.Port][c.Peer] = true
		}
	}
	for i := range doc.Sockets.Listeners {
		l := &doc.Sockets.Listeners[i]
		if strings.HasPrefix(l.Protocol, "tcp") && !unknown[l.Port] {
			n := uint64(len(peers[l.Port]))
			l.PeersSeen = &n
		}
	}
}
