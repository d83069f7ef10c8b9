package outbound

import (
	"net/url"
	"testing"
)

func TestX3RedactURL(t *testing.T) {
	for raw, want := range map[string]string{
		"https://api.test/a?page=2":                              "https://api.test/a?page=2",
		"https://u:hunter2@api.test/a":                           "https://api.test/a",
		"https://api.test/a#access_token=hunter2":                "https://api.test/a",
		"https://api.test/?token=hunter2&page=2":                 "https://api.test/?token=[REDACTED]&page=2",
		"https://api.test/?page=2&ACCESS_TOKEN=hunter2":          "https://api.test/?page=2&ACCESS_TOKEN=[REDACTED]",
		"https://api.test/?apikey=hunter2&api-key=hunter2":       "https://api.test/?apikey=[REDACTED]&api-key=[REDACTED]",
		"https://api.test/?client_secret=hunter2":                "https://api.test/?client_secret=[REDACTED]",
		"https://api.test/?X-Amz-Signature=hunter2&X-Amz-Date=1": "https://api.test/?X-Amz-Signature=[REDACTED]&X-Amz-Date=1",
		"https://api.test/?sv=1&sig=hunter2":                     "https://api.test/?sv=1&sig=[REDACTED]",
		"https://api.test/?code=hunter2":                         "https://api.test/?code=[REDACTED]",
		"https://api.test/?pass%77ord=hunter2":                   "https://api.test/?pass%77ord=[REDACTED]",
		"https://api.test/?a=1;token=hunter2":                    "https://api.test/?a=1&token=[REDACTED]",
		"https://api.test/?token%zz=hunter2":                     "https://api.test/?token%zz=[REDACTED]",
		"https://api.test/?token":                                "https://api.test/?token",
		"https://api.test/?token=a=b":                            "https://api.test/?token=[REDACTED]",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := RedactURL(u); got != want {
			t.Errorf("RedactURL(%s) = %s, want %s", raw, got, want)
		}
		if u.String() != raw {
			t.Errorf("%s was changed to %s", raw, u)
		}
	}
	if RedactURL(nil) != "" {
		t.Error("nil")
	}
}

func TestX3RedactHeader(t *testing.T) {
	for _, name := range []string{"Authorization", "authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "X-API-KEY",
		"X-Xurrent-Token", "X-Hub-Signature-256", "Client-Secret", "X-Auth", "Apikey", "X-Password"} {
		if got := RedactHeader(name, "hunter2"); got != "[REDACTED len=7]" {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, value := range map[string]string{"Content-Type": "text/plain", "X-Request-Id": "hunter2", "Retry-After": "5"} {
		if got := RedactHeader(name, value); got != value {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := RedactHeader("Location", "https://u:p@api.test/?code=hunter2"); got != "https://api.test/?code=[REDACTED]" {
		t.Error(got)
	}
	if got := RedactHeader("Location", "https://%zz?code=hunter2"); got != "[REDACTED len=24]" {
		t.Error(got)
	}
}
