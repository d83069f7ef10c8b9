package outbound

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

const maxURL = 64 << 10 // bytes

// BadURL is a URL that we do not call. The reason never quotes the URL, which
// may hold a secret.
type BadURL struct{ Why string }

func (e *BadURL) Error() string { return "URL refused: " + e.Why }

// CheckURL reads an absolute http or https URL strictly. It refuses user info,
// ports outside 1 to 65535 and every spelling of a host that two readers could
// take for two hosts: numbers that are not a plain dotted IPv4 address (decimal,
// octal, hex, short), characters outside ASCII (full-width digits are read as
// digits by some), percent escapes, zones, a trailing dot, backslashes and blanks.
// The host of the result is in lower case, an IPv6 address in its canonical form.
//
// It says nothing about where the host may be: that is decided on the address
// that is dialled. The error is a *[BadURL].
func CheckURL(raw string) (*url.URL, error) {
	if len(raw) > maxURL {
		return nil, &BadURL{"it is longer than 64 KiB"}
	}
	for i := range len(raw) {
		if raw[i] <= ' ' || raw[i] == 0x7f {
			return nil, &BadURL{"it holds a blank or a control character; write a blank as %20"}
		}
	}
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return nil, &BadURL{"it does not begin with http:// or https://"}
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	scheme = strings.ToLower(scheme)
	t, err := checkAuthority(scheme, authority)
	if err != nil {
		return nil, err
	}
	u, perr := url.Parse(raw)
	if perr != nil {
		return nil, &BadURL{"it cannot be read as a URL"}
	}
	if u.Scheme != scheme || u.Opaque != "" || u.User != nil || u.Host != authority {
		return nil, &BadURL{"its parts can be read in more than one way"}
	}
	u.Host = t.authority()
	return u, nil
}

// target is a checked scheme, host and port.
type target struct {
	host string     // lower case, IPv6 without brackets
	addr netip.Addr // valid if the host is an address
	port string     // as written, "" where left out
	dial string     // port to dial
}

func (t target) authority() string {
	h := t.host
	if t.addr.Is6() {
		h = "[" + h + "]"
	}
	if t.port != "" {
		h += ":" + t.port
	}
	return h
}

// hostPort is the dial address, for messages.
func (t target) hostPort() string {
	if t.addr.Is6() {
		return "[" + t.host + "]:" + t.dial
	}
	return t.host + ":" + t.dial
}

// checkParsed is [CheckURL] for a URL that someone else has parsed.
func checkParsed(u *url.URL) (target, error) {
	switch {
	case u == nil:
		return target{}, &BadURL{"there is none"}
	case u.User != nil:
		return target{}, &BadURL{whyUser}
	case u.Opaque != "":
		return target{}, &BadURL{"it has no // before its host"}
	}
	return checkAuthority(strings.ToLower(u.Scheme), u.Host)
}

const whyUser = "it holds a user name or password; use the connection's auth block"

func checkAuthority(scheme, authority string) (target, error) {
	var t target
	bad := func(why string) (target, error) { return target{}, &BadURL{why} }

	switch scheme {
	case "http":
		t.dial = "80"
	case "https":
		t.dial = "443"
	default:
		return bad("its scheme is not http or https")
	}
	switch {
	case authority == "":
		return bad("it has no host")
	case strings.Contains(authority, "@"):
		return bad(whyUser)
	case strings.Contains(authority, "%"):
		return bad("its host has a percent escape or a zone; write the plain host")
	case strings.Contains(authority, `\`):
		return bad("its host has a backslash")
	}
	for i := range len(authority) {
		if authority[i] >= 0x80 {
			return bad("its host has characters outside ASCII; write it in its ASCII form (xn--...)")
		}
	}

	host, port, hasPort := authority, "", false
	if strings.HasPrefix(authority, "[") {
		end := strings.IndexByte(authority, ']')
		if end < 0 {
			return bad("the bracket of its host is not closed")
		}
		host = authority[1:end]
		if after := authority[end+1:]; after != "" {
			if after[0] != ':' {
				return bad("there is something between its host and its port")
			}
			port, hasPort = after[1:], true
		}
		a, err := netip.ParseAddr(host)
		if err != nil || !a.Is6() {
			return bad("its host in brackets is not an IPv6 address")
		}
		t.addr, t.host = a, a.String()
	} else {
		host, port, hasPort = strings.Cut(authority, ":")
		if strings.Contains(port, ":") {
			return bad("its host has several colons; write an IPv6 address in brackets")
		}
		if why := checkHost(host, &t); why != "" {
			return bad(why)
		}
	}
	if hasPort {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 || port[0] == '0' || port[0] == '+' {
			return bad("its port is not a number from 1 to 65535")
		}
		t.port, t.dial = port, port
	}
	return t, nil
}

// checkHost fills in a host without brackets or says what is wrong with it.
func checkHost(host string, t *target) (why string) {
	host = strings.ToLower(host)
	if host == "" {
		return "it has no host"
	}
	if len(host) > 253 {
		return "its host is longer than 253 characters"
	}
	if strings.HasSuffix(host, ".") {
		return "its host ends in a dot; write it without"
	}
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 {
			return "its host has an empty part or one of more than 63 characters"
		}
		if label[0] == '-' || label[len(label)-1] == '-' {
			return "a part of its host begins or ends with a hyphen"
		}
		last = label
	}
	for i := range len(host) {
		c := host[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return "its host has a character that no host has"
		}
	}
	t.host = host
	if !numeric(last) {
		return ""
	}
	// WHATWG URL, "ends in a number": such a host is an IPv4 address or nothing.
	a, err := netip.ParseAddr(host)
	if err != nil {
		return "its host is a number but not a plain IPv4 address; write four decimal numbers such as 192.0.2.1"
	}
	t.addr = a
	return ""
}

// numeric reports whether a lower-case label is a decimal, octal or hex number
// to those who read IPv4 addresses as inet_aton does.
func numeric(label string) bool {
	digits := "0123456789"
	if h, ok := strings.CutPrefix(label, "0x"); ok {
		label, digits = h, "0123456789abcdef"
	}
	return strings.Trim(label, digits) == ""
}
