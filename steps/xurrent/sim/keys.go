package sim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"sync"

	"github.com/golang-jwt/jwt/v5"

	"currant/steps/xurrent/sim/graph"
)

// signingKey signs the deliveries of one issuer with one algorithm.
type signingKey struct {
	kid     string
	alg     string // upper case, or "none"
	private any    // *rsa.PrivateKey, *ecdsa.PrivateKey, []byte (HS), jwt.UnsafeAllowNoneSignatureType
}

// discoveryAlgorithm is that of deliveries without a policy whose webhook asks for OpenID discovery.
const discoveryAlgorithm = "ES256"

// keys are the accounts' own keys for OpenID discovery, made when first needed, and those of policies.
type keys struct {
	mu        sync.Mutex
	byAccount map[string][]*signingKey // the newest last
	policies  map[string]policyEntry   // by node id
}

// policyEntry is a policy's key that was read once, with what it was read from.
type policyEntry struct {
	from string
	key  *signingKey
}

func newKeys() *keys {
	return &keys{byAccount: map[string][]*signingKey{}, policies: map[string]policyEntry{}}
}

// ofPolicy reads the key that a policy's record keeps.
func (k *keys) ofPolicy(policy map[string]any) (*signingKey, error) {
	id, from := text(policy, "id"), text(policy, "jwtAlg")+text(policy, graph.FieldPrivateKey)+text(policy, graph.FieldSecret)
	k.mu.Lock()
	defer k.mu.Unlock()
	if known, ok := k.policies[id]; ok && known.from == from {
		return known.key, nil
	}
	key, err := policyKey(policy)
	if err == nil {
		k.policies[id] = policyEntry{from, key}
	}
	return key, err
}

// of gives the account's newest key for an algorithm of the RS and ES families.
func (k *keys) of(account, alg string) (*signingKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.byAccount[account]
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].alg == alg {
			return list[i], nil
		}
	}
	private, err := makeKey(alg)
	if err != nil {
		return nil, err
	}
	key := &signingKey{kid: newUUID(), alg: alg, private: private}
	k.byAccount[account] = append(list, key)
	return key, nil
}

// published are the keys that the account's key set shows.
func (k *keys) published(account string) []*signingKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]*signingKey(nil), k.byAccount[account]...)
}

// rotate withdraws the account's keys: the next delivery is signed with a new one.
func (k *keys) rotate(account string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.byAccount, account)
}

func makeKey(alg string) (any, error) {
	switch alg {
	case "RS256", "RS384", "RS512":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	}
	return nil, fmt.Errorf("no public key can be published for the algorithm %q: use RS256, RS384, RS512, ES256, ES384 or ES512", alg)
}

// policyKey makes the key of a policy's record. Its key id is derived from its node id.
func policyKey(policy map[string]any) (*signingKey, error) {
	id := text(policy, "id")
	sum := sha256.Sum256([]byte("kid " + id))
	h := hex.EncodeToString(sum[:16])
	key := &signingKey{kid: h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], alg: strings.ToUpper(text(policy, "jwtAlg"))}
	switch {
	case key.alg == "NONE":
		key.alg, key.private = "none", jwt.UnsafeAllowNoneSignatureType
	case strings.HasPrefix(key.alg, "HS"):
		key.private = []byte(text(policy, graph.FieldSecret))
	default:
		private, err := parsePrivate(text(policy, graph.FieldPrivateKey))
		if err != nil {
			return nil, fmt.Errorf("the key of the webhook policy %s cannot be read: %w", id, err)
		}
		key.private = private
	}
	return key, nil
}

func parsePrivate(text string) (any, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, fmt.Errorf("it is no PEM")
	}
	switch block.Type {
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	return x509.ParsePKCS8PrivateKey(block.Bytes)
}

// sign makes the token of PLATFORM 6.5. The header has the kid only where the key is to be discovered; what is
// given for it replaces its own.
func (k *signingKey) sign(claims map[string]any, discovered bool, header map[string]any) (string, error) {
	method := jwt.GetSigningMethod(k.alg)
	if method == nil {
		return "", fmt.Errorf("nothing can be signed with the algorithm %q", k.alg)
	}
	token := jwt.NewWithClaims(method, jwt.MapClaims(claims))
	if discovered {
		token.Header["kid"] = k.kid
	}
	maps.Copy(token.Header, header)
	return token.SignedString(k.private)
}

// jwk is the public part in the form of a key set; ok is false for keys that are not published.
func (k *signingKey) jwk() (set map[string]string, ok bool) {
	set = map[string]string{"kid": k.kid, "use": "sig", "alg": k.alg}
	encode := base64.RawURLEncoding.EncodeToString
	switch private := k.private.(type) {
	case *rsa.PrivateKey:
		set["kty"] = "RSA"
		set["n"] = encode(private.N.Bytes())
		set["e"] = encode(big.NewInt(int64(private.E)).Bytes())
	case *ecdsa.PrivateKey:
		point, err := private.PublicKey.Bytes() // 4, x, y
		if err != nil {
			return nil, false
		}
		half := len(point) / 2
		set["kty"], set["crv"] = "EC", private.Curve.Params().Name
		set["x"], set["y"] = encode(point[1:1+half]), encode(point[1+half:])
	default:
		return nil, false
	}
	return set, true
}
