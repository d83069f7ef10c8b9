package outbound

import (
	"net/netip"
	"strings"
	"testing"

	"code.dny.dev/ssrf"
	"pgregory.net/rapid"
)

// s2Blocks is written from the IANA registries, apart from the table of the
// code: the block, and whether the addresses just before and just after it are
// denied as well.
var s2Blocks = []struct {
	prefix        string
	before, after bool
}{
	// IPv4 special-purpose registry.
	{"0.0.0.0/8", false, false},
	{"0.0.0.0/32", false, true},
	{"10.0.0.0/8", false, false},
	{"100.64.0.0/10", false, false},
	{"127.0.0.0/8", false, false},
	{"169.254.0.0/16", false, false},
	{"172.16.0.0/12", false, false},
	{"192.0.0.0/24", false, false},
	{"192.0.0.0/29", false, true},
	{"192.0.0.8/32", true, true},
	{"192.0.0.170/32", true, true},
	{"192.0.0.171/32", true, true},
	{"192.0.2.0/24", false, false},
	{"192.88.99.0/24", false, false},
	{"192.88.99.2/32", true, true},
	{"192.168.0.0/16", false, false},
	{"198.18.0.0/15", false, false},
	{"198.51.100.0/24", false, false},
	{"203.0.113.0/24", false, false},
	{"240.0.0.0/4", true, false},
	{"255.255.255.255/32", true, false},
	// Multicast.
	{"224.0.0.0/4", false, true},
	{"224.0.0.0/24", false, true},
	{"233.252.0.0/24", true, true},
	{"239.0.0.0/8", true, true},
	// IPv6 special-purpose registry. All outside 2000::/3 is denied anyway.
	{"::/128", false, true},
	{"::1/128", true, true},
	{"::/96", false, true},
	{"::ffff:0:0/96", true, true},
	{"::ffff:0:0:0/96", true, true},
	{"64:ff9b::/96", true, true},
	{"64:ff9b:1::/48", true, true},
	{"100::/64", true, true},
	{"100:0:0:1::/64", true, true},
	{"2001::/23", false, false},
	{"2001::/32", false, true},
	{"2001:2::/48", true, true},
	{"2001:10::/28", true, true},
	{"2001:db8::/32", false, false},
	{"2002::/16", false, false},
	{"3fff::/20", false, false},
	{"5f00::/16", true, true},
	{"fc00::/7", true, true},
	{"fd00::/8", true, true},
	{"fe80::/10", true, true},
	{"fec0::/10", true, true},
	{"ff00::/8", true, false},
	// What IANA has not handed out.
	{"::/3", false, false},
	{"4000::/2", false, true},
	{"8000::/1", true, false},
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func TestS2EveryBlockAndItsNeighbours(t *testing.T) {
	check := func(p netip.Prefix, what string, a netip.Addr, want bool) {
		t.Helper()
		if !a.IsValid() { // there is none before 0.0.0.0 and after the last
			return
		}
		block, got := Denied(a, nil)
		if got != want || got != (block != "") {
			t.Errorf("%s, %s %s: denied %v by %q, want %v", p, what, a, got, block, want)
		}
		if got && !netip.MustParsePrefix(block).Contains(a) {
			t.Errorf("%s is not in %s", a, block)
		}
	}
	for _, tc := range s2Blocks {
		p := netip.MustParsePrefix(tc.prefix)
		first, last := p.Addr(), lastOf(p)
		check(p, "first", first, true)
		check(p, "last", last, true)
		check(p, "before", first.Prev(), tc.before)
		check(p, "after", last.Next(), tc.after)
	}
	// Every block of the code's table is among the blocks above.
	for _, b := range append(blocks4(), blocks6()...) {
		found := false
		for _, tc := range s2Blocks {
			found = found || tc.prefix == b.prefix.String() || netip.MustParsePrefix(tc.prefix) == b.prefix
		}
		if !found {
			t.Errorf("%s is not tested", b.prefix)
		}
	}
}

func TestS2IPv4InsideIPv6(t *testing.T) {
	for _, tc := range []struct {
		addr  string
		allow string
		want  bool // denied
	}{
		{"::ffff:10.0.0.1", "", true},
		{"::ffff:8.8.8.8", "", true},
		{"::ffff:10.0.0.1", "10.0.0.0/8", false},
		{"::ffff:10.0.0.1", "::/0", true},
		{"::10.0.0.1", "", true},
		{"::8.8.8.8", "10.0.0.0/8", true},
		{"64:ff9b::8.8.8.8", "", true},
		{"64:ff9b::8.8.8.8", "64:ff9b::/96", false},
		{"64:ff9b::10.0.0.1", "64:ff9b::/96", true},
		{"64:ff9b::169.254.169.254", "64:ff9b::/96", true},
		{"64:ff9b::10.0.0.1", "64:ff9b::/96,10.0.0.1", false},
		{"64:ff9b::10.0.0.1", "10.0.0.0/8", true},
		{"64:ff9b:1::10.0.0.1", "", true},
		{"2002:0808:0808::1", "", true},
		{"2002:0a00:0001::1", "2002::/16", true},
		{"2002:0808:0808::1", "2002::/16", false},
		{"2001:0:1:2:3:4:f5ff:fffe", "2001::/32", true}, // 10.0.0.1 inverted
		{"2001:0:1:2:3:4:f7f7:f7f7", "2001::/32", false},
		{"fe80::1%eth0", "", true},
		{"fe80::1%eth0", "fe80::/10", false},
		{"::1", "::1", false},
		{"127.0.0.1", "127.0.0.1", false},
		{"127.0.0.2", "127.0.0.1", true},
		{"8.8.8.8", "10.0.0.0/8", false},
		{"2606:4700::1111", "", false},
	} {
		allow, err := ParseAllow([]string{tc.allow})
		if err != nil {
			t.Fatal(err)
		}
		if block, got := Denied(netip.MustParseAddr(tc.addr), allow); got != tc.want {
			t.Errorf("Denied(%s, %s) = %q, %v, want %v", tc.addr, tc.allow, block, got, tc.want)
		}
	}
	if _, denied := Denied(netip.Addr{}, []netip.Prefix{pfx("0.0.0.0/0"), pfx("::/0")}); !denied {
		t.Error("the zero address is allowed")
	}
}

// A second, independent table may deny more than ours only where IANA says
// "globally reachable"; what it denies else, we deny.
func TestS2AgreesWithAnotherTable(t *testing.T) {
	other := ssrf.New(ssrf.WithAnyPort())
	reachable := []netip.Prefix{pfx("192.31.196.0/24"), pfx("192.52.193.0/24"), pfx("192.175.48.0/24"), pfx("2620:4f:8000::/48")}
	compare := func(t interface{ Errorf(string, ...any) }, a netip.Addr) {
		for _, p := range reachable {
			if p.Contains(a) {
				return
			}
		}
		_, ours := Denied(a, nil)
		if theirs := other.SafeAddr(a) != nil; ours != theirs {
			t.Errorf("%s: denied %v, the other table says %v", a, ours, theirs)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v4 := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "v4")
		v6 := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "v6")
		b := rapid.SampledFrom(s2Blocks).Draw(t, "block")
		a4, _ := netip.AddrFromSlice(v4)
		a6, _ := netip.AddrFromSlice(v6)
		compare(t, a4)
		compare(t, a6)
		compare(t, netip.MustParsePrefix(b.prefix).Addr())
	})
}

func TestS2RefusalNamesTheFlag(t *testing.T) {
	for _, tc := range []struct{ addr, flag string }{
		{"10.1.2.3", "10.0.0.0/8"},
		{"192.168.1.1", "192.168.0.0/16"},
		{"::ffff:10.1.2.3", "::ffff:0:0/96"},
		{"169.254.169.254", "169.254.169.254"}, // never the whole of link-local
		{"fd12::1", "fc00::/7"},
		{"::1", "::1"},
		{"64:ff9b::808:808", "64:ff9b::808:808"},
	} {
		a := netip.MustParseAddr(tc.addr)
		err := refuse("api.test", a, judge(a, nil))
		if tc.addr == "::ffff:10.1.2.3" {
			// What would really allow it is the IPv4 address.
			tc.flag = "10.1.2.3"
		}
		if !strings.HasSuffix(err.Error(), "--allow-network "+tc.flag) || !strings.Contains(err.Error(), tc.addr) {
			t.Errorf("%s: %v", tc.addr, err)
		}
		allow, perr := ParseAllow([]string{err.Flag})
		if perr != nil {
			t.Fatal(perr)
		}
		if _, denied := Denied(a, allow); denied {
			t.Errorf("%s: the suggested %s does not allow it", tc.addr, err.Flag)
		}
	}
}

func TestParseAllow(t *testing.T) {
	got, err := ParseAllow([]string{"10.0.0.0/8, 127.0.0.1", "", "fd00::/8,", "::1"})
	if err != nil || len(got) != 4 || got[1].String() != "127.0.0.1/32" || got[3].String() != "::1/128" {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"10.1.2.3/8", "10/8", "localhost", "fe80::1%eth0", "::ffff:10.0.0.0/104", "10.0.0.0/33", "1", "010.0.0.1", "::ffff:10.0.0.1"} {
		if got, err := ParseAllow([]string{bad}); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("ParseAllow(%q) = %v, %v", bad, got, err)
		}
	}
}
