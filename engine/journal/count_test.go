package journal

import (
	"fmt"
	"testing"
)

func TestCounts(t *testing.T) {
	s := open(t, dataDir(t))
	for i := range 6 {
		r := newRun(fmt.Sprint("r", i))
		accept(t, s, r)
		switch {
		case i < 3:
			finish(t, s, r.ID)
		case i == 3:
			commit(t, s, Write{Run: r.ID, End: &End{Status: Failed, At: start}})
		}
	}
	got, err := s.Counts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got.Accepted != 6 || got.ByStatus[Finished] != 3 || got.ByStatus[Failed] != 1 || got.ByStatus[Queued] != 2 || got.ByStatus[Held] != 0 {
		t.Errorf("%+v", got)
	}
}
