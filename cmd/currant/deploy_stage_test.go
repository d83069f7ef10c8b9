package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"currant/steps/xurrent/sim"
)

// stage is a copy of a blueprint, and a simulated account to deploy it to.
type stage struct {
	t    *testing.T
	dir  string
	sim  string
	data string // directory of the store
}

func newStage(t *testing.T) *stage {
	t.Helper()
	running, err := sim.Start(context.WithoutCancel(t.Context()), "127.0.0.1:0", sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	return &stage{t: t, sim: running.URL, data: filepath.Join(t.TempDir(), "data")}
}

// take copies an example into the stage.
func (s *stage) take(example string) {
	s.t.Helper()
	s.dir = filepath.Join(s.t.TempDir(), example)
	if err := os.CopyFS(s.dir, os.DirFS("../../examples/"+example)); err != nil {
		s.t.Fatal(err)
	}
}

// on runs a command about a directory on the stage's account.
func (s *stage) on(dir string, args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	return call(append(args, dir, "--sim="+s.sim, "--data-dir", s.data, "--public-url", "http://127.0.0.1:1")...)
}

// planned is the part of plan --json that is about changes: what was found to differ, by address.
type planned map[string]plannedChange

type plannedChange struct {
	Action, Kind, Address, Note string
	Fields                      []struct {
		Path          string
		Before, After any
		Drift         bool
	}
}

func (c plannedChange) paths() (paths []string) {
	for _, f := range c.Fields {
		paths = append(paths, f.Path)
	}
	slices.Sort(paths)
	return paths
}

// plan plans a directory: what is to change.
func (s *stage) plan(dir string, flags ...string) planned {
	s.t.Helper()
	code, stdout, stderr := s.on(dir, append([]string{"plan", "--json", "--detailed-exitcode"}, flags...)...)
	var answer struct {
		Changes []plannedChange
		Summary map[string]int
	}
	if err := json.Unmarshal([]byte(stdout), &answer); err != nil {
		s.t.Fatalf("plan: exit %d, %v\n%s%s", code, err, stdout, stderr)
	}
	out := planned{}
	for _, c := range answer.Changes {
		if c.Action != "none" {
			out[c.Address] = c
		}
	}
	if want := map[bool]int{true: exitDone, false: exitWrong}[len(out) == 0]; code != want {
		s.t.Errorf("plan: exit %d with %d changes, want %d", code, len(out), want)
	}
	return out
}

// is compares a plan with the changes that are expected: the paths of their fields by "action address".
func (s *stage) is(when string, got planned, want map[string][]string) {
	s.t.Helper()
	seen := map[string][]string{}
	for address, c := range got {
		seen[c.Action+" "+address] = c.paths()
	}
	for _, what := range slices.Sorted(maps.Keys(want)) {
		if paths, ok := seen[what]; !ok || !slices.Equal(paths, want[what]) {
			s.t.Errorf("%s: %s of %q, want %q", when, what, paths, want[what])
		}
		delete(seen, what)
	}
	for _, what := range slices.Sorted(maps.Keys(seen)) {
		s.t.Errorf("%s: nobody has asked for %s of %q: %+v", when, what, seen[what], got[strings.SplitN(what, " ", 2)[1]])
	}
}

// empty expects that nothing is to change.
func (s *stage) empty(when, dir string) {
	s.t.Helper()
	s.is(when, s.plan(dir), nil)
}

func (s *stage) apply(dir string) {
	s.t.Helper()
	if code, stdout, stderr := s.on(dir, "apply", "--auto-approve"); code != exitDone {
		s.t.Fatalf("apply: exit %d\n%s%s", code, stdout, stderr)
	}
}

// edit replaces a text that stands once in a file of the blueprint.
func (s *stage) edit(file, from, to string) {
	s.t.Helper()
	path := filepath.Join(s.dir, filepath.FromSlash(file))
	text, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if n := strings.Count(string(text), from); n != 1 {
		s.t.Fatalf("%s has %q %d times", file, from, n)
	}
	writeFile(s.t, path, strings.Replace(string(text), from, to, 1))
}

// ask asks the provider's account, as somebody else who works on it.
func (s *stage) ask(query string, variables map[string]any, into any) {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, sim.AddressesOf(s.sim).GraphQL, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer somebody"}, "X-Xurrent-Account": {"provider"}}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	answer := struct {
		Data   any
		Errors []any
	}{Data: into}
	if err := json.Unmarshal(text, &answer); err != nil || len(answer.Errors) > 0 {
		s.t.Fatalf("%s: %v: %s", query, err, text)
	}
}

// change makes a mutation by hand.
func (s *stage) change(mutation, input string, fields map[string]any) {
	s.t.Helper()
	var answer map[string]struct{ Errors []struct{ Message string } }
	s.ask(fmt.Sprintf("mutation($input: %s!) { %s(input: $input) { errors { message } } }", input, mutation), map[string]any{"input": fields}, &answer)
	if refused := answer[mutation].Errors; len(refused) > 0 {
		s.t.Fatalf("%s: %v", mutation, refused)
	}
}

// onAccount is the draft of an app as the account has it, as far as the tests change it by hand.
type onAccount struct {
	ID                 string
	CardDescription    string
	UIExtensionVersion struct {
		UIExtension struct{ ID string }
	}
	AutomationRules struct {
		Nodes []struct{ ID, Name string }
	}
}

func (s *stage) draft(reference string) onAccount {
	s.t.Helper()
	var answer struct{ AppOfferings struct{ Nodes []onAccount } }
	s.ask(`query($reference: String!) { appOfferings(first: 10, filter: { published: false, reference: { values: [$reference] } }) { nodes {
  id cardDescription uiExtensionVersion { uiExtension { id } } automationRules(first: 100) { nodes { id name } } } } }`,
		map[string]any{"reference": reference}, &answer)
	if len(answer.AppOfferings.Nodes) != 1 {
		s.t.Fatalf("there are %d drafts of %s", len(answer.AppOfferings.Nodes), reference)
	}
	return answer.AppOfferings.Nodes[0]
}

// imagePath is where an image of a markdown text is: an account keeps images by names of its own.
var imagePath = regexp.MustCompile(`\]\([a-z/]*images/`)

// contents are the files of a blueprint's directory that are deployed, without where their images are: by name, or
// by ending.
func (s *stage) contents(dir string, byEnding bool) map[string][]string {
	s.t.Helper()
	out := map[string][]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		ending := filepath.Ext(path)
		if err != nil || e.IsDir() || ending == ".hcl" {
			return err
		}
		text, err := os.ReadFile(path)
		if ending == ".md" {
			text = imagePath.ReplaceAll(text, []byte("](images/"))
		}
		key := path
		if byEnding {
			key = ending
		}
		out[key] = append(out[key], string(text))
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if len(out) < 5 {
		s.t.Fatalf("%s has too few files: %d", dir, len(out))
	}
	return out
}
