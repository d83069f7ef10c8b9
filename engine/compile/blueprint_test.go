package compile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
)

const greet = `runbook "greet" {
  trigger "json_endpoint" {}
  step "log" "hello" { message = "${var.greeting} ${file("name.txt")}" }
}
`

func TestNameAndEndpoint(t *testing.T) {
	o := options(t)
	o.PublicURL = "https://example.com/"
	dir := filepath.Join(t.TempDir(), "My Süß_Blueprint.2")
	for text, want := range map[string]string{
		"":                         "my-s---blueprint-2",
		"blueprint {}\n":           "my-s---blueprint-2",
		"blueprint \"other\" {}\n": "other",
	} {
		src, _ := lang.FromFiles(dir, map[string][]byte{"a.hcl": []byte(text + strings.ReplaceAll(greet, "var.greeting", "path.blueprint")), "name.txt": []byte("x")})
		bp, diags := compile.Compile(src, o)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		want = strings.Replace(want, "my-s---blueprint", "my-s--_blueprint", 1)
		runbooks, _ := bp.Scope.Lookup("runbook")
		endpoint := runbooks.GetAttr("greet").GetAttr("endpoint").AsString()
		if bp.Name != want || endpoint != "https://example.com/inbound/"+want+"/greet" {
			t.Errorf("%q: %q %q", text, bp.Name, endpoint)
		}
	}
}

func TestRequiredVersion(t *testing.T) {
	for _, c := range []struct {
		constraint, version, want string
		severity                  hcl.DiagnosticSeverity
	}{
		{">= 0.1", "0.2.0", "", 0},
		{">= 0.1, < 0.2", "0.2.0", "this is Currant 0.2.0", hcl.DiagError},
		{">= 9", "", "development build", hcl.DiagWarning},
		{"newest", "0.2.0", "no version constraint", hcl.DiagError},
	} {
		o := options(t)
		o.Version = c.version
		_, diags := compile.Compile(source(t, "blueprint \"a\" { required_version = \""+c.constraint+"\" }\n"), o)
		if c.want == "" {
			if len(diags) > 0 {
				t.Error(diags)
			}
			continue
		}
		if len(diags) != 1 || diags[0].Severity != c.severity || !strings.Contains(diags[0].Detail, c.want) {
			t.Errorf("%+v: %v", c, diags)
		}
	}
}

// A byte order mark and CRLF are accepted, and lines are counted right.
func TestByteOrderMarkAndCRLF(t *testing.T) {
	text := "\xEF\xBB\xBF" + strings.ReplaceAll(greet+"locals {\n  a = local.nope\n}\n", "\n", "\r\n")
	text = strings.ReplaceAll(text, "${var.greeting} ${file(\"name.txt\")}", "x")
	_, diags := compile.Compile(source(t, text), options(t))
	if len(diags) != 1 || diags[0].Subject.Start.Line != 6 {
		t.Fatal(diags)
	}
}

// Files that functions read may not lie outside, by themselves or through a link.
func TestPathsStayInside(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{filepath.Join(outside, "secret.txt"): "outside", filepath.Join(dir, "in.txt"): "inside"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(outside, "secret.txt"), filepath.Join(dir, "link.txt")); err != nil {
		t.Skip(err)
	}
	for path, want := range map[string]string{"in.txt": "", "./in.txt": "", "link.txt": "leads out", "../x": "..", "/etc/passwd": "absolute", "": "empty", "no.txt": "no such file"} {
		src := &lang.Source{Dir: dir, Files: []lang.File{{Name: "a.hcl", Bytes: []byte("locals { a = file(\"" + path + "\") }\n")}}}
		bp, diags := compile.Compile(src, options(t))
		if (want == "") == diags.HasErrors() || !strings.Contains(diags.Error(), want) {
			t.Errorf("%q: %v", path, diags)
		}
		if want == "" {
			if v, _ := bp.Scope.Lookup("local"); v.GetAttr("a").AsString() != "inside" {
				t.Errorf("%q: %#v", path, v)
			}
		}
	}
}

// What a run began with can be compiled again from the stored text, whatever the disk holds now.
func TestBundleIsTheWholeContent(t *testing.T) {
	files := map[string]string{"a.hcl": greet + "variable \"greeting\" { default = \"Hello\" }\nvariable \"key\" {\n  type      = string\n  sensitive = true\n}\n", "name.txt": "Ann"}
	o := options(t)
	o.Values = lang.Values{Set: map[string]string{"greeting": "Hi", "key": "k3y"}}
	src := sourceOf(t, files)
	bp, diags := compile.Compile(src, o)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if strings.Contains(string(bp.Bundle), "k3y") {
		t.Error("the secret is kept")
	}
	o.Values.Set = map[string]string{"greeting": "Bye", "key": "other"}
	again, values, err := compile.Unbundle(bp.Bundle, o.Values)
	if err != nil {
		t.Fatal(err)
	}
	o.Values = values
	old, diags := compile.Compile(again, o)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if old.Name != bp.Name {
		t.Errorf("name %q, was %q", old.Name, bp.Name)
	}
	v, diags := old.Runbook("greet").Nodes["hello"].Body.Eval(old.Scope)
	if diags.HasErrors() || !v.GetAttr("message").RawEquals(cty.StringVal("Hi Ann")) {
		t.Errorf("%#v %v", v, diags)
	}
	vars, _ := old.Scope.Lookup("var")
	if key, _ := vars.GetAttr("key").Unmark(); key.AsString() != "other" {
		t.Error("a secret is that of the present settings")
	}
	for name, change := range map[string]func(map[string]string){
		"a source":            func(f map[string]string) { f["a.hcl"] += "# x\n" },
		"a file that is read": func(f map[string]string) { f["name.txt"] = "Bo" },
	} {
		changed := map[string]string{"a.hcl": files["a.hcl"], "name.txt": files["name.txt"]}
		change(changed)
		src2 := sourceOf(t, changed)
		src2.Dir = src.Dir
		for i := range src2.Files {
			src2.Files[i].Name = src.Files[i].Name
		}
		o.Values = lang.Values{Set: map[string]string{"greeting": "Hi", "key": "k3y"}}
		other, diags := compile.Compile(src2, o)
		if diags.HasErrors() || other.Digest == bp.Digest {
			t.Errorf("%s does not change the digest: %v", name, diags)
		}
	}
}
