package xurrent

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"currant/engine/lang"
)

// InstallationView is what is kept of an app in a customer's account, for people: names, and nothing of what is
// kept under them.
type InstallationView struct {
	Provider      string // the provider's account, with the host of its service
	Customer, App string
	// Kept names the credentials and secrets.
	Kept []string
	// Removed is when the customer removed the app; zero: it is installed.
	Removed time.Time
}

// entryNames are the entries of an installation as people call them.
var entryNames = map[string]string{"token": "client credentials", "authorization_token": "authorization code", entryPolicy: "webhook policy"}

// Installations are all that is kept of customers' installations, by customer and app. It reads keys, and of what
// is kept only when apps were removed. The error is of the store.
func Installations(ctx context.Context, kept lang.Kept) ([]InstallationView, error) {
	keys, err := kept.Keys(ctx, "xurrent/")
	if err != nil {
		return nil, err
	}
	byPlace := map[[3]string]*InstallationView{}
	at := func(provider, customer, app string) *InstallationView {
		place := [3]string{provider, customer, app}
		if byPlace[place] == nil {
			byPlace[place] = &InstallationView{Provider: provider, Customer: customer, App: app}
		}
		return byPlace[place]
	}
	for _, key := range keys {
		parts := unjoined(key)
		switch {
		case len(parts) >= 7 && parts[3] == "customers":
			v := at(parts[1]+"/"+parts[2], parts[4], parts[5])
			if name := entryName(parts[6:]); name != "" {
				v.Kept = append(v.Kept, name)
			}
		case len(parts) == 6 && parts[3] == "removed":
			r, err := read[removal](ctx, kept, key)
			if err != nil {
				return nil, err
			}
			if r != nil {
				at(parts[1]+"/"+parts[2], parts[4], parts[5]).Removed = r.At
			}
		}
	}
	var out []InstallationView
	for _, v := range byPlace {
		slices.Sort(v.Kept)
		out = append(out, *v)
	}
	slices.SortFunc(out, func(a, b InstallationView) int {
		return slices.Compare([]string{a.Customer, a.App, a.Provider}, []string{b.Customer, b.App, b.Provider})
	})
	return out, nil
}

// entryName is what people call an entry; "" for one that is no credential and no secret.
func entryName(parts []string) string {
	if name := entryNames[parts[0]]; name != "" && len(parts) == 1 {
		return name
	}
	switch {
	case parts[0] == entrySecrets && len(parts) == 2:
		return "secret " + parts[1]
	case parts[0] == entryOwn && len(parts) == 2:
		return "own secret " + parts[1]
	}
	return ""
}

// ID is the account's id.
func (a *Account) ID() string { return a.key.account }

// unjoined takes a key apart into what joined has put together.
func unjoined(key string) []string {
	parts := strings.Split(key, "/")
	for i, p := range parts {
		if text, err := url.PathUnescape(p); err == nil {
			parts[i] = text
		}
	}
	return parts
}
