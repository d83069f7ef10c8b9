package verify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// The vectors here are made by the tests, for those of Wycheproof are not at hand: each edge case that its P1363
// and JWS files have, judged by a second implementation of ECDSA, below, on math/big alone.

// oracle says whether r and s are a signature, by the textbook (FIPS 186-5, 6.4.2).
func oracle(key *ecdsa.PublicKey, digest []byte, r, s *big.Int) bool {
	p := key.Curve.Params()
	if r.Sign() <= 0 || s.Sign() <= 0 || r.Cmp(p.N) >= 0 || s.Cmp(p.N) >= 0 {
		return false
	}
	e := new(big.Int).SetBytes(digest)
	if extra := len(digest)*8 - p.N.BitLen(); extra > 0 {
		e.Rsh(e, uint(extra))
	}
	w := new(big.Int).ModInverse(s, p.N)
	u1, u2 := new(big.Int).Mul(e, w), new(big.Int).Mul(r, w)
	point := must(key.Bytes())
	half := len(point) / 2
	q := &jacobian{new(big.Int).SetBytes(point[1 : 1+half]), new(big.Int).SetBytes(point[1+half:]), big.NewInt(1)}
	g := &jacobian{p.Gx, p.Gy, big.NewInt(1)}
	sum := g.times(u1.Mod(u1, p.N), p).plus(q.times(u2.Mod(u2, p.N), p), p)
	if sum.z.Sign() == 0 {
		return false
	}
	inverse := new(big.Int).ModInverse(sum.z, p.P)
	x := new(big.Int).Mul(sum.x, inverse.Mul(inverse, inverse))
	x.Mod(x, p.P)
	return x.Mod(x, p.N).Cmp(r) == 0
}

// jacobian is a point of a curve with a = -3; z = 0 is the point at infinity.
type jacobian struct{ x, y, z *big.Int }

func (a *jacobian) times(k *big.Int, p *elliptic.CurveParams) *jacobian {
	out := &jacobian{big.NewInt(1), big.NewInt(1), new(big.Int)}
	for i := k.BitLen() - 1; i >= 0; i-- {
		out = out.double(p)
		if k.Bit(i) == 1 {
			out = out.plus(a, p)
		}
	}
	return out
}

func (a *jacobian) double(p *elliptic.CurveParams) *jacobian {
	mod := func(v *big.Int) *big.Int { return v.Mod(v, p.P) }
	mul := func(v, w *big.Int) *big.Int { return mod(new(big.Int).Mul(v, w)) }
	zz, yy := mul(a.z, a.z), mul(a.y, a.y)
	beta := mul(a.x, yy)
	alpha := mul(new(big.Int).Sub(a.x, zz), new(big.Int).Add(a.x, zz))
	alpha = mod(alpha.Mul(alpha, big.NewInt(3)))
	x := mul(alpha, alpha)
	x = mod(x.Sub(x, new(big.Int).Lsh(beta, 3)))
	z := new(big.Int).Add(a.y, a.z)
	z = mul(z, z)
	z = mod(z.Sub(z, yy).Sub(z, zz))
	y := mul(alpha, new(big.Int).Sub(new(big.Int).Lsh(beta, 2), x))
	y = mod(y.Sub(y, new(big.Int).Lsh(mul(yy, yy), 3)))
	return &jacobian{x, y, z}
}

func (a *jacobian) plus(b *jacobian, p *elliptic.CurveParams) *jacobian {
	if a.z.Sign() == 0 {
		return b
	}
	if b.z.Sign() == 0 {
		return a
	}
	mod := func(v *big.Int) *big.Int { return v.Mod(v, p.P) }
	mul := func(v, w *big.Int) *big.Int { return mod(new(big.Int).Mul(v, w)) }
	z1, z2 := mul(a.z, a.z), mul(b.z, b.z)
	u1, u2 := mul(a.x, z2), mul(b.x, z1)
	s1, s2 := mul(mul(a.y, b.z), z2), mul(mul(b.y, a.z), z1)
	h, r := mod(new(big.Int).Sub(u2, u1)), mod(new(big.Int).Sub(s2, s1))
	if h.Sign() == 0 {
		if r.Sign() == 0 {
			return a.double(p)
		}
		return &jacobian{big.NewInt(1), big.NewInt(1), new(big.Int)}
	}
	hh := mul(h, h)
	hhh, v := mul(h, hh), mul(u1, hh)
	x := mul(r, r)
	x = mod(x.Sub(x, hhh).Sub(x, new(big.Int).Lsh(v, 1)))
	y := mul(r, new(big.Int).Sub(v, x))
	y = mod(y.Sub(y, mul(s1, hhh)))
	return &jacobian{x, y, mul(mul(a.z, b.z), h)}
}

// pair is a signature in numbers, and how it is written.
type pair struct {
	name  string
	bytes []byte
	r, s  *big.Int // nil where the form alone is wrong
}

// edges are the edge cases of one good signature.
func edges(n *big.Int, width int, r, s *big.Int) (out []pair) {
	add := func(name string, r, s *big.Int) {
		p := pair{name: name, r: r, s: s}
		if r.Sign() >= 0 && s.Sign() >= 0 && r.BitLen() <= 8*width && s.BitLen() <= 8*width {
			p.bytes = append(r.FillBytes(make([]byte, width)), s.FillBytes(make([]byte, width))...)
			out = append(out, p)
		}
	}
	num := func(op func(z, x, y *big.Int) *big.Int, x, y *big.Int) *big.Int { return op(new(big.Int), x, y) }
	plus, minus := (*big.Int).Add, (*big.Int).Sub
	zero, one := new(big.Int), big.NewInt(1)
	last := num(minus, n, one)
	full := num(minus, new(big.Int).Lsh(one, uint(8*width)), one)
	values := map[string]*big.Int{"0": zero, "1": one, "n-1": last, "n": n, "n+1": num(plus, n, one), "all ones": full}
	for a, x := range values {
		add("r="+a, x, s)
		add("s="+a, r, x)
		for b, y := range values {
			add("r="+a+" s="+b, x, y)
		}
	}
	add("good", r, s)
	add("n-s", r, num(minus, n, s))
	add("n-r", num(minus, n, r), s)
	add("swapped", s, r)
	add("r+n", num(plus, r, n), s)
	add("s+n", r, num(plus, s, n))
	add("r+1", num(plus, r, one), s)
	add("s+1", r, num(plus, s, one))
	good := append(r.FillBytes(make([]byte, width)), s.FillBytes(make([]byte, width))...)
	form := func(name string, b []byte) { out = append(out, pair{name: name, bytes: b}) }
	form("DER", must(asn1.Marshal(struct{ R, S *big.Int }{r, s})))
	form("a byte too short", good[:len(good)-1])
	form("a byte too long", append(slices.Clone(good), 0))
	form("a byte before", append([]byte{0}, good...))
	form("each half a byte longer", slices.Concat([]byte{0}, good[:width], []byte{0}, good[width:]))
	form("half", good[:width])
	form("one byte", []byte{1})
	form("twice", append(slices.Clone(good), good...))
	form("half the width of zeros", make([]byte, width))
	form("numbers without leading zeros", append(num(minus, r, one).Bytes()[1:], s.Bytes()...))
	form("minimal numbers", append([]byte{1}, s.Bytes()...))
	return out
}

// Fixed width, 0 < r, s < n; high and low s and leading zeros are fine. The verdict on each case is the oracle's.
func TestJ4SignatureForms(t *testing.T) {
	v := newVerifier(t, Options{})
	total, accepted, leading := 0, 0, 0
	rounds := 3
	if long {
		rounds = 12
	}
	for alg, width := range map[string]int{"ES256": 32, "ES384": 48, "ES512": 66} {
		key := ring()[alg].(*ecdsa.PrivateKey)
		n := key.Curve.Params().N
		for round := range rounds {
			var input string
			var digest []byte
			var r, s *big.Int
			for {
				input = b64(`{"alg":"`+alg+`"}`) + "." + b64(text(claimsAt(noon, nil)))
				h := hashes[alg[2:]]()
				h.Write([]byte(input))
				digest = h.Sum(nil)
				var err error
				if r, s, err = ecdsa.Sign(rand.Reader, key, digest); err != nil {
					t.Fatal(err)
				}
				// Each first round has a signature with a leading zero byte.
				if round > 0 || r.BitLen() <= 8*(width-1) {
					break
				}
			}
			if r.BitLen() <= 8*(width-1) {
				leading++
			}
			for _, c := range edges(n, width, r, s) {
				total++
				want := c.r != nil && oracle(&key.PublicKey, digest, c.r, c.s)
				_, err := v.Verify(t.Context(), input+"."+base64.RawURLEncoding.EncodeToString(c.bytes), keyed(alg))
				if (err == nil) != want {
					t.Errorf("%s, %s: %v; the oracle says %v", alg, c.name, err, want)
				}
				if want {
					accepted++
				}
			}
		}
	}
	// Of each signature, itself and the one with n-s.
	if accepted != 3*rounds*2 || leading < 3 || total < 3*rounds*55 {
		t.Errorf("%d cases, %d accepted, %d with leading zeros", total, accepted, leading)
	}
}

// The same for RSA: exactly the encoding of PKCS #1 v1.5, by the key's own size.
func TestJ4RSASignatureForms(t *testing.T) {
	v := newVerifier(t, Options{})
	key := ring()["RS256"].(*rsa.PrivateKey)
	for _, alg := range []string{"RS256", "RS384", "RS512"} {
		input := b64(`{"alg":"`+alg+`"}`) + "." + b64(text(claimsAt(noon, nil)))
		sig := must(jwt.GetSigningMethod(alg).Sign(input, key))
		number := new(big.Int).SetBytes(sig)
		size := len(sig)
		h := hashes[alg[2:]]()
		h.Write([]byte(input))
		digest := h.Sum(nil)
		// encode signs any encoded message, as a forger with the key could.
		encode := func(em []byte) []byte {
			return new(big.Int).Exp(new(big.Int).SetBytes(em), key.D, key.N).FillBytes(make([]byte, size))
		}
		message := new(big.Int).Exp(number, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, size))
		edit := func(change func(em []byte) []byte) []byte { return encode(change(slices.Clone(message))) }
		for name, bad := range map[string][]byte{
			"s+n":         new(big.Int).Add(number, key.N).Bytes(),
			"zero":        make([]byte, size),
			"one":         big.NewInt(1).FillBytes(make([]byte, size)),
			"n-1":         new(big.Int).Sub(key.N, big.NewInt(1)).FillBytes(make([]byte, size)),
			"n":           key.N.Bytes(),
			"short":       sig[1:],
			"cut":         sig[:size-1],
			"long":        append(slices.Clone(sig), 0),
			"zero before": append([]byte{0}, sig...),
			"PSS":         must(jwt.GetSigningMethod("P"+alg[1:]).Sign(input, key)),
			"no hash id": edit(func(em []byte) []byte {
				copy(em[2:], slices.Repeat([]byte{0xff}, size-3-len(digest)))
				em[size-len(digest)-1] = 0
				return em
			}),
			"block type 2": edit(func(em []byte) []byte { em[1] = 2; return em }),
			"short padding": edit(func(em []byte) []byte {
				i := slices.Index(em[2:], 0) + 2
				return append(append([]byte{0, 1, 0xff, 0}, em[i+1:]...), make([]byte, i-3)...)
			}),
			"padding of zero": edit(func(em []byte) []byte { em[2] = 0; return em }),
			"digest changed":  edit(func(em []byte) []byte { em[size-1] ^= 1; return em }),
		} {
			token := input + "." + base64.RawURLEncoding.EncodeToString(bad)
			if _, err := v.Verify(t.Context(), token, keyed(alg)); err == nil {
				t.Errorf("%s: %s is accepted", alg, name)
			}
		}
		accepts(t, v, input+"."+base64.RawURLEncoding.EncodeToString(encode(message)), keyed(alg))
	}
}

// P-256 keys with the other curves' widths, and signatures of another key.
func TestJ4WrongKey(t *testing.T) {
	v := newVerifier(t, Options{})
	for _, alg := range []string{"ES256", "ES384", "ES512"} {
		accepts(t, v, good(alg), keyed(alg))
		refuses(t, v, good(alg), Policy{Issuers: []string{acme}, Algorithm: alg, Key: otherKey(alg)}, "signature is not of the key")
		for _, other := range []string{"ES256", "ES384", "ES512", "RS256"} {
			if other != alg {
				refuses(t, v, good(alg), Policy{Issuers: []string{acme}, Algorithm: alg, Key: public(other)}, "does not fit "+alg)
			}
		}
		parts := strings.Split(good(alg), ".")
		for _, x := range []int{0, 1} { // the signature of other text
			other := strings.Split(good(alg), ".")
			other[2] = parts[2]
			if x == 1 {
				other[1] = b64(text(claimsAt(noon, object{"sub": fmt.Sprint(x)})))
			}
			refuses(t, v, strings.Join(other, "."), keyed(alg), "signature is not of the key")
		}
	}
}
