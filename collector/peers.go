package collector

import (
	"strings"

	"github.com/vymir-project/vymir/collector/facts"
)

// firstRandomPort is the lowest of the ports that the probes count as one when there is no room for each.
const firstRandomPort = 32768

// countPeers notes on each listening TCP socket how many peers off the host the probes saw it accept. Those that were counted
// together are one more: the number then says at least. A table of the probes that was full leaves it unknown.
func countPeers(doc *facts.Document) {
	if doc.Sockets == nil || doc.Runtime == nil || doc.Runtime.Truncated || doc.Runtime.Connections == nil {
		return
	}
	peers := map[uint16]map[string]bool{}
	unknown := false // some came to a port that is not told
	for _, c := range doc.Runtime.Connections {
		switch {
		case c.Direction != "in" || c.PeerClass == "loopback":
		case c.Port == 0:
			unknown = true
		default:
			if peers[c.Port] == nil {
				peers[c.Port] = map[string]bool{}
			}
			peers[c.Port][c.Peer] = true
		}
	}
	for i := range doc.Sockets.Listeners {
		l := &doc.Sockets.Listeners[i]
		if strings.HasPrefix(l.Protocol, "tcp") && !(unknown && l.Port >= firstRandomPort) {
			n := uint64(len(peers[l.Port]))
			l.PeersSeen = &n
		}
	}
}
