package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"

	"currant/engine/outbound"
)

// long asks for the long forms.
var long = os.Getenv("CURRANT_LONG") == "1"

// serverCert is of 127.0.0.1 and localhost, by an authority that only this process trusts.
var serverCert tls.Certificate

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "verify")
	if err == nil {
		err = trustOwnAuthority(dir)
	}
	if err != nil {
		log.Fatal(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// trustOwnAuthority makes serverCert and has the system's roots be its authority alone, before any is read.
func trustOwnAuthority(dir string) error {
	ca, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, &ca.PublicKey, ca)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, &key.PublicKey, ca)
	if err != nil {
		return err
	}
	serverCert = tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: key}
	file := filepath.Join(dir, "roots.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}), 0o600); err != nil {
		return err
	}
	return errors.Join(os.Setenv("SSL_CERT_FILE", file), os.Setenv("SSL_CERT_DIR", dir))
}

// ring are the keys of the tests: one of each kind.
var ring = sync.OnceValue(func() map[string]crypto.Signer {
	out := map[string]crypto.Signer{}
	for name, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		out[name] = must(ecdsa.GenerateKey(curve, rand.Reader))
	}
	private := must(rsa.GenerateKey(rand.Reader, 2048))
	for _, name := range []string{"RS256", "RS384", "RS512"} {
		out[name] = private
	}
	return out
})

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func public(algorithm string) crypto.PublicKey { return ring()[algorithm].Public() }

// keyed is a policy with the ring's key of an algorithm.
func keyed(algorithm string) Policy {
	return Policy{Issuers: []string{acme}, Algorithm: algorithm, Key: public(algorithm)}
}

const acme = "https://acme.xurrent.com"

// noon is when the tests take place.
var noon = time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)

// clock is a clock that tests turn.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: noon} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) turn(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

var loopback = outbound.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

func newVerifier(t testing.TB, o Options) *Verifier {
	t.Helper()
	if o.Now == nil {
		o.Now = newClock().now
	}
	if o.Outbound.Allow == nil {
		o.Outbound = loopback
	}
	v := New(o)
	t.Cleanup(v.Close)
	return v
}

type object = map[string]any

// claimsAt are good claims; changes replace some of them, a value of nil takes one out.
func claimsAt(at time.Time, changes object) object {
	out := object{"iss": acme, "sub": "42", "iat": at.Unix(), "nbf": at.Unix(), "jti": rand.Text(),
		"data": object{"event": "request.create", "payload": object{"status": "assigned"}}}
	maps.Copy(out, changes)
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil })
	return out
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return string(must(json.Marshal(v)))
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// signed is a token of a header and claims, as values or as JSON texts, signed with the ring's key.
func signed(algorithm string, header, claims any) string {
	input := b64(text(header)) + "." + b64(text(claims))
	return input + "." + base64.RawURLEncoding.EncodeToString(must(jwt.GetSigningMethod(algorithm).Sign(input, ring()[algorithm])))
}

// good is a token that keyed(algorithm) accepts.
func good(algorithm string) string {
	return signed(algorithm, object{"typ": "JWT", "alg": algorithm}, claimsAt(noon, nil))
}

func accepts(t testing.TB, v *Verifier, token string, p Policy) *Token {
	t.Helper()
	got, err := v.Verify(t.Context(), token, p)
	if err != nil {
		t.Errorf("refused: %s", err)
		return &Token{}
	}
	return got
}

// refuses wants a refusal whose reason holds a text, and nothing of the token.
func refuses(t testing.TB, v *Verifier, token string, p Policy, why string) {
	t.Helper()
	got, err := v.Verify(t.Context(), token, p)
	if err == nil {
		t.Errorf("accepted, and should be refused because: %s", why)
		return
	}
	var r *Rejected
	if got != nil || !errors.As(err, &r) || !strings.Contains(err.Error(), why) {
		t.Errorf("got %q, want %q", err, why)
	}
	for _, part := range strings.Split(token, ".") {
		if len(part) > 20 && strings.Contains(err.Error(), part) {
			t.Error("the reason holds a part of the token")
		}
	}
}

// issuer is a server of one account, and what it has been asked.
type issuer struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]int // by path
	keys  []object
	// answer, where it is set, answers instead.
	answer http.HandlerFunc
}

func newIssuer(t testing.TB, keys ...object) *issuer {
	t.Helper()
	s := &issuer{asked: map[string]int{}, keys: keys}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.Server.TLS = &tls.Config{Certificates: []tls.Certificate{serverCert}}
	s.Server.Config.ErrorLog = log.New(discard{}, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func (s *issuer) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked[r.URL.Path]++
	answer, keys := s.answer, s.keys
	s.mu.Unlock()
	if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" {
		w.WriteHeader(http.StatusTeapot) // nobody may send credentials here
		return
	}
	switch {
	case answer != nil:
		answer(w, r)
	case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
		fmt.Fprint(w, s.config(strings.TrimSuffix(r.URL.Path, "/.well-known/openid-configuration")))
	case r.URL.Path == "/jwks":
		fmt.Fprint(w, text(object{"keys": append([]object{}, keys...)}))
	default:
		http.NotFound(w, r)
	}
}

func (s *issuer) config(path string) string {
	return text(object{"issuer": s.URL + path, "jwks_uri": s.URL + "/jwks"})
}

func (s *issuer) set(answer http.HandlerFunc, keys ...object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer, s.keys = answer, keys
}

// requests are how many there were in all, and fetches how many of the key set.
func (s *issuer) requests() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.asked {
		n += k
	}
	return n
}

func (s *issuer) fetches() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked["/jwks"]
}

// jwk publishes the ring's key of an algorithm.
func jwk(kid, algorithm string, changes object) object {
	raw := func(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
	out := object{"kid": kid, "use": "sig", "alg": algorithm}
	switch k := public(algorithm).(type) {
	case *rsa.PublicKey:
		out["kty"], out["n"], out["e"] = "RSA", raw(k.N.Bytes()), raw(big.NewInt(int64(k.E)).Bytes())
	case *ecdsa.PublicKey:
		point := must(k.Bytes())
		size := len(point) / 2
		out["kty"], out["crv"], out["x"], out["y"] = "EC", k.Curve.Params().Name, raw(point[1:1+size]), raw(point[1+size:])
	}
	maps.Copy(out, changes)
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil })
	return out
}

// of is a token of the issuer's, by a published key.
func (s *issuer) of(kid, algorithm string, at time.Time, changes object) string {
	all := object{"iss": s.URL}
	maps.Copy(all, changes)
	return signed(algorithm, object{"kid": kid, "alg": algorithm}, claimsAt(at, all))
}

func (s *issuer) policy() Policy { return Policy{IssuerPrefix: s.URL} }
