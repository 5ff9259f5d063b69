// Package packetfilter holds packet filter rule sets in one form, whether they come from the kernel (nftables, legacy
// iptables) or from files (nft scripts, iptables-save), and works out what happens to a packet that nothing names.
//
// The evaluation never guesses. A condition that narrows a rule to some senders or interfaces leaves the fate of the
// others as it is; a condition that is not understood makes the outcome undecided if it could change it.
package packetfilter

// Limits of one rule set.
const (
	maxRules = 100_000
	maxSteps = 400_000 // rules looked at in one evaluation
	maxDepth = 32      // jumps, as the kernel allows 16
)

// Ruleset is all tables.
type Ruleset struct {
	Tables    []*Table
	SetsMarks bool // some rule sets packet marks: conditions on them are not known
}

// Table is one table.
type Table struct {
	Backend string // nftables or iptables-legacy
	Family  string // ip, ip6, inet, arp, bridge, netdev
	Name    string
	Chains  []*Chain
	byName  map[string]*Chain
}

// Chain is one chain; Hook is empty for one that is only jumped to.
type Chain struct {
	Name     string
	Hook     string // input, forward, output, prerouting, postrouting, ingress
	Type     string // filter, nat or route
	Priority int
	Policy   string // accept or drop
	Rules    []Rule
}

// Rule is one rule: all conditions must hold.
type Rule struct {
	Conds   []Cond
	Exceeds bool // holds for what exceeds a rate, which a packet by itself does not
	Verdict Verdict
	Map     *Map // a verdict chosen by a value; Verdict is then empty
}

// Verdict is what a rule does. Kind is "" (nothing), accept, drop, reject, jump, goto, return or unknown.
type Verdict struct {
	Kind  string
	Chain string // of jump and goto
}

// Key names what a condition looks at.
type Key string

// Keys the evaluation understands. Anything else is unknown.
const (
	L4Proto  Key = "l4proto"
	NFProto  Key = "nfproto" // 2: IPv4, 10: IPv6
	DPort    Key = "dport"
	SPort    Key = "sport"
	SAddr    Key = "saddr"
	DAddr    Key = "daddr"
	IIf      Key = "iif"
	OIf      Key = "oif"
	CtState  Key = "ctstate"  // bits: 1 invalid, 2 established, 4 related, 8 new, 64 untracked
	CtStatus Key = "ctstatus" // seen_reply, dnat and so on, and extension headers: what no plain first packet has
	Mark     Key = "mark"     // 0 after Mask, unless a rule sets marks
	TCPFlags Key = "tcpflags" // value, after Mask
	PktType  Key = "pkttype"  // 0: to this host
	FibType  Key = "fib"      // type of the destination address; 2: local
	ICMP     Key = "icmp"     // any condition on ICMP
	Sender   Key = "sender"   // narrows to some senders, in whatever way
	Unknown  Key = ""
)

// Connection states.
const (
	CtInvalid, CtEstablished, CtRelated, CtNew, CtUntracked = 1, 2, 4, 8, 64
)

// Range is an inclusive range of numbers.
type Range struct{ Lo, Hi uint32 }

// AddrClass sums up a list of addresses.
type AddrClass int

// Classes of addresses.
const (
	AddrSome      AddrClass = iota // some unicast addresses
	AddrAll                        // every address
	AddrMulticast                  // multicast or broadcast only
	AddrLoopback                   // loopback only
)

// Cond is one condition.
type Cond struct {
	Key    Key
	Not    bool
	Ranges []Range
	Names  []string // interfaces; a trailing * stands for anything
	Mask   uint32   // of TCPFlags and Mark
	Addr   AddrClass
}

// Map chooses a verdict by the value of a key; without an entry for it the rule does nothing.
type Map struct {
	Key     Key
	Entries []MapEntry
}

// MapEntry is one value, or range of values, with its verdict.
type MapEntry struct {
	Cond    Cond // Key as the map's
	Verdict Verdict
}

// Chain returns the chain of a name; nil when there is none.
func (t *Table) Chain(name string) *Chain {
	if t.byName == nil || len(t.byName) != len(t.Chains) {
		t.byName = map[string]*Chain{}
		for _, c := range t.Chains {
			t.byName[c.Name] = c
		}
	}
	return t.byName[name]
}

// Empty says whether no base chain filters anything: no rule stands in one and no policy drops.
func (r *Ruleset) Empty() bool {
	for _, t := range r.Tables {
		for _, c := range t.Chains {
			if c.Hook != "" && (len(c.Rules) > 0 || c.Policy == "drop") {
				return false
			}
		}
	}
	return true
}
