package lang

import (
	"crypto/sha512"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

var updateFunctions = flag.Bool("update-functions", false, "write testdata/functions/list.golden")

// memoryFiles are the files that function tests see.
type memoryFiles map[string]string

func (m memoryFiles) ReadFile(rel string) ([]byte, error) {
	if s, ok := m[rel]; ok {
		return []byte(s), nil
	}
	return nil, fmt.Errorf("open %s: %w", rel, fs.ErrNotExist)
}

func (m memoryFiles) Glob(pattern string) ([]string, error) {
	var out []string
	for name := range m {
		if dir, ok := strings.CutSuffix(pattern, "/*"); ok && strings.HasPrefix(name, dir+"/") {
			out = append(out, name)
		}
	}
	return out, nil
}

var exampleFiles = memoryFiles{
	"ui/a.txt":      "hello",
	"ui/b.txt":      "x",
	"greet.tmpl":    "Hello ${name}%{ for t in tags }, ${upper(t)}%{ endfor }!",
	"self.tmpl":     `${templatefile("self.tmpl", {})}`,
	"heavy.tmpl":    `%{ for a in range(100000) }%{ for b in range(100000) }.%{ endfor }%{ endfor }`,
	"broken.tmpl":   "${",
	"secret.tmpl":   "${tonumber(secret)}",
	"wide.tmpl":     "${length(range(10))}",
	"bytes.bin":     "\xff\xfe",
	"outside.tmpl":  "${var.x}",
	"timestamp.txt": "${timestamp()} ${uuid()}",
}

var exampleFunctions = Functions(FunctionOptions{Files: exampleFiles})

// exampleTime is when the examples run.
var exampleTime = time.Date(2026, 11, 22, 3, 4, 5, 0, time.UTC)

func runningEval() *Eval {
	e := NewEval(EvalLimits{Time: time.Minute})
	e.Now, e.Seed = func() (time.Time, bool) { return exampleTime, true }, "run|step|0"
	e.Random = func(purpose string, n int) ([]byte, error) {
		sum := sha512.Sum512([]byte(purpose))
		return sum[:n], nil
	}
	e.CustomerSecret = func(account, name string) (string, bool, error) { return account + "/" + name, name != "none", nil }
	return e
}

func parseTestExpr(t testing.TB, src string) hclsyntax.Expression {
	t.Helper()
	e, diags := hclsyntax.ParseExpression([]byte(src), "test.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s: %s", src, diags)
	}
	return Instrument(e)
}

func evalExpr(t testing.TB, src string, e *Eval, vars map[string]cty.Value) (cty.Value, hcl.Diagnostics) {
	t.Helper()
	ctx := &hcl.EvalContext{Functions: exampleFunctions, Variables: map[string]cty.Value{}}
	for k, v := range vars {
		ctx.Variables[k] = v
	}
	if e != nil {
		e.Install(ctx)
	}
	return Value(parseTestExpr(t, src), ctx)
}

// examples has at least one line for each function: an expression and another of the same value, or
// `error: ` and a part of the error.
var examples = map[string][][2]string{
	"abs":              {{`abs(-12.4)`, `12.4`}, {`abs(null)`, `error: must not be null`}},
	"ceil":             {{`ceil(5.1)`, `6`}, {`ceil("1.5")`, `2`}},
	"floor":            {{`floor(-0.5)`, `-1`}, {`floor("1e600000000")`, `error: beyond 1e400`}},
	"log":              {{`log(16, 2)`, `4`}, {`log(0, 2)`, `error: above 0`}, {`log(2, 1)`, `error: base 1`}},
	"max":              {{`max(12, 54, 3)`, `54`}, {`max([1, 2]...)`, `2`}},
	"min":              {{`min(12, 54, 3)`, `3`}},
	"parseint":         {{`parseint("FF", 16)`, `255`}, {`parseint("12", 2)`, `error: cannot parse`}, {`parseint(join("", [for i in range(500) : 1]), 10)`, `error: 400 digits`}},
	"pow":              {{`pow(3, 2)`, `9`}, {`pow(10, 400)`, `error: beyond 1e400`}},
	"signum":           {{`signum(-13)`, `-1`}},
	"sum":              {{`sum([10, "13", 6.5])`, `29.5`}, {`sum([])`, `error: no sum`}, {`sum(toset([1, 2]))`, `3`}, {`sum([1, "x"])`, `error: number is required`}},
	"chomp":            {{`chomp("hello\r\n\n")`, `"hello"`}},
	"endswith":         {{`endswith("hello", "lo")`, `true`}},
	"format":           {{`format("%s has %03d, %v, %.2f", "a", 7, [1], 1.005)`, `"a has 007, [1], 1.00"`}, {`format("%999999999d", 1)`, `error: above 10000`}},
	"formatlist":       {{`formatlist("%s-%s", ["a", "b"], "x")`, `tolist(["a-x", "b-x"])`}},
	"indent":           {{`indent(2, "a\nb")`, `"a\n  b"`}, {`indent(999999999, "a\nb")`, `error: whole number from`}},
	"join":             {{`join("-", ["a", "b"], ["c"])`, `"a-b-c"`}},
	"lower":            {{`lower("ÄB")`, `"äb"`}},
	"split":            {{`split(",", "a,b,")`, `tolist(["a", "b", ""])`}},
	"startswith":       {{`startswith("hello", "he")`, `true`}},
	"strcontains":      {{`strcontains("hello", "xl")`, `false`}},
	"strrev":           {{`strrev("☃ab")`, `"ba☃"`}},
	"substr":           {{`substr("hello world", 1, 4)`, `"ello"`}, {`substr("hello", -2, -1)`, `"lo"`}},
	"title":            {{`title("hello world")`, `"Hello World"`}},
	"trim":             {{`trim("?!hello?!", "!?")`, `"hello"`}},
	"trimprefix":       {{`trimprefix("helloworld", "hello")`, `"world"`}},
	"trimspace":        {{`trimspace("  a\n")`, `"a"`}},
	"trimsuffix":       {{`trimsuffix("helloworld", "world")`, `"hello"`}},
	"upper":            {{`upper("straße")`, `"STRAßE"`}},
	"regex":            {{`regex("[a-z]+", "53ab")`, `"ab"`}, {`regex("(?P<a>\\d)(?P<b>\\d)", "53")`, `{ a = "5", b = "3" }`}, {`regex("x", "53")`, `error: did not match`}, {`regex("(", "")`, `error: pattern`}},
	"regexall":         {{`regexall("([a-z])(\\d)", "a1b2")`, `tolist([["a", "1"], ["b", "2"]])`}},
	"replace":          {{`replace("1 + 2", "+", "-")`, `"1 - 2"`}, {`replace("hello world", "/w.*d/", "x")`, `"hello x"`}, {`replace("ab", "/(a)(b)/", "$2$1")`, `"ba"`}, {`replace("a/b", "/", "-")`, `"a-b"`}},
	"alltrue":          {{`alltrue(["true", true])`, `true`}, {`alltrue([true, null])`, `false`}, {`alltrue([])`, `true`}},
	"anytrue":          {{`anytrue([false, true])`, `true`}, {`anytrue([])`, `false`}, {`anytrue([null])`, `false`}},
	"chunklist":        {{`chunklist(["a", "b", "c"], 2)`, `tolist([["a", "b"], ["c"]])`}, {`chunklist(["a"], -1)`, `error: positive`}},
	"coalesce":         {{`coalesce("", null, "b")`, `"b"`}, {`coalesce(1, 2)`, `1`}, {`coalesce(null, "")`, `error: all arguments`}, {`coalesce([1], {})`, `error: same type`}},
	"coalescelist":     {{`coalescelist([], ["c"])`, `["c"]`}},
	"compact":          {{`compact(["a", "", null, "b"])`, `tolist(["a", "b"])`}},
	"concat":           {{`concat(["a"], ["b", 1])`, `["a", "b", 1]`}},
	"contains":         {{`contains(["a", "b"], "b")`, `true`}, {`contains([1], "1")`, `false`}},
	"distinct":         {{`distinct(["a", "b", "a", 1, "1"])`, `tolist(["a", "b", "1"])`}, {`distinct([])`, `tolist([])`}},
	"element":          {{`element(["a", "b", "c"], 4)`, `"b"`}, {`element(["a", "b"], -1)`, `"b"`}, {`element([], 0)`, `error: empty list`}},
	"flatten":          {{`flatten([["a"], [], [["b"], "c"]])`, `["a", "b", "c"]`}},
	"index":            {{`index(["a", "b"], "b")`, `1`}, {`index(["a"], "z")`, `error: not in the list`}, {`index(toset(["a"]), "a")`, `error: no indices`}},
	"length":           {{`length([1, 2])`, `2`}, {`length("añb")`, `3`}, {`length({ a = 1 })`, `1`}, {`length(5)`, `error: is required`}},
	"matchkeys":        {{`matchkeys(["i-1", "i-2", "i-3"], ["w", "e", "w"], ["w"])`, `tolist(["i-1", "i-3"])`}, {`matchkeys(["a"], [], [])`, `error: same length`}, {`matchkeys(["a"], [1], ["1"])`, `tolist(["a"])`}},
	"one":              {{`one(["a"])`, `"a"`}, {`one([])`, `null`}, {`one([1, 2])`, `error: not 2`}, {`one(toset(["x"]))`, `"x"`}},
	"range":            {{`range(3)`, `tolist([0, 1, 2])`}, {`range(1, 4, 2)`, `tolist([1, 3])`}, {`range(4, 1)`, `tolist([4, 3, 2])`}, {`range(1, 4, -1)`, `slice(range(1), 0, 0)`}, {`range(1, 1)`, `slice(range(1), 0, 0)`}, {`range(0, 1, 0)`, `error: must not be 0`}, {`length(range(100000))`, `100000`}, {`range(100001)`, `error: 100000 elements`}, {`range(0, 1, 1e-9)`, `error: 100000 elements`}},
	"reverse":          {{`reverse([1, "b"])`, `["b", 1]`}},
	"slice":            {{`slice(["a", "b", "c"], 1, 2)`, `["b"]`}, {`slice(["a"], 1, 3)`, `error: end index`}},
	"sort":             {{`sort(["e", "d", "a"])`, `tolist(["a", "d", "e"])`}},
	"keys":             {{`keys({ b = 1, a = 2 })`, `["a", "b"]`}},
	"lookup":           {{`lookup({ a = "x" }, "a", "d")`, `"x"`}, {`lookup({ a = "x" }, "c", "d")`, `"d"`}, {`lookup({ a = 1 }, "a")`, `1`}, {`lookup({ a = 1 }, "b")`, `error: key "b"`}, {`lookup(tomap({ a = 1 }), "b", null)`, `tonumber(null)`}, {`lookup({}, "a", 1, 2)`, `error: more than 3`}},
	"merge":            {{`merge({ a = 1, b = 2 }, null, { b = "x" })`, `{ a = 1, b = "x" }`}, {`merge(1)`, `error: maps or objects`}, {`merge({ a = 1, b = 2 }, { b = "x" })`, `{ a = 1, b = "x" }`}},
	"transpose":        {{`transpose({ a = ["1", "2"], b = ["2"] })`, `tomap({ "1" = tolist(["a"]), "2" = tolist(["a", "b"]) })`}},
	"values":           {{`values({ b = 1, a = "x" })`, `["x", 1]`}},
	"zipmap":           {{`zipmap(["a", "b"], [1, 2])`, `{ a = 1, b = 2 }`}, {`zipmap(["a"], [])`, `error: does not match`}},
	"setintersection":  {{`setintersection(["a", "b"], ["b", "c"])`, `toset(["b"])`}},
	"setproduct":       {{`setproduct(["a"], [1, 2])`, `tolist([["a", 1], ["a", 2]])`}, {`setproduct(range(1000), range(1000))`, `error: elements`}},
	"setsubtract":      {{`setsubtract(["a", "b"], ["b"])`, `toset(["a"])`}},
	"setunion":         {{`setunion(["a"], ["b"], ["a"])`, `toset(["a", "b"])`}},
	"can":              {{`can(tonumber("x"))`, `false`}, {`can("a")`, `true`}},
	"try":              {{`try(tonumber("x"), 5)`, `5`}, {`try(tonumber("x"))`, `error: no expression succeeded`}, {`try({ a = 1 }.b, "d")`, `"d"`}},
	"issensitive":      {{`issensitive(sensitive(1))`, `true`}, {`issensitive(1)`, `false`}},
	"nonsensitive":     {{`nonsensitive(sensitive("a"))`, `"a"`}, {`nonsensitive(1)`, `1`}},
	"sensitive":        {{`sensitive("a")`, `sensitive("a")`}},
	"type":             {{`type({ a = [1], b = tolist(["x"]) })`, `"object({a=tuple([number]),b=list(string)})"`}},
	"tobool":           {{`tobool("true")`, `true`}, {`tobool(1)`, `error: cannot convert number to bool`}},
	"tolist":           {{`type(tolist([1, "b"]))`, `"list(string)"`}, {`tolist(null)`, `null`}, {`length(tolist([for i in range(50000) : i % 2 == 0 ? "a" : "b"]))`, `50000`}},
	"tomap":            {{`type(tomap({ a = 1, b = "x" }))`, `"map(string)"`}},
	"tonumber":         {{`tonumber("1.50")`, `1.5`}, {`tonumber("a")`, `error: number is required`}, {`tonumber("1e999")`, `error: beyond 1e400`}},
	"toset":            {{`toset(["a", "a"])`, `toset(["a"])`}},
	"tostring":         {{`tostring(1.5)`, `"1.5"`}, {`tostring([])`, `error: cannot convert`}},
	"base64decode":     {{`base64decode("aMOk")`, `"hä"`}, {`base64decode("!")`, `error: no Base64`}, {`base64decode("//4=")`, `error: no UTF-8`}},
	"base64encode":     {{`base64encode("hä")`, `"aMOk"`}},
	"base64gzip":       {{`substr(base64gzip("hello"), 0, 4)`, `"H4sI"`}},
	"csvdecode":        {{`csvdecode("a,b\n1,2\n")`, `tolist([{ a = "1", b = "2" }])`}, {`csvdecode("")`, `error: header`}},
	"jsondecode":       {{`jsondecode("{\"a\": [1, null]}")`, `{ a = [1, null] }`}, {`jsondecode("{")`, `error: `}},
	"jsonencode":       {{`jsonencode({ b = [1, null], a = "x" })`, `"{\"a\":\"x\",\"b\":[1,null]}"`}},
	"textdecodebase64": {{`textdecodebase64("aABpAA==", "UTF-16LE")`, `"hi"`}, {`textdecodebase64("aA==", "nope")`, `error: character set`}},
	"textencodebase64": {{`textencodebase64("hi", "UTF-16LE")`, `"aABpAA=="`}, {`textencodebase64("☃", "ISO-8859-1")`, `error: has not`}},
	"urldecode":        {{`urldecode("a+b%26")`, `"a b&"`}, {`urldecode("%zz")`, `error: invalid URL escape`}},
	"urlencode":        {{`urlencode("a b&")`, `"a+b%26"`}},
	"yamldecode":       {{`yamldecode("a: [1, x]\nb: &q {c: true}\nd: *q")`, `{ a = [1, "x"], b = { c = true }, d = { c = true } }`}, {`yamldecode("a: [")`, `error: `}},
	"yamlencode":       {{`yamlencode({ a = [1] })`, `"\"a\":\n- 1\n"`}},
	"file":             {{`file("ui/a.txt")`, `"hello"`}, {`file("nope")`, `error: nope`}, {`file("bytes.bin")`, `error: filebase64`}},
	"filebase64":       {{`filebase64("bytes.bin")`, `"//4="`}},
	"filemd5":          {{`filemd5("ui/a.txt")`, `md5("hello")`}},
	"filesha1":         {{`filesha1("ui/a.txt")`, `sha1("hello")`}},
	"filesha256":       {{`filesha256("ui/a.txt")`, `sha256("hello")`}},
	"filesha512":       {{`filesha512("ui/a.txt")`, `sha512("hello")`}},
	"filebase64sha256": {{`filebase64sha256("ui/a.txt")`, `base64sha256("hello")`}},
	"filebase64sha512": {{`filebase64sha512("ui/a.txt")`, `base64sha512("hello")`}},
	"fileexists":       {{`fileexists("ui/a.txt")`, `true`}, {`fileexists("nope")`, `false`}},
	"fileset":          {{`fileset("ui", "*")`, `toset(["a.txt", "b.txt"])`}},
	"templatefile": {{`templatefile("greet.tmpl", { name = "Ann", tags = ["a", "b"] })`, `"Hello Ann, A, B!"`}, {`templatefile("greet.tmpl", { name = "Ann" })`, `error: tags is not among`},
		{`templatefile("self.tmpl", {})`, `error: without end`}, {`templatefile("broken.tmpl", {})`, `error: broken.tmpl`}, {`templatefile("wide.tmpl", {})`, `10`}, {`templatefile("greet.tmpl", 5)`, `error: object is required`},
		{`templatefile("timestamp.txt", {})`, `"2026-11-22T03:04:05Z 4a10d75f-441e-5ab1-9c31-a81cfbe1efaf"`}},
	"basename":        {{`basename("ui/a.txt")`, `"a.txt"`}},
	"dirname":         {{`dirname("ui/a.txt")`, `"ui"`}},
	"formatdate":      {{`formatdate("DD MMM YYYY hh:mm", "2026-01-02T23:12:01Z")`, `"02 Jan 2026 23:12"`}, {`formatdate("YYYY", "x")`, `error: `}},
	"timeadd":         {{`timeadd("2026-01-02T23:12:01Z", "1d10m")`, `"2026-01-03T23:22:01Z"`}, {`timeadd("2026-01-02T00:00:00Z", "-1.5d")`, `"2025-12-31T12:00:00Z"`}, {`timeadd("x", "1h")`, `error: RFC 3339`}, {`timeadd("2026-01-02T00:00:00Z", "soon")`, `error: no duration`}},
	"timecmp":         {{`timecmp("2026-01-02T00:00:00Z", "2026-01-02T01:00:00+01:00")`, `0`}, {`timecmp("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")`, `-1`}},
	"base64sha256":    {{`base64sha256("hello")`, `"LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="`}},
	"base64sha512":    {{`length(base64sha512("hello"))`, `88`}},
	"hmac_sha256":     {{`hmac_sha256("key", "The quick brown fox jumps over the lazy dog")`, `"f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"`}},
	"md5":             {{`md5("hello")`, `"5d41402abc4b2a76b9719d911017c592"`}},
	"sha1":            {{`sha1("hello")`, `"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"`}},
	"sha256":          {{`sha256("hello")`, `"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"`}},
	"sha512":          {{`substr(sha512("hello"), 0, 16)`, `"9b71d224bd62f378"`}},
	"uuidv5":          {{`uuidv5("dns", "www.example.com")`, `"2ed6657d-e927-568b-95e1-2665a8aea6a2"`}, {`uuidv5("zz", "a")`, `error: must be dns`}},
	"cidrcontains":    {{`cidrcontains("10.0.0.0/8", "10.1.2.3")`, `true`}, {`cidrcontains("10.0.0.0/8", "10.0.0.0/7")`, `false`}, {`cidrcontains("10.0.0.0/8", "10.4.0.0/16")`, `true`}},
	"cidrhost":        {{`cidrhost("10.12.112.0/20", 16)`, `"10.12.112.16"`}, {`cidrhost("10.12.112.0/20", -1)`, `"10.12.127.255"`}, {`cidrhost("fd00:fd12:3456:7890::/56", 34)`, `"fd00:fd12:3456:7800::22"`}, {`cidrhost("10.0.0.0/30", 4)`, `error: no such address`}, {`cidrhost("10.0.0.0/30", -5)`, `error: no such address`}},
	"cidrnetmask":     {{`cidrnetmask("172.16.0.0/12")`, `"255.240.0.0"`}, {`cidrnetmask("fd00::/8")`, `error: IPv4`}},
	"cidrsubnet":      {{`cidrsubnet("172.16.0.0/12", 4, 2)`, `"172.18.0.0/16"`}, {`cidrsubnet("fd00:fd12:3456:7890::/56", 16, 162)`, `"fd00:fd12:3456:7800:a200::/72"`}, {`cidrsubnet("10.0.0.0/8", 1, 2)`, `error: no network`}},
	"cidrsubnets":     {{`cidrsubnets("10.1.0.0/16", 4, 4, 8, 4)`, `tolist(["10.1.0.0/20", "10.1.16.0/20", "10.1.32.0/24", "10.1.48.0/20"])`}, {`cidrsubnets("10.1.0.0/16", 1, 1, 1)`, `error: no room`}},
	"customer_secret": {{`customer_secret("wdc", "key")`, `sensitive("wdc/key")`}, {`customer_secret("wdc", "none")`, `error: no such secret is kept`}, {`customer_secret("wdc", null)`, `error: null`}, {`customer_secret(["wdc", "key"]...)`, `error: one by one`}},
	"random_secret":   {{`length(random_secret(32))`, `sensitive(43)`}, {`random_secret(0)`, `error: from 1 to 1024`}, {`random_secret("3") == random_secret("3")`, `sensitive(false)`}},
	"timestamp":       {{`timestamp()`, `"2026-11-22T03:04:05Z"`}, {`timestamp(1)`, `error: Too many function arguments`}},
	"uuid":            {{`length(uuid())`, `36`}},
}

func TestFunctionExamples(t *testing.T) {
	docs := map[string]FunctionDoc{}
	for _, d := range FunctionDocs() {
		docs[d.Name] = d
	}
	for name := range exampleFunctions {
		if len(examples[name]) == 0 {
			t.Errorf("%s has no example", name)
		}
		d, ok := docs[name]
		if !ok || d.Summary == "" || !strings.HasSuffix(d.Summary, ".") && !strings.Contains(d.Summary, ":") {
			t.Errorf("%s is not documented: %+v", name, d)
		}
		for _, p := range d.Params {
			if p.Name == "" || p.Summary == "" {
				t.Errorf("%s: parameter %+v is not documented", name, p)
			}
		}
		params := len(exampleFunctions[name].Params())
		if exampleFunctions[name].VarParam() != nil {
			params++
		}
		if params != len(d.Params) {
			t.Errorf("%s has %d parameters, %d documented", name, params, len(d.Params))
		}
	}
	for name, list := range examples {
		if _, ok := exampleFunctions[name]; !ok {
			t.Errorf("example of %s, which is no function", name)
		}
		for _, ex := range list {
			got, diags := evalExpr(t, ex[0], runningEval(), nil)
			if part, isError := strings.CutPrefix(ex[1], "error: "); isError {
				if !diags.HasErrors() || !strings.Contains(diags.Error(), part) {
					t.Errorf("%s = %#v, %v; want an error with %q", ex[0], got, diags, part)
				}
				continue
			}
			if diags.HasErrors() {
				t.Errorf("%s: %s", ex[0], diags)
				continue
			}
			want, diags := evalExpr(t, ex[1], runningEval(), nil)
			if diags.HasErrors() {
				t.Errorf("%s: %s", ex[1], diags)
				continue
			}
			if !got.RawEquals(want) && !(want.IsNull() && got.IsNull()) {
				t.Errorf("%s = %#v, want %#v", ex[0], got, want)
			}
		}
	}
}

func TestH7FunctionList(t *testing.T) {
	var b strings.Builder
	for _, d := range FunctionDocs() {
		fmt.Fprintf(&b, "%-18s %-10s %s\n", d.Name, d.Kind, d.Signature)
	}
	const golden = "testdata/functions/list.golden"
	if *updateFunctions {
		if err := os.MkdirAll("testdata/functions", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the list of functions has changed; see that no new one reads clock, environment, network or randomness, then run\n\tgo test ./engine/lang -run TestH7FunctionList -update-functions\n%s", b.String())
	}
	for _, forbidden := range []string{"env", "bcrypt", "rsadecrypt", "abspath", "pathexpand", "plantimestamp"} {
		if _, ok := exampleFunctions[forbidden]; ok {
			t.Errorf("%s is a function", forbidden)
		}
	}
}

// TestH7FilesNeedFiles: a function that reads files is listed as one.
func TestH7FilesNeedFiles(t *testing.T) {
	without := Functions(FunctionOptions{})
	for _, d := range FunctionDocs() {
		ex := examples[d.Name][0]
		ctx := &hcl.EvalContext{Functions: without}
		runningEval().Install(ctx)
		_, diags := Value(parseTestExpr(t, ex[0]), ctx)
		if isFile := strings.Contains(diags.Error(), errNoFiles.Error()); isFile != (d.Kind == FileFunction) {
			t.Errorf("%s is %s, and without files: %v", d.Name, d.Kind, diags)
		}
	}
}

func TestX4MarksAreKept(t *testing.T) {
	// What a sensitive argument may be without the result being sensitive.
	reveals := map[string]bool{"issensitive": true, "nonsensitive": true, "timestamp": true, "uuid": true, "templatefile": false}
	for name, list := range examples {
		if reveals[name] {
			continue
		}
		for _, ex := range list {
			if strings.HasPrefix(ex[1], "error: ") && !strings.HasPrefix(ex[1], "error: This build") {
				continue
			}
			call, ok := unwrapCall(parseTestExpr(t, ex[0]))
			if !ok || call.Name != name || call.ExpandFinal {
				continue
			}
			for i := range call.Args {
				call, _ := unwrapCall(parseTestExpr(t, ex[0]))
				call.Args[i] = &hclsyntax.FunctionCallExpr{Name: "sensitive", Args: []hclsyntax.Expression{call.Args[i]}}
				e := runningEval()
				e.Now = nil
				ctx := &hcl.EvalContext{Functions: exampleFunctions}
				e.Install(ctx)
				v, diags := Value(Instrument(call), ctx)
				if diags.HasErrors() {
					t.Errorf("%s with argument %d sensitive: %s", ex[0], i, diags)
				} else if !IsSensitive(v) && !lateArgument(name, i) {
					t.Errorf("%s with argument %d sensitive = %#v", ex[0], i, v)
				}
			}
		}
	}
}

// lateArgument says whether an argument is not looked at, because an earlier one answers.
func lateArgument(name string, i int) bool {
	return name == "try" || name == "can" || name == "lookup" && i == 2
}

func unwrapCall(e hclsyntax.Expression) (*hclsyntax.FunctionCallExpr, bool) {
	for {
		w, ok := e.(interface{ unmetered() hclsyntax.Expression })
		if !ok {
			break
		}
		e = w.unmetered()
	}
	call, ok := e.(*hclsyntax.FunctionCallExpr)
	return call, ok
}

func TestX4Expressions(t *testing.T) {
	secret := MarkSensitive(cty.StringVal("hunter2"))
	vars := map[string]cty.Value{
		"s":   secret,
		"obj": cty.ObjectVal(map[string]cty.Value{"a": secret, "b": cty.StringVal("plain")}),
		"l":   cty.ListVal([]cty.Value{secret, cty.StringVal("plain")}),
		"u":   MarkSensitive(cty.UnknownVal(cty.String)),
		"n":   MarkSensitive(cty.NullVal(cty.String)),
	}
	for _, src := range []string{
		`"a ${s}"`, `"%{ if s == "a" }x%{ else }y%{ endif }"`, `s == "a"`, `s == "a" ? 1 : 2`, `[for x in l : upper(x)]`, `{ (s) = 1 }`,
		`l[*]`, `jsonencode(obj)`, `jsonencode({ x = obj })`, `yamlencode(obj)`, `format("%v", obj)`, `join(",", l)`, `contains(l, "x")`, `try(tonumber(s), 5)`, `can(tonumber(s))`,
		`can(regex("^h", s))`, `try(nope(s), "b")`, `coalesce(n, "b")`, `base64encode(s)`, `values(obj)`, `merge(obj, { c = 1 })`, `flatten([l])`, `tolist(l)`, `toset(l)`,
		`type(s)`, `length(s)`, `templatefile("greet.tmpl", { name = s, tags = [] })`, `templatefile("greet.tmpl", { name = "x", tags = l })`, `"${u}x"`, `upper(u)`, `try(u, 1)`, `can(u)`,
		`lookup(obj, s, "d")`, `lookup(obj, "a")`, `element(l, 0)`, `sensitive(1)`, `obj.a`, `tostring(s)`, `split("u", s)`, `customer_secret(u, "a")`,
	} {
		v, diags := evalExpr(t, src, nil, vars)
		if src == `try(nope(s), "b")` {
			continue // calls of unknown functions never run
		}
		if diags.HasErrors() {
			t.Errorf("%s: %s", src, diags)
		} else if !IsSensitive(v) {
			t.Errorf("%s = %#v is not sensitive", src, v)
		}
	}
	for _, src := range []string{`obj.b`, `length(l)`, `keys(obj)`, `merge(obj, { c = 1 }).b`, `nonsensitive(s)`, `issensitive(s)`, `lookup(obj, "b")`} {
		if v, diags := evalExpr(t, src, nil, vars); diags.HasErrors() || IsSensitive(v) {
			t.Errorf("%s = %#v, %v; want no mark", src, v, diags)
		}
	}
	for _, src := range []string{`tonumber(s)`, `parseint(s, 10)`, `formatdate("YYYY", s)`, `timeadd(s, "1h")`, `file(s)`, `lookup({}, s)`, `uuidv5(s, "a")`, `textdecodebase64("", s)`, `try(tonumber(s))`, `tonumber(obj.a)`, `jsondecode(s)`, `templatefile("secret.tmpl", { secret = s })`, `csvdecode("${s},${s}")`} {
		if _, diags := evalExpr(t, src, nil, vars); !diags.HasErrors() || strings.Contains(diags.Error(), "hunter2") {
			t.Errorf("%s: %v", src, diags)
		}
	}
}

func TestMarks(t *testing.T) {
	v := cty.ObjectVal(map[string]cty.Value{"a": MarkSensitive(cty.True)})
	if !IsSensitive(v) || HasMark(v) || !HasMark(v.GetAttr("a")) || IsSensitive(cty.True) || IsSensitive(cty.True.Mark("other")) {
		t.Error("IsSensitive is deep, HasMark is not")
	}
	if u, had := UnmarkDeep(v); !had || IsSensitive(u) {
		t.Error("UnmarkDeep leaves marks")
	}
}
