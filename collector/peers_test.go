package collector

import (
	"testing"

	"github.com/vymir-project/vymir/collector/facts"
)

func TestCountPeers(t *testing.T) {
	doc := &facts.Document{
		Sockets: &facts.Sockets{Listeners: []facts.Listener{
			{Protocol: "tcp", Port: 22}, {Protocol: "tcp6", Port: 80}, {Protocol: "udp", Port: 53}, {Protocol: "tcp", Port: 443}, {Protocol: "tcp", Port: 40000},
		}},
		Runtime: &facts.Runtime{Connections: []facts.Connection{
			{Direction: "in", Peer: "192.0.2.1", PeerClass: "public", Port: 22, Count: 9}, {Direction: "in", Peer: "192.0.2.2", PeerClass: "public", Port: 22},
			{Direction: "in", Peer: "192.0.2.2", PeerClass: "public", Port: 22, UID: 7}, {Direction: "in", Peer: "127.0.0.1", PeerClass: "loopback", Port: 22},
			{Direction: "out", Peer: "192.0.2.3", PeerClass: "public", Port: 22}, {Direction: "in", PeerClass: "public", Port: 80}, {Direction: "in", PeerClass: "public", Port: 0},
		}},
	}
	countPeers(doc)
	got := doc.Sockets.Listeners
	if got[0].PeersSeen == nil || *got[0].PeersSeen != 2 || got[1].PeersSeen == nil || *got[1].PeersSeen != 1 || got[4].PeersSeen != nil || got[2].PeersSeen != nil || *got[3].PeersSeen != 0 {
		t.Errorf("listeners = %+v", got)
	}
	doc.Runtime.Truncated = true
	doc.Sockets.Listeners[0].PeersSeen = nil
	if countPeers(doc); doc.Sockets.Listeners[0].PeersSeen != nil {
		t.Error("a full table counts peers")
	}
}
