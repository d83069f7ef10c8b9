package outbound

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// Who may be called at all is asked before anything is sent, of each hop and by name.
func TestRefuse(t *testing.T) {
	calls := 0
	other := serve(t, func(http.ResponseWriter, *http.Request) { calls++ })
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, other.URL, http.StatusFound)
		}
	})
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	c := NewClient(Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Refuse: func(hostPort string) error {
		asked = append(asked, hostPort)
		if hostPort == u.Host {
			return nil
		}
		return errors.New("only the server is called")
	}})
	defer c.Close()
	call := func(address string, redirects int) error {
		_, err := c.Do(t.Context(), get(t, address), CallOptions{Redirects: redirects})
		return err
	}
	if err := call(server.URL, 0); err != nil {
		t.Errorf("the control is refused: %v", err)
	}
	for _, address := range []string{other.URL, server.URL + "/away", "https://no-such-name.example/"} {
		err := call(address, 3)
		if err == nil || Classify(err) != KindInput && Classify(err) != KindHTTP || !strings.Contains(err.Error(), "only the server is called") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if calls != 0 || len(asked) != 5 || asked[4] != "no-such-name.example:443" {
		t.Errorf("%d calls of the other, asked %v", calls, asked)
	}
}
