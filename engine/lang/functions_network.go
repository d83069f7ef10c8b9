package lang

import (
	"errors"
	"math/big"
	"net/netip"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

func networkFunctions() []entry {
	const prefix = "prefix: the network, such as 10.0.0.0/16"
	return []entry{
		{name: "cidrcontains", summary: "Whether a network holds an address or another network.",
			params: []string{prefix, "address: an address or a network"}, fn: cidrContainsFunc},
		{name: "cidrhost", summary: "The address with a number in a network.",
			params: []string{prefix, "hostnum: the number; negative ones count from the end"}, fn: cidrHostFunc},
		{name: "cidrnetmask", summary: "The netmask of an IPv4 network.",
			params: []string{prefix}, fn: textFunc(cidrNetmask, "prefix")},
		{name: "cidrsubnet", summary: "The network with a number among those that are longer by some bits.",
			params: []string{prefix, "newbits: by how many bits, at most 32", "netnum: the number"}, fn: cidrSubnetFunc},
		{name: "cidrsubnets", summary: "Consecutive networks, each longer by some bits.",
			params: []string{prefix, "newbits: by how many bits, for each network, from 1 to 32"}, fn: cidrSubnetsFunc, maxArgs: manyArgs},
	}
}

func parseNetwork(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, function.NewArgErrorf(0, "this is no network in CIDR notation")
	}
	return p.Masked(), nil
}

// addressAt is base plus n, within prefix.
func addressAt(p netip.Prefix, n *big.Int) (netip.Addr, bool) {
	raw := p.Addr().AsSlice()
	sum := new(big.Int).Add(new(big.Int).SetBytes(raw), n)
	if sum.Sign() < 0 || sum.BitLen() > len(raw)*8 {
		return netip.Addr{}, false
	}
	a, _ := netip.AddrFromSlice(sum.FillBytes(raw))
	return a, p.Contains(a)
}

func bigInt(v cty.Value, i int) (*big.Int, error) {
	f := v.AsBigFloat()
	if !f.IsInt() {
		return nil, function.NewArgErrorf(i, "a whole number is required")
	}
	n, _ := f.Int(nil)
	return n, nil
}

var cidrContainsFunc = function.New(&function.Spec{
	Params: []function.Parameter{textParam("prefix"), textParam("address")},
	Type:   function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		p, err := parseNetwork(args[0].AsString())
		if err != nil {
			return cty.NilVal, err
		}
		if a, err := netip.ParseAddr(args[1].AsString()); err == nil {
			return cty.BoolVal(p.Contains(a)), nil
		}
		q, err := netip.ParsePrefix(args[1].AsString())
		if err != nil {
			return cty.NilVal, function.NewArgErrorf(1, "this is neither an address nor a network")
		}
		return cty.BoolVal(q.Bits() >= p.Bits() && p.Contains(q.Addr())), nil
	},
})

var cidrHostFunc = function.New(&function.Spec{
	Params: []function.Parameter{textParam("prefix"), numberParam("hostnum")},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		p, err := parseNetwork(args[0].AsString())
		if err != nil {
			return cty.NilVal, err
		}
		n, err := bigInt(args[1], 1)
		if err != nil {
			return cty.NilVal, err
		}
		if n.Sign() < 0 {
			n.Add(n, new(big.Int).Lsh(big.NewInt(1), uint(p.Addr().BitLen()-p.Bits())))
		}
		a, ok := addressAt(p, n)
		if !ok || n.Sign() < 0 {
			return cty.NilVal, function.NewArgErrorf(1, "the network has no such address")
		}
		return cty.StringVal(a.String()), nil
	},
})

func cidrNetmask(s []string) (string, error) {
	p, err := parseNetwork(s[0])
	if err != nil {
		return "", err
	}
	if !p.Addr().Is4() {
		return "", function.NewArgErrorf(0, "an IPv4 network is required")
	}
	all := netip.AddrFrom4([4]byte{255, 255, 255, 255})
	return netip.PrefixFrom(all, p.Bits()).Masked().Addr().String(), nil
}

var cidrSubnetFunc = function.New(&function.Spec{
	Params: []function.Parameter{textParam("prefix"), numberParam("newbits"), numberParam("netnum")},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		p, err := parseNetwork(args[0].AsString())
		if err != nil {
			return cty.NilVal, err
		}
		bits, err := wholeNumber(args[1], 0, min(32, p.Addr().BitLen()-p.Bits()))
		if err != nil {
			return cty.NilVal, function.NewArgError(1, err)
		}
		num, err := bigInt(args[2], 2)
		if err != nil {
			return cty.NilVal, err
		}
		if num.Sign() < 0 || num.BitLen() > bits {
			return cty.NilVal, function.NewArgErrorf(2, "there is no network with this number in %d bits", bits)
		}
		longer := p.Bits() + bits
		a, _ := addressAt(p, num.Lsh(num, uint(p.Addr().BitLen()-longer)))
		return cty.StringVal(netip.PrefixFrom(a, longer).String()), nil
	},
})

var cidrSubnetsFunc = function.New(&function.Spec{
	Params:   []function.Parameter{textParam("prefix")},
	VarParam: &function.Parameter{Name: "newbits", Type: cty.Number},
	Type:     function.StaticReturnType(cty.List(cty.String)),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		p, err := parseNetwork(args[0].AsString())
		if err != nil {
			return cty.NilVal, err
		}
		next := new(big.Int) // offset of the first free address
		var out []cty.Value
		for i, arg := range args[1:] {
			bits, err := wholeNumber(arg, 1, min(32, p.Addr().BitLen()-p.Bits()))
			if err != nil {
				return cty.NilVal, function.NewArgError(i+1, err)
			}
			longer := p.Bits() + bits
			length := new(big.Int).Lsh(big.NewInt(1), uint(p.Addr().BitLen()-longer))
			// The next one starts at a multiple of its length.
			next.Add(next, new(big.Int).Sub(length, big.NewInt(1)))
			next.Div(next, length).Mul(next, length)
			a, ok := addressAt(p, next)
			if !ok {
				return cty.NilVal, function.NewArgError(i+1, errors.New("the network has no room for it"))
			}
			out = append(out, cty.StringVal(netip.PrefixFrom(a, longer).String()))
			next.Add(next, length)
		}
		return listOf(cty.String, out), nil
	},
})
