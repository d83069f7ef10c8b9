package outbound

import "net/netip"

// block is one range of addresses that are not ordinary public unicast.
type block struct {
	prefix netip.Prefix
	name   string

	// whole marks the blocks that an operator usually means as one network, so
	// that a refusal suggests the block and not the single address.
	whole bool
}

// Sources: the IANA IPv4 and IPv6 Special-Purpose Address Registries, the IPv4
// multicast and reserved space (RFC 1112), the IPv6 address space registry.
// Deliberately coarser than the registries in 192.0.0.0/24 and 2001::/23, where
// a few protocol anycast addresses are marked globally reachable: no API lives
// there. 192.31.196.0/24, 192.52.193.0/24, 192.175.48.0/24 and 2620:4f:8000::/48
// are in the registries but marked globally reachable, so they are not here.
//
// Tables rather than code.dny.dev/ssrf: it answers yes or no but not which
// block, an address with a zone cannot be allowed in it, allowing an IPv4
// network there does not cover its mapped form, and allowing NAT64 there opens
// every private IPv4 address behind the translator.
//
// More specific blocks stand before the blocks that contain them.
func blocks4() []block {
	return []block{
		{pfx("0.0.0.0/8"), "this network", false},
		{pfx("10.0.0.0/8"), "private network", true},
		{pfx("100.64.0.0/10"), "shared address space", true},
		{pfx("127.0.0.0/8"), "loopback", true},
		{pfx("169.254.0.0/16"), "link-local", false},
		{pfx("172.16.0.0/12"), "private network", true},
		{pfx("192.0.0.0/24"), "IETF protocol assignments", false},
		{pfx("192.0.2.0/24"), "documentation", false},
		{pfx("192.88.99.0/24"), "6to4 relay", false},
		{pfx("192.168.0.0/16"), "private network", true},
		{pfx("198.18.0.0/15"), "benchmarking", false},
		{pfx("198.51.100.0/24"), "documentation", false},
		{pfx("203.0.113.0/24"), "documentation", false},
		{pfx("224.0.0.0/4"), "multicast", false},
		{pfx("255.255.255.255/32"), "broadcast", false},
		{pfx("240.0.0.0/4"), "reserved", false},
	}
}

func blocks6() []block {
	return []block{
		{pfx("::/128"), "unspecified", false},
		{pfx("::1/128"), "loopback", false},
		{pfx("::ffff:0:0/96"), "IPv4 mapped into IPv6", false},
		{pfx("::ffff:0:0:0/96"), "IPv4 translated into IPv6", false},
		{pfx("::/96"), "IPv4-compatible IPv6", false},
		{pfx("64:ff9b::/96"), "NAT64", false},
		{pfx("64:ff9b:1::/48"), "local NAT64", false},
		{pfx("100::/64"), "discard-only", false},
		{pfx("100:0:0:1::/64"), "dummy prefix", false},
		{pfx("2001::/32"), "Teredo", false},
		{pfx("2001:2::/48"), "benchmarking", false},
		{pfx("2001:10::/28"), "ORCHID", false},
		{pfx("2001::/23"), "IETF protocol assignments", false},
		{pfx("2001:db8::/32"), "documentation", false},
		{pfx("2002::/16"), "6to4", false},
		{pfx("3fff::/20"), "documentation", false},
		{pfx("5f00::/16"), "segment routing", false},
		{pfx("fc00::/7"), "private network", true},
		{pfx("fe80::/10"), "link-local", false},
		{pfx("fec0::/10"), "site-local", false},
		{pfx("ff00::/8"), "multicast", false},
		// What is left outside 2000::/3 is not handed out to anyone.
		{pfx("::/3"), "reserved", false},
		{pfx("4000::/2"), "reserved", false},
		{pfx("8000::/1"), "reserved", false},
	}
}

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// The tables, and the blocks whose addresses carry an IPv4 address that the
// network may deliver to. Never written to.
var (
	special4 = blocks4()
	special6 = blocks6()

	nat64  = pfx("64:ff9b::/96")
	sixTo4 = pfx("2002::/16")
	teredo = pfx("2001::/32")
)
