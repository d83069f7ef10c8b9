package outbound

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Limits that hold where a [Policy] leaves a field zero.
const (
	DefaultConnectTimeout = 10 * time.Second // resolution and TCP, all addresses together
	DefaultTimeout        = 60 * time.Second // the whole call, body and redirects included
	DefaultMaxBody        = 10 << 20         // bytes, after decompression
	DefaultMaxHeader      = 64 << 10         // bytes
	DefaultUserAgent      = "Currant"

	// MaxRedirects is the most that [CallOptions].Redirects can ask for.
	MaxRedirects = 5
)

// Policy says what a [Client] may call and how much it accepts. The zero value
// denies every special address and has the default limits.
type Policy struct {
	// Allow lists networks that may be called although they are special
	// addresses ([Denied]); see [ParseAllow].
	Allow []netip.Prefix

	// Refuse, where it is set, is asked of each request before anything else: its error, in words for people, is
	// why the host, as "name:port", may not be called.
	Refuse func(hostPort string) error

	// Proxy chooses the proxy of a request, as in [http.Transport]; nil means
	// none, whatever the environment says. The proxy's own address is the
	// operator's choice and is not judged; the target's is.
	Proxy func(*http.Request) (*url.URL, error)

	// Resolver looks names up; nil is the system's.
	Resolver *net.Resolver

	ConnectTimeout time.Duration // 0 is DefaultConnectTimeout; also bounds the TLS handshake
	Timeout        time.Duration // 0 is DefaultTimeout
	MaxBody        int64         // bytes; 0 is DefaultMaxBody
	MaxHeader      int64         // bytes; 0 is DefaultMaxHeader
	UserAgent      string        // "" is DefaultUserAgent; a request's own header wins
}

func (p Policy) withDefaults() Policy {
	if p.ConnectTimeout <= 0 {
		p.ConnectTimeout = DefaultConnectTimeout
	}
	if p.Timeout <= 0 {
		p.Timeout = DefaultTimeout
	}
	if p.MaxBody <= 0 {
		p.MaxBody = DefaultMaxBody
	}
	if p.MaxHeader <= 0 {
		p.MaxHeader = DefaultMaxHeader
	}
	if p.UserAgent == "" {
		p.UserAgent = DefaultUserAgent
	}
	return p
}

// ParseAllow reads the values of --allow-network: each a network in CIDR form
// or a single address, several in one value separated by commas. Blank entries
// are skipped. All wrong entries are reported together.
func ParseAllow(list []string) ([]netip.Prefix, error) {
	var (
		out  []netip.Prefix
		errs []error
	)
	for _, item := range list {
		for entry := range strings.SplitSeq(item, ",") {
			entry = strings.TrimSpace(entry)
			if entry == "" {
				continue
			}
			p, err := parseNetwork(entry)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			out = append(out, p)
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return out, nil
}

func parseNetwork(s string) (netip.Prefix, error) {
	bad := func(why string) (netip.Prefix, error) {
		return netip.Prefix{}, fmt.Errorf("allowed network %q: %s", s, why)
	}
	const form = "write a network such as 10.0.0.0/8 or an address such as 10.1.2.3"

	var p netip.Prefix
	if strings.Contains(s, "/") {
		var err error
		if p, err = netip.ParsePrefix(s); err != nil {
			return bad(form)
		}
	} else {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return bad(form)
		}
		if a.Zone() != "" {
			return bad("an address with a zone cannot be allowed; leave out the % and what follows")
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p.Addr().Is4In6() {
		return bad("write the IPv4 network itself, not its IPv6 form")
	}
	// 10.1.2.3/8 is more often a slip than a wish for all of 10.0.0.0/8.
	if p.Masked() != p {
		return bad(fmt.Sprintf("the address has bits outside its network; write %s or %s", p.Masked(), p.Addr()))
	}
	return p, nil
}
