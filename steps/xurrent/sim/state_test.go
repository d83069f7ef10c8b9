package sim

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"currant/steps/xurrent/sim/graph"
)

// Who is killed has lost the last moment only, and a file is always whole. It is for its owner only.
func TestKilled(t *testing.T) {
	o := Options{State: filepath.Join(t.TempDir(), "new", "sim.state"), saveEvery: 5 * time.Millisecond}
	s := start(t, o)
	kept := filepath.Join(t.TempDir(), "copy")
	for i := range 5 {
		s.request(fmt.Sprint("request ", i))
		for want := i + 1; ; time.Sleep(time.Millisecond) { // polled: nobody tells of a file
			text, err := os.ReadFile(o.State)
			if err != nil {
				continue
			}
			if err := os.WriteFile(kept, text, 0o600); err != nil {
				t.Fatal(err)
			}
			from, _, err := readState(kept)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Count(string(from.World), `"request `) == want {
				break
			}
		}
	}
	n := start(t, Options{State: kept})
	n.query(`{requests(filter:{query:"request"},first:100){nodes{subject}}}`).is(t, 200, "request 0", "request 4")
	for path, want := range map[string]os.FileMode{o.State: 0o600, filepath.Dir(o.State): 0o700} {
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
}

// What does not change is not written again, and who never served anyone writes nothing.
func TestUnchangedStateIsLeft(t *testing.T) {
	o := Options{State: filepath.Join(t.TempDir(), "sim.state")}
	for i, want := range []bool{false, true, true} {
		s := start(t, o)
		if i == 1 {
			s.request("one")
		}
		if err := s.sim.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(o.State); (err == nil) != want {
			t.Errorf("start %d: %v", i, err)
		}
	}
	s := start(t, o)
	s.request("two")
	if err := s.sim.save(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(o.State+".new", 0o700); err != nil { // from here on no write can succeed
		t.Fatal(err)
	}
	writeTo(t, filepath.Join(o.State+".new", "x"), "x")
	s.query(`{people(first:1){nodes{id}}}`)
	if err := s.sim.save(); err != nil {
		t.Errorf("it writes after a question: %v", err)
	}
	s.request("three")
	if err := s.sim.save(); err == nil || !strings.Contains(err.Error(), "not saved") {
		t.Errorf("it does not write after a change: %v", err)
	}
	if err := os.RemoveAll(o.State + ".new"); err != nil {
		t.Fatal(err)
	}
}

func writeTo(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// packed is a text as a state file has it.
func packed(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A file that is damaged, or of another version, is reported and put aside, and the account begins anew; one that cannot be opened
// is an error.
func TestDamagedState(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sim.state")
	s := provide(t, Options{State: path})
	s.offer("acme_widget", "http://127.0.0.1:1/in?customer_account_id={account}", allow("client_credentials"))
	s.control("POST", "/sim/install", map[string]any{"app": "acme_widget", "customer": "globex"}, nil)
	s.subscribe(receive(t, always(200)), "request.create", "", true)
	s.request("x")
	if _, err := s.sim.keys.of("acme", "ES256"); err != nil {
		t.Fatal(err)
	}
	if err := s.sim.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	change := func(old, with string) string {
		if !strings.Contains(string(text), old) {
			t.Fatalf("no %s in the state", old)
		}
		return packed(t, strings.Replace(string(text), old, with, 1))
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, content := range map[string]string{
		"": string(whole), "empty": "", "text": "nonsense", "cut": string(whole[:len(whole)/2]), "one bit": string(flipped), "no JSON": packed(t, "{"), "null": packed(t, "null"),
		"list": packed(t, "[]"), "older": change(`"version":1`, `"version":0`), "newer": change(`"version":1`, `"version":2`), "time": change(`"ahead":0`, `"ahead":-5`),
		"type": change(`"type":"Request"`, `"type":"Gone"`), "account": change(`"id":"globex"`, `"id":"GLOBEX"`), "customer": change(`"customer":"globex"`, `"customer":"none"`),
		"credentials": change(`"client":"sim-app-`, `"client":"known-`), "key": change(`"private":"`, `"private":"AAAA`), "secret": change(`"secret":"`, `"secret":"","x":"`),
	} {
		writeTo(t, path, content)
		if err := os.RemoveAll(path + damagedSuffix); err != nil {
			t.Fatal(err)
		}
		var logged strings.Builder
		n := start(t, Options{State: path, Log: slog.New(slog.NewTextHandler(&logged, nil))})
		found := strings.Contains(n.query(`{requests(filter:{subject:{values:["x"]}}){nodes{subject}}}`).body, `"x"`)
		damage := n.sim.Damaged()
		if err := n.sim.Close(); err != nil {
			t.Error(err)
		}
		aside, err := os.ReadFile(path + damagedSuffix)
		if name == "" {
			if damage != nil || !found || err == nil {
				t.Fatalf("what is whole: %v, %v, %v", damage, found, err)
			}
			continue
		}
		if damage == nil || !strings.Contains(damage.Error(), "put aside as sim.state.damaged") || found || err != nil || string(aside) != content || !strings.Contains(logged.String(), "begins anew") {
			t.Errorf("%s: %v, found %v, aside: %v, logged %q", name, damage, found, err, logged.String())
		}
		if n = start(t, Options{State: path}); n.sim.Damaged() != nil {
			t.Errorf("%s: the one that began anew: %v", name, n.sim.Damaged())
		}
		if err := n.sim.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := New(Options{State: dir}); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("a directory as state: %v", err)
	}
}

// Of many files the newest keep their content, the others what else is known of them.
func TestSavedFilesAreBounded(t *testing.T) {
	from, to := newStore(), newStore()
	for i := range 4 {
		from.put(&file{key: fmt.Sprint("k", i), media: "text/plain", size: 20 << 20, content: make([]byte, 20<<20)})
	}
	to.restore("s", from.save())
	for i, lost := range []bool{true, false, false, false} {
		if f, ok := to.get(fmt.Sprint("k", i)); !ok || f.lost != lost || f.size != 20<<20 || (len(f.content) == 0) != lost {
			t.Errorf("file %d: %v", i, ok)
		}
	}
}

// FuzzState: whatever is in the file, the service starts and answers.
func FuzzState(f *testing.F) {
	const records = `"records":[{"type":"Webhook","slots":["name","W","event","request.create","uri","http://127.0.0.1:1/"]}]`
	hook := base64.RawURLEncoding.EncodeToString([]byte("4me.xurrent.com/Webhook/1"))
	f.Add(`{"version":1,"base":"http://127.0.0.1:2","lines":3,"secret":"s","world":[{"id":"acme",`+records+`}],"webhooks":[{"account":"acme","id":"`+hook+`"}],"files":[{"key":"k","size":1,"content":"eA=="}]}`, true)
	f.Add(`{"version":1,"secret":"s","world":[{"id":"acme","records":[]}],"webhooks":[{"account":"acme"}],"installations":[{"provider":"acme","customer":"acme"}],"keys":{"acme":[{}]}}`, true)
	f.Add("\x1f\x8b", false)
	path := filepath.Join(f.TempDir(), "sim.state")
	f.Fuzz(func(t *testing.T, text string, pack bool) {
		if pack {
			text = packed(t, text)
		}
		writeTo(t, path, text)
		s, err := New(Options{State: path})
		if err != nil {
			t.Fatal(err)
		}
		s.SetBase("http://127.0.0.1:1")
		s.apps.find("", "", "")
		if a, ok := s.Account("acme"); ok {
			a.Execute(t.Context(), graph.Caller{}, graph.Request{Query: `{people(first:1){nodes{id}} webhooks{nodes{id}}}`})
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
