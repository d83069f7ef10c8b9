package flow

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

var noon = time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)

func TestWait(t *testing.T) {
	for _, tc := range []struct {
		name, src string
		until     time.Time
		requested float64
	}{
		{"duration", `duration = "90s"`, noon.Add(90 * time.Second), 90},
		{"until", `until = "2030-01-31T13:00:00Z"`, noon.Add(time.Hour), 3600},
		{"zone", `until = "2030-01-31T14:00:00+01:00"`, noon.Add(time.Hour), 3600},
		{"now", `until = "2030-01-31T12:00:00Z"`, time.Time{}, 0},
		{"past", `until = "2020-01-31T13:00:00Z"`, time.Time{}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := &steps.Call{Now: noon, Args: args(t, Wait, tc.src, nil)}
			out, err := Wait.Do(context.Background(), c)
			now := noon
			if !tc.until.IsZero() {
				var p *steps.Park
				if !errors.As(err, &p) || !p.Until.Equal(tc.until) || p.Cursor == nil {
					t.Fatalf("got %v", err)
				}
				// Woken too early, it sleeps on; the cursor alone says until when.
				early := &steps.Call{Now: tc.until.Add(-time.Millisecond), Args: c.Args, Cursor: p.Cursor}
				if _, err = Wait.Do(context.Background(), early); !errors.As(err, &p) || !p.Until.Equal(tc.until) {
					t.Fatalf("woken early: %v", err)
				}
				now = tc.until.Add(1500 * time.Millisecond)
				out, err = Wait.Do(context.Background(), &steps.Call{Now: now, Args: c.Args, Cursor: p.Cursor})
			}
			if err != nil {
				t.Fatal(err)
			}
			same(t, out, object("started_at", str("2030-01-31T12:00:00Z"), "completed_at", str(stamp(now)),
				"requested_wait", cty.NumberFloatVal(tc.requested), "actual_wait", cty.NumberFloatVal(now.Sub(noon).Seconds())))
		})
	}
}

func TestWaitErrors(t *testing.T) {
	secret := map[string]cty.Value{"v": lang.MarkSensitive(str("hunter2")), "n": cty.NullVal(cty.String)}
	for _, tc := range []struct{ src, want string }{
		{"until = \"tomorrow\"", "\"tomorrow\" is no RFC 3339 time"},
		{"until = v", "(sensitive value) is no RFC 3339 time"},
		{"until = n", "both null"},
	} {
		_, err := Wait.Do(context.Background(), &steps.Call{Now: noon, Args: args(t, Wait, tc.src, secret)})
		var e *steps.Error
		if !errors.As(err, &e) || e.Kind != steps.InputError || !strings.Contains(e.Message, tc.want) || strings.Contains(e.Message, "hunter2") {
			t.Errorf("%s: %v", tc.src, err)
		}
	}
	for _, tc := range []struct{ src, want string }{
		{"", "One of \"duration\" and \"until\""},
		{"duration = \"1h\"\nuntil = \"2030-01-31T13:00:00Z\"", "Conflicting"},
		{"duration = \"1 hour\"", "Invalid value for \"duration\""},
		{"until = \"noon\"", "is no RFC 3339 time"},
		{"until = v", "(sensitive value)"},
	} {
		expect(t, checked(t, Wait, tc.src, secret, nil), tc.want)
	}
}

func TestSet(t *testing.T) {
	secret := lang.MarkSensitive(str("s"))
	a := args(t, Set, "n = 1\nwho = v", map[string]cty.Value{"v": secret})
	c := &steps.Call{Args: a}
	out, err := Set.Do(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	same(t, out, object("n", number(1), "who", secret))
	same(t, c.States["n"], number(1))
	same(t, c.States["who"], secret)
	if !Set.SetsState {
		t.Error("set does not say that it sets state")
	}
	states := func(c *steps.Check) { c.States = map[string]cty.Type{"count": cty.Number, "who": cty.String} }
	vars := map[string]cty.Value{"v": lang.MarkSensitive(str("hunter2"))}
	for _, tc := range []struct{ src, want string }{
		{"count = 1", ""},
		{"count = \"1\"\nwho = null", ""},
		{"count = []", "Inappropriate value for the state \"count\""},
		{"count = v", "the value does not fit the type"},
		{"cuont = 1", "Did you mean \"count\""},
	} {
		expect(t, checked(t, Set, tc.src, vars, states), tc.want)
	}
	check, _ := bound(t, Set, "count = \"1\"", nil)
	states(check)
	if got := Set.OutputType(check); !got.Equals(cty.Object(map[string]cty.Type{"count": cty.Number})) {
		t.Errorf("got %#v", got)
	}
}

func TestCompute(t *testing.T) {
	vars := map[string]cty.Value{"v": lang.MarkSensitive(str("s")), "u": cty.UnknownVal(cty.List(cty.String)), "x": cty.NullVal(cty.String)}
	out, err := Compute.Do(context.Background(), &steps.Call{Args: args(t, Compute, "a = v\nb = upper(\"b\")\nc = x\nwhen = true", vars)})
	if err != nil {
		t.Fatal(err)
	}
	same(t, out, object("a", vars["v"], "b", str("B"), "c", cty.NullVal(cty.String)))
	check, _ := bound(t, Compute, "a = u\nb = 1", vars)
	if got := Compute.OutputType(check); !got.Equals(cty.Object(map[string]cty.Type{"a": cty.List(cty.String), "b": cty.Number})) {
		t.Errorf("got %#v", got)
	}
	out, err = Compute.Do(context.Background(), &steps.Call{Args: args(t, Compute, "", nil)})
	if err != nil || !out.RawEquals(cty.EmptyObjectVal) {
		t.Errorf("got %#v, %v", out, err)
	}
}

func TestX3LogMasksMessages(t *testing.T) {
	vars := map[string]cty.Value{"v": lang.MarkSensitive(str("hunter2"))}
	c := &steps.Call{Args: args(t, Log, "message = \"is ${v}\"\nlevel = \"warn\"\ndata = { x = v }", vars)}
	if _, err := Log.Do(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	if len(c.Lines) != 1 || c.Lines[0].Message != masked || c.Lines[0].Level != "warn" || !lang.IsSensitive(c.Lines[0].Data) {
		t.Errorf("got %+v", c.Lines)
	}
	c = &steps.Call{Args: args(t, Log, "message = 5", nil)}
	if _, err := Log.Do(context.Background(), c); err != nil || c.Lines[0].Message != "5" || c.Lines[0].Level != "info" || c.Lines[0].Data != cty.NilVal {
		t.Errorf("got %+v, %v", c.Lines, err)
	}
	expect(t, checked(t, Log, "message = \"\"\nlevel = \"wran\"", nil, nil), "Did you mean \"warn\"")
	expect(t, checked(t, Log, "", nil, nil), "\"message\" is required")
}

func TestX3FailAndFinishMaskMessages(t *testing.T) {
	vars := map[string]cty.Value{"v": lang.MarkSensitive(str("hunter2")), "n": cty.NullVal(cty.String)}
	for _, tc := range []struct{ src, kind, message, finish string }{
		{"", "fail", "Stopped", finished},
		{"message = n", "fail", "Stopped", finished},
		{"message = \"Oh\"", "fail", "Oh", "Oh"},
		{"message = \"100%d\"", "fail", "100%d", "100%d"},
		{"message = v", "fail", masked, masked},
	} {
		_, err := Fail.Do(context.Background(), &steps.Call{Args: args(t, Fail, tc.src, vars)})
		var e *steps.Error
		if !errors.As(err, &e) || string(e.Kind) != tc.kind || e.Message != tc.message || e.Final {
			t.Errorf("fail %s: %v", tc.src, err)
		}
		_, err = Finish.Do(context.Background(), &steps.Call{Args: args(t, Finish, tc.src, vars)})
		var f *steps.Finish
		if !errors.As(err, &f) || f.Message != tc.finish {
			t.Errorf("finish %s: %v", tc.src, err)
		}
	}
	_, err := Fail.Do(context.Background(), &steps.Call{Args: args(t, Fail, "kind = \"not_found\"", nil)})
	var e *steps.Error
	if !errors.As(err, &e) || e.Kind != steps.NotFoundError {
		t.Errorf("got %v", err)
	}
	expect(t, checked(t, Fail, "kind = \"notfound\"", nil, nil), "Did you mean \"not_found\"")
	if got := strings.Join(Fail.Spec().Field("kind").Enum, " "); got != strings.Join(steps.ErrorKinds, " ") {
		t.Errorf("fail knows the kinds %s", got)
	}
}
