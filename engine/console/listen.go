package console

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

var errOpen = errors.New("an address that others can reach needs TLS: give --console-cert and --console-key, or listen at 127.0.0.1")

// checkListen refuses settings that would let others read along (promise W4). Whoever comes has to log in, at
// every address.
func checkListen(o Options) error {
	if (o.CertFile == "") != (o.KeyFile == "") {
		return errors.New("--console-cert and --console-key belong together: give both, or neither")
	}
	host, port, err := net.SplitHostPort(o.Listen)
	if err != nil || port == "" {
		return fmt.Errorf("the console's address %q is not of the form host:port, such as 127.0.0.1:7781", o.Listen)
	}
	if o.CertFile == "" && !loopbackName(host) {
		return fmt.Errorf("the console's address %q is not loopback: %w", o.Listen, errOpen)
	}
	for _, h := range o.Hosts {
		if bare, ok := hostOf(h); !ok || bare != strings.ToLower(h) {
			return fmt.Errorf("--console-host %q: write the name alone, such as runner.example.com, without scheme and port", h)
		}
	}
	return nil
}

func loopbackName(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// hostsOf are the names that the Host of a request may have (promise W5). An address that means "everywhere"
// names nothing.
func hostsOf(o Options) map[string]bool {
	out := map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true}
	if host, _, err := net.SplitHostPort(o.Listen); err == nil && host != "" {
		if ip := net.ParseIP(host); ip == nil || !ip.IsUnspecified() {
			out[strings.ToLower(host)] = true
		}
	}
	for _, h := range o.Hosts {
		out[strings.ToLower(h)] = true
	}
	return out
}

// hostOf is the name in a Host header, in small letters: without a port, and without the brackets of an
// address. ok is false where it has not that form.
func hostOf(header string) (host string, ok bool) {
	if header == "" || len(header) > 255 || strings.ContainsAny(header, " \t/\\@?#%") {
		return "", false
	}
	host = header
	if strings.HasPrefix(header, "[") || strings.Count(header, ":") == 1 {
		if h, port, err := net.SplitHostPort(header); err == nil {
			if !digits(port) {
				return "", false
			}
			host = h
		} else if host, ok = strings.CutSuffix(strings.TrimPrefix(header, "["), "]"); !ok {
			return "", false
		}
		if strings.HasPrefix(header, "[") && net.ParseIP(host) == nil {
			return "", false
		}
	}
	return strings.ToLower(host), host != ""
}

func digits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}
