package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"currant/engine/outbound"
)

// Limits of key discovery (PLATFORM 6.8, LANGUAGE section 4).
const (
	connectTimeout  = 2 * time.Second
	exchangeTimeout = 5 * time.Second // both documents together
	maxDocument     = 256 << 10       // bytes, of each
)

// normal is an issuer as the cache knows it: scheme, host in lower case, a port that is not the default one,
// the path without one trailing slash.
func normal(issuer string) (*url.URL, error) {
	u, err := outbound.CheckURL(issuer)
	if err != nil {
		return nil, err
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(issuer, "#") {
		return nil, errors.New("URL refused: an issuer has no query and no fragment")
	}
	if u.Scheme == "https" {
		u.Host = strings.TrimSuffix(u.Host, ":443")
	}
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.RawPath, "/")
	return u, nil
}

// discover asks an issuer, in its normal form, for its keys.
func (v *Verifier) discover(ctx context.Context, issuer *url.URL) (map[string]webKey, error) {
	if !v.secure(issuer.String()) {
		return nil, errors.New("the issuer is not https")
	}
	text, err := v.document(ctx, issuer.String()+"/.well-known/openid-configuration")
	if err != nil {
		return nil, fmt.Errorf("openid-configuration: %w", err)
	}
	config, err := members(text)
	if err != nil {
		return nil, fmt.Errorf("openid-configuration: %w", err)
	}
	if value := find(config, "issuer"); value != nil {
		other, _ := textOf(value)
		if named, err := normal(other); err != nil || named.String() != issuer.String() {
			return nil, errors.New("openid-configuration: its \"issuer\" is another")
		}
	}
	place, _ := textOf(find(config, "jwks_uri"))
	u, err := v.beside(issuer, place)
	if err != nil {
		return nil, fmt.Errorf("jwks_uri: %w", err)
	}
	text, err = v.document(ctx, u.String())
	if err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	keys, err := parseKeySet(text)
	if err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	return keys, nil
}

// beside is an address that must be on the host of an issuer, with the issuer's scheme, which is a secure one.
func (v *Verifier) beside(issuer *url.URL, text string) (*url.URL, error) {
	u, err := outbound.CheckURL(text)
	if err != nil {
		return nil, err
	}
	host := u.Host
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	}
	switch {
	case u.Scheme != issuer.Scheme || !v.secure(issuer.String()):
		return nil, errors.New("it is not https")
	case host != issuer.Host:
		return nil, errors.New("it is not on the issuer's host " + issuer.Host)
	}
	return u, nil
}

// document is what a GET without credentials gives. Redirects are not followed.
func (v *Verifier) document(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("its address cannot be read")
	}
	req.Header.Set("Accept", "application/json")
	resp, err := v.client.Do(ctx, req, outbound.CallOptions{})
	if err != nil {
		return nil, err
	}
	if resp.Status != http.StatusOK {
		return nil, fmt.Errorf("%s answered with status %d", req.URL.Host, resp.Status)
	}
	return resp.Body, nil
}
