package journal

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestList(t *testing.T) {
	s := open(t, dataDir(t))
	for i := range 10 {
		r := newRun(fmt.Sprintf("%02d-id", i))
		r.AcceptedAt = start.Add(time.Duration(i) * time.Minute)
		r.Runbook = fmt.Sprint("rb", i%2)
		accept(t, s, r)
		switch {
		case i < 4:
			finish(t, s, r.ID)
		case i == 4:
			commit(t, s, Write{Run: r.ID, End: &End{Status: Failed, At: start, Summary: "50% of Foo_bar broke"}})
		}
	}
	for _, c := range []struct {
		name string
		f    Filter
		want string
	}{
		{"all", Filter{}, "9876543210"},
		{"limit", Filter{Limit: 3}, "987"},
		{"page", Filter{Limit: 3, BeforeSeq: 8}, "654"},
		{"runbook", Filter{Runbook: "rb1"}, "97531"},
		{"both", Filter{Blueprint: "crm", Runbook: "rb0", Limit: 2}, "86"},
		{"blueprint", Filter{Blueprint: "none"}, ""},
		{"finished", Filter{Status: Finished}, "3210"},
		{"failed", Filter{Status: Failed}, "4"},
		{"queued", Filter{Status: Queued, Runbook: "rb1"}, "975"},
		{"context", Filter{Context: "REQ-07-id"}, "7"},
		{"since", Filter{Since: start.Add(8 * time.Minute)}, "98"},
		{"until", Filter{Until: start.Add(2 * time.Minute)}, "10"},
		{"text", Filter{Text: "foo_BAR"}, "4"},
		{"text with signs", Filter{Text: "50% of"}, "4"},
		{"signs are no wildcards", Filter{Text: "50%Foo"}, ""},
		{"text in id", Filter{Text: "07-i"}, "7"},
		{"text in delivery", Filter{Text: "d-06"}, "6"},
	} {
		runs, err := s.List(ctx, c.f)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, r := range runs {
			got += r.ID[1:2]
			if r.Event != nil || r.Outcome != nil {
				t.Error("a list with events")
			}
		}
		if got != c.want {
			t.Errorf("%s: %s instead of %s", c.name, got, c.want)
		}
	}
	if _, err := s.Run(ctx, "0"); !errors.Is(err, ErrAmbiguous) {
		t.Error(err)
	}
	for _, id := range []string{"", "zz", "\xff"} {
		if _, err := s.Run(ctx, id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}
