package starlink

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// shared is the address space of carriers' NAT, which Starlink gives a host that stands at the dish itself.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// leadsToDish reports whether a packet to the dish's usual address can be meant for a dish, by how this host would send it.
//
// The dish is not on the subnet of those who use it: Starlink's router, or the host that stands in its place, reaches it beside the
// way to the internet, and everybody else reaches it through that router, which is their default route. So the default route is no
// ground to refuse. What is: an address of our own that is a public one, for then the provider's network begins at this host's cable, and
// a tunnel, at whose other end another site is. What remains goes at most three hops far. An administrator who knows better names the
// address in the configuration, and then none of this is looked at.
func leadsToDish(dish netip.AddrPort) error {
	c, err := net.Dial("udp", dish.String()) // nothing is sent by it
	if err != nil {
		if errors.Is(err, unix.ENETUNREACH) || errors.Is(err, unix.EHOSTUNREACH) {
			return fmt.Errorf("%w: no route", ErrNone)
		}
		return fmt.Errorf("look for the way to the dish: %w", plain(err))
	}
	defer c.Close()
	return suits(c.LocalAddr(), interfaceOf(c.LocalAddr()))
}

// suits judges the way that begins at our address on an interface.
func suits(local net.Addr, i *net.Interface) error {
	own, err := netip.ParseAddrPort(local.String())
	if err != nil || i == nil {
		return fmt.Errorf("%w: the way there begins at no interface", ErrNotAsked)
	}
	a := own.Addr().Unmap()
	switch {
	case i.Flags&net.FlagPointToPoint != 0:
		return fmt.Errorf("%w: the way there leads through %s, a tunnel", ErrNotAsked, i.Name)
	case !a.IsPrivate() && !a.IsLinkLocalUnicast() && !shared.Contains(a):
		return fmt.Errorf("%w: the way there leads through %s, which has a public address; name the dish in the configuration if there is one", ErrNotAsked, i.Name)
	}
	return nil
}

// Towards gives the interface by which an address (host:port) would be reached; nil: there is none, or it is not known. Nothing is sent.
func Towards(address string) *net.Interface {
	c, err := net.Dial("udp", address)
	if err != nil {
		return nil
	}
	defer c.Close()
	return interfaceOf(c.LocalAddr())
}

// interfaceOf finds the interface that has our address.
func interfaceOf(local net.Addr) *net.Interface {
	own, err := netip.ParseAddrPort(local.String())
	if err != nil {
		return nil
	}
	all, err := net.Interfaces()
	if err != nil {
		return nil
	}
	for n := range all {
		addrs, err := all[n].Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if ip, ok := a.(*net.IPNet); ok && ip.IP.Equal(own.Addr().AsSlice()) {
				return &all[n]
			}
		}
	}
	return nil
}
