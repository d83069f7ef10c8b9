package schedule

import (
	"testing"
	"time"
)

func TestSpecText(t *testing.T) {
	for want, s := range map[string]Spec{
		"cron 0 5 * * * (Europe/Amsterdam)": {Cron: "0 5 * * *", Timezone: "Europe/Amsterdam"},
		"every 10s":                         {Every: 10 * time.Second},
		"every 2m":                          {Every: 2 * time.Minute},
		"every 1h":                          {Every: time.Hour},
		"every 1h0m5s":                      {Every: time.Hour + 5*time.Second},
		"every 1h30m":                       {Every: 90 * time.Minute},
		"at 2026-01-02T03:04:05Z":           {At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
	} {
		if got := s.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
