package blueprints

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"currant/steps"
	"currant/steps/xurrent/api"
)

func TestFailuresPointAtTheirAttribute(t *testing.T) {
	at := func(r api.Request) string { // the mutation's name
		_, rest, _ := strings.Cut(r.Text, "{ ")
		name, _, _ := strings.Cut(rest, "(")
		return name
	}
	for _, tc := range []struct{ mutation, path, want, line string }{
		{"appOfferingCreate", `["attributes","cardDescription"]`, "card_description", "card_description"},
		{"appOfferingCreate", `["attributes","newScopes","1","actions"]`, "scope[1].actions", `["person:Read"]`},
		{"appOfferingCreate", `"newScopes/1"`, "scope[1]", "scope {\n    actions    = [\"person"},
		{"appOfferingCreate", `["pictureUri"]`, "picture", "picture "},
		{"appOfferingCreate", `["attributes","policy_jwt_alg"]`, "policy.algorithm", "algorithm "},
		{"appOfferingCreate", `["serviceInstance"]`, "service_instance", "service_instance"},
		{"appOfferingCreate", `["descriptionAttachments","0","key"]`, "description", "  description "},
		{"appOfferingCreate", `["reference"]`, "reference", "app \"survey\""},
		{"appOfferingCreate", `["disabled"]`, "disabled", "app \"survey\""},
		{"appOfferingCreate", `["somethingElse"]`, "", "app \"survey\""},
		{"appOfferingCreate", `null`, "", "app \"survey\""},
		{"uiExtensionCreate", `["attributes","html"]`, "html", "html  = \"<input id=\\\"form_url"},
		{"appOfferingAutomationRuleCreate", `["attributes","expressions",1,"value"]`, `expression["url"].value`, `expression "url"`},
		{"appOfferingAutomationRuleCreate", `["attributes","condition"]`, `condition`, "condition = \"completed\""},
	} {
		t.Run(tc.mutation+tc.path, func(t *testing.T) {
			a := prepared(t)
			p := a.plan(a.target(shopBlueprint))
			x := &refusing{account: a, when: func(r api.Request) bool { return at(r) == tc.mutation },
				payload: `{"` + tc.mutation + `":{"errors":[{"message":"No good","path":` + tc.path + `}]}}`}
			var last Done
			err := p.Apply(context.Background(), x, func(d Done) { last = d })
			var failed *Failure
			if !errors.As(err, &failed) {
				t.Fatalf("got %v", err)
			}
			line := 1 + strings.Count(shopBlueprint[:strings.Index(shopBlueprint, tc.line)], "\n")
			if failed.Path != tc.want || failed.Range.Start.Line != line || !strings.Contains(err.Error(), "No good") {
				t.Errorf("%q at line %d, want %q at %d: %v", failed.Path, failed.Range.Start.Line, tc.want, line, err)
			}
			if last.Err == nil || last.Change != failed.Change {
				t.Errorf("told %+v", last)
			}
			if tc.want == "" && tc.path != "null" && !strings.Contains(err.Error(), "somethingElse") {
				t.Errorf("the path is lost: %v", err)
			}
		})
	}
}

// refusing answers some requests itself.
type refusing struct {
	*account
	when    func(api.Request) bool
	payload string
	err     error
}

func (x *refusing) Do(ctx context.Context, r api.Request) (*api.Answer, error) {
	if x.when(r) {
		if x.err != nil {
			return nil, x.err
		}
		return &api.Answer{Data: json.RawMessage(x.payload)}, nil
	}
	return x.account.Do(ctx, r)
}

func TestGraphQLErrorsPointAtTheirAttribute(t *testing.T) {
	a := prepared(t)
	p := a.plan(a.target(shopBlueprint))
	x := &refusing{account: a, when: func(r api.Request) bool { return strings.Contains(r.Text, "mutation") },
		err: steps.Errorf(steps.GraphQLError, "Errors from Xurrent GraphQL API: Variable $input of type AppOfferingCreateInput! was provided invalid value for newScopes.0.effect (Expected \"maybe\" to be one of: allow, deny)")}
	var failed *Failure
	if err := p.Apply(context.Background(), x, nil); !errors.As(err, &failed) || failed.Path != "scope[0].effect" {
		t.Errorf("%q: %v", failed.Path, err)
	}
}

func TestAnswersOfAnotherFormAreErrors(t *testing.T) {
	a := prepared(t)
	for _, data := range []string{`[]`, `{}`, `{"apps":null}`, `{"apps":{"nodes":5}}`, `{"apps":{"nodes":[[]],"pageInfo":{"hasNextPage":true,"endCursor":"x"}}}`, `"x"`, `{"apps":`} {
		x := &refusing{account: a, when: func(api.Request) bool { return true }, payload: data}
		if _, err := Compare(context.Background(), x, a.target(shopBlueprint)); err == nil {
			t.Errorf("%s was taken", data)
		}
	}
	p := a.plan(a.target(shopBlueprint))
	for _, data := range []string{`[]`, `{}`, `{"appOfferingCreate":null}`, `{"appOfferingCreate":{"appOffering":null}}`, `{"appOfferingCreate":{"errors":5,"appOffering":{"id":7}}}`} {
		x := &refusing{account: a, when: func(r api.Request) bool { return !r.Read }, payload: data}
		p.applied = false
		if err := p.Apply(context.Background(), x, nil); err == nil {
			t.Errorf("%s was taken", data)
		}
	}
}

// FuzzBlame: paths come from the service.
func FuzzBlame(f *testing.F) {
	for _, path := range []string{"attributes/newScopes/0/actions", "newScopes[1].effect", "newScopes/-1", "newScopes/99999999999999999999/x", "//", "pictureUri", "$input.input"} {
		f.Add(path)
	}
	a := prepared(f)
	var r reader
	app := r.declare(a.target(shopBlueprint)).apps[0]
	f.Fuzz(func(t *testing.T, path string) {
		if got, at := app.blame(path); got != "" && at.Start.Line == 0 {
			t.Errorf("%q is %q nowhere", path, got)
		}
	})
}
