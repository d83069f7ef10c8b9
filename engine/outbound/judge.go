package outbound

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Denied reports whether calls to a are refused, and the special block that
// holds it, such as "10.0.0.0/8" (the empty string where it is in none).
//
// An address is denied when it is in a special block and no prefix of allow
// contains it. An IPv4 address mapped into IPv6 is allowed by an IPv4 prefix. A
// NAT64, 6to4 or Teredo address needs the IPv6 prefix allowed and, besides, an
// IPv4 address inside that is not itself denied: allowing NAT64 does not open
// the private networks behind the translator. In 64:ff9b:1::/48 the place of
// the IPv4 address is the operator's choice, so the allowed prefix alone
// decides. A zone plays no part. The zero Addr is denied.
func Denied(a netip.Addr, allow []netip.Prefix) (block string, denied bool) {
	v := judge(a, allow)
	return v.block, v.denied
}

// verdict is what judge found out about one address.
type verdict struct {
	denied bool
	block  string // prefix of the special block, "" if none
	name   string // what the block is for
	flag   string // value of --allow-network that would allow it
}

func judge(a netip.Addr, allow []netip.Prefix) verdict {
	if !a.IsValid() {
		return verdict{denied: true, name: "not an address"}
	}
	a = a.WithZone("") // Prefix.Contains never matches an address with a zone
	table := special4
	if a.Is6() {
		table = special6
	}
	i := slices.IndexFunc(table, func(b block) bool { return b.prefix.Contains(a) })
	if i < 0 {
		return verdict{}
	}
	b := table[i]
	v := verdict{denied: true, block: b.prefix.String(), name: b.name, flag: a.Unmap().String()}
	if b.whole {
		v.flag = v.block
	}
	if !slices.ContainsFunc(allow, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) }) {
		return v
	}
	if inner, ok := embedded(a); ok {
		if in := judge(inner, allow); in.denied {
			in.block = v.block
			in.name = fmt.Sprintf("%s, holding %s: %s", v.name, inner, in.name)
			return in
		}
	}
	v.denied = false
	return v
}

// embedded is the IPv4 address that a translator or relay would deliver to.
func embedded(a netip.Addr) (netip.Addr, bool) {
	b := a.As16()
	switch {
	case a.Is4() || a.Is4In6():
		return netip.Addr{}, false
	case nat64.Contains(a): // RFC 6052: the last 32 bits
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixTo4.Contains(a): // RFC 3056: the 32 bits after 2002
		return netip.AddrFrom4([4]byte(b[2:6])), true
	case teredo.Contains(a): // RFC 4380: the last 32 bits, inverted
		return netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}), true
	}
	return netip.Addr{}, false
}

// Refused is the guard's no to one address. No packet was sent to it.
type Refused struct {
	Host  string     // as the URL has it, without the port
	Addr  netip.Addr // the address that would have been dialled
	Block string     // the special block, such as "10.0.0.0/8"
	Name  string     // what the block is for, such as "private network"
	Flag  string     // value of --allow-network that would allow the call; may be ""
}

func refuse(host string, a netip.Addr, v verdict) *Refused {
	return &Refused{Host: host, Addr: a, Block: v.block, Name: v.name, Flag: v.flag}
}

func (e *Refused) Error() string {
	var b strings.Builder
	b.WriteString("call to " + EscapeLog(e.Host, 260) + " refused: ")
	if e.Addr.String() != strings.Trim(e.Host, "[]") {
		b.WriteString("its address " + e.Addr.String() + " ")
	} else {
		b.WriteString("the address ")
	}
	if e.Block != "" {
		fmt.Fprintf(&b, "is in %s (%s)", e.Block, e.Name)
	} else {
		b.WriteString("cannot be judged")
	}
	if e.Flag != "" {
		b.WriteString("; if the runner may call it, start it with --allow-network " + e.Flag)
	}
	return b.String()
}
