package xurrent

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
	"currant/steps/xurrent/sim"
)

const created = `
  mutation = "requestCreate"
  input = {
    subject  = "Printer on fire"
    category = "incident"
    source   = "Currant"
    sourceID = "1"
  }
`

func TestMutation(t *testing.T) {
	w := newWorld(t, sim.Options{})
	k := newMutation(w.deps)
	out, err := k.Do(t.Context(), w.call(k, created))
	if err != nil {
		t.Fatal(err)
	}
	if got := out.GetAttr("request").GetAttr("subject"); !got.RawEquals(cty.StringVal("Printer on fire")) {
		t.Errorf("got %#v", out)
	}
	for _, name := range []string{"ratelimit", "costlimit", "request_id"} {
		if !out.Type().HasAttribute(name) || out.GetAttr(name).IsNull() {
			t.Errorf("no %s in %#v", name, out)
		}
	}
	checked, _ := bound(t, k.Spec(), created, nil)
	checked.Connection = cty.ObjectVal(map[string]cty.Value{"account_id": cty.StringVal("wdc")})
	if typ := k.Output(checked); !out.Type().Equals(typ) {
		if _, problem := cty.Transform(out, func(_ cty.Path, v cty.Value) (cty.Value, error) { return v, nil }); problem != nil || !typ.IsObjectType() || !typ.HasAttribute("request") {
			t.Errorf("typed as %#v", typ)
		}
	}
}

func TestP16PayloadErrors(t *testing.T) {
	w := newWorld(t, sim.Options{})
	k := newMutation(w.deps)
	var e *steps.Error
	_, err := k.Do(t.Context(), w.call(k, "mutation = \"requestCreate\"\ninput = { subject = \"\", category = \"incident\" }"))
	if !errors.As(err, &e) || e.Kind != steps.MutationError || !strings.Contains(e.Message, "Subject can't be blank (attributes.subject)") {
		t.Errorf("got %v", err)
	}
	if _, err := k.Do(t.Context(), w.call(k, created)); err != nil {
		t.Errorf("the control: %v", err)
	}
}

func TestP20NotFound(t *testing.T) {
	w := newWorld(t, sim.Options{})
	k := newMutation(w.deps)
	var e *steps.Error
	if _, err := k.Do(t.Context(), w.call(k, "mutation = \"requestUpdate\"\ninput = { id = \"bm8\", subject = \"x\" }")); !errors.As(err, &e) || e.Kind != steps.NotFoundError {
		t.Errorf("got %v", err)
	}
}

// A create of which is not known whether it was made is looked up by its source and sourceID (LANGUAGE section
// 3, interrupted), and made only where it is not there.
func TestD6DoubtfulCreateIsLookedUp(t *testing.T) {
	w := newWorld(t, sim.Options{})
	k := newMutation(w.deps)
	before := w.stored().Records()
	c := w.call(k, created)
	c.Doubt = true
	first, err := k.Do(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if n := w.stored().Records(); n != before+1 {
		t.Fatalf("%d records were made, want 1", n-before)
	}
	again, err := k.Do(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if n := w.stored().Records(); n != before+1 {
		t.Errorf("%d records were made, want 1", n-before)
	}
	if a, b := first.GetAttr("request").GetAttr("id"), again.GetAttr("request").GetAttr("id"); !a.RawEquals(b) {
		t.Errorf("made %#v, found %#v", a, b)
	}
	if !first.GetAttr("request").Type().Equals(again.GetAttr("request").Type()) {
		t.Errorf("made %#v, found %#v", first.Type(), again.Type())
	}
	c.Doubt = false
	if _, err := k.Do(t.Context(), c); err == nil {
		if n := w.stored().Records(); n != before+2 {
			t.Errorf("without doubt nothing is looked up: %d records", n-before)
		}
	}
}

// The answer to a create is lost: the next attempt, which a retry block makes, finds what the first one made.
func TestLostAnswerOfACreate(t *testing.T) {
	w := newWorld(t, sim.Options{})
	k := newMutation(w.deps)
	if _, err := w.account.Model(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	before := w.stored().Records()
	w.fault(`{"operation": "requestCreate", "kind": "reset", "handled": true, "times": 1}`)
	c := w.call(k, created)
	var e *steps.Error
	if _, err := k.Do(t.Context(), c); !errors.As(err, &e) || e.Kind != steps.NetworkError {
		t.Fatalf("the answer was to be lost: %v", err)
	}
	c.Attempt, c.Doubt = 2, true
	if _, err := k.Do(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if n := w.stored().Records(); n != before+1 {
		t.Errorf("%d records were made, want 1", n-before)
	}
}

func TestP48InlineImage(t *testing.T) {
	w := newWorld(t, sim.Options{})
	stored, err := Upload.Do(t.Context(), w.call(Upload, "file_name = \"d.png\"\nfile_content_base64 = \"iVBORw0KGgo=\""))
	if err != nil {
		t.Fatal(err)
	}
	key := stored.GetAttr("storage_key").AsString()
	k := newMutation(w.deps)
	_, err = k.Do(t.Context(), w.call(k, fmt.Sprintf(`mutation = "noteCreate"
input = {
  ownerId     = %q
  text        = "Before ![diagram](%s) after"
  attachments = [{ key = %q, inline = true }]
}`, w.stored().All("Request")[0]["id"], key, key)))
	if err != nil {
		t.Fatal(err)
	}
	if w.requests(`"attachments":[{"inline":true,"key":"`+key+`"}]`) != 1 {
		t.Error("the attachment was not sent as inline")
	}
}
