package lang

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// nestings write n levels of a construct. All are valid HCL.
var nestings = map[string]func(n int) string{
	"parentheses": func(n int) string { return "a = " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n) + "\n" },
	"tuples":      func(n int) string { return "a = " + strings.Repeat("[", n) + strings.Repeat("]", n) + "\n" },
	"objects":     func(n int) string { return "a = " + strings.Repeat("{a=", n) + "1" + strings.Repeat("}", n) + "\n" },
	"blocks":      func(n int) string { return strings.Repeat("a {\n", n) + strings.Repeat("}\n", n) },
	"labels":      func(n int) string { return strings.Repeat("a \"b\" {\n", n) + strings.Repeat("}\n", n) },
	"calls":       func(n int) string { return "a = " + strings.Repeat("f(", n) + "1" + strings.Repeat(")", n) + "\n" },
	"indexes":     func(n int) string { return "a = " + strings.Repeat("a[", n) + "0" + strings.Repeat("]", n) + "\n" },
	"index chain": func(n int) string { return "a = a" + strings.Repeat("[b]", n) + "\n" },
	"splats":      func(n int) string { return "a = a" + strings.Repeat("[*]", n) + "\n" },
	"for": func(n int) string {
		return "a = " + strings.Repeat("[for x in y: ", n) + "1" + strings.Repeat("]", n) + "\n"
	},
	"for in object": func(n int) string {
		return "a = " + strings.Repeat("{for x in y: x => ", n) + "1" + strings.Repeat("}", n) + "\n"
	},
	"not":   func(n int) string { return "a = " + strings.Repeat("!", n) + "true\n" },
	"minus": func(n int) string { return "a = " + strings.Repeat("-", n) + "1\n" },
	"sum":   func(n int) string { return "a = 1" + strings.Repeat("+1", n) + "\n" },
	"sum over lines": func(n int) string {
		return "a = (1" + strings.Repeat("\n+1", n-1) + ")\n"
	},
	"and":                func(n int) string { return "a = x" + strings.Repeat(" && x", n) + "\n" },
	"mixed operators":    func(n int) string { return "a = 1" + strings.Repeat("*1-1", n/2) + strings.Repeat("*1", n%2) + "\n" },
	"conditional":        func(n int) string { return "a = " + strings.Repeat("b ? 1 : ", n) + "2\n" },
	"conditional inside": func(n int) string { return "a = " + strings.Repeat("b ? ", n) + "1" + strings.Repeat(" : 2", n) + "\n" },
	"quoted templates": func(n int) string {
		return "a = " + strings.Repeat(`"x${`, n) + "1" + strings.Repeat(`}"`, n) + "\n"
	},
	"heredoc templates": func(n int) string {
		return "a = " + strings.Repeat("<<A\n${", n) + "1" + strings.Repeat("}\nA\n", n) + "\n"
	},
	"if directives": func(n int) string {
		return `a = "` + strings.Repeat("%{if b}", n) + "x" + strings.Repeat("%{endif}", n) + "\"\n"
	},
	"for directives": func(n int) string {
		return `a = "` + strings.Repeat("%{ for x in y ~}", n) + "x" + strings.Repeat("%{~ endfor }", n) + "\"\n"
	},
	"brackets in turn": func(n int) string {
		open, closing := "", ""
		for i := range n {
			open += []string{"(", "[", "{a=", "f("}[i%4]
			closing = []string{")", "]", "}", ")"}[i%4] + closing
		}
		return "a = " + open + "1" + closing + "\n"
	},
}

func TestH1Nesting(t *testing.T) {
	for name, nest := range nestings {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{1, 2, 99, MaxNesting} {
				if _, diags := ParseFile("a.hcl", []byte(nest(n))); diags.HasErrors() {
					t.Errorf("%d levels are refused: %s", n, diags)
				}
			}
			for _, n := range []int{MaxNesting + 1, 10_000} {
				if len(nest(n)) > MaxFileBytes {
					continue
				}
				_, diags := ParseFile("a.hcl", []byte(nest(n)))
				if !diags.HasErrors() || diags[0].Summary != "Nested too deeply" {
					t.Errorf("%d levels: %v", n, diags)
				}
			}
			if name == "brackets in turn" {
				return // quadratic to write
			}
			began := cpuTime()
			if _, d := checkLimits("a.hcl", []byte(nest(1_000_000)), hcl.InitialPos, false); d == nil {
				t.Errorf("a million levels are accepted")
			}
			if took := cpuTime() - began; took > 5*time.Second && !raceEnabled {
				t.Errorf("a million levels took %s", took)
			}
		})
	}
}

func TestH1NestingUnclosed(t *testing.T) {
	for _, open := range []string{"(", "[", "a={", "a {\n", "\"${", "<<A\n${", "!", "-", "f(", "a[", "b?", "a=[for x in ", "\"%{if ", "\"%{if a}", "%{", "\"%{", "a::", "/* ", "<<A\n", "1+", "a.*.", "[*]", "{{", "\"%{endif \""} {
		for _, before := range []string{"", "x = "} {
			src := before + strings.Repeat(open, (MaxFileBytes-8)/len(open))
			began := cpuTime()
			_, diags := ParseFile("a.hcl", []byte(src))
			if took := cpuTime() - began; took > 5*time.Second && !raceEnabled {
				t.Errorf("%q took %s", before+open, took)
			}
			if !diags.HasErrors() {
				t.Errorf("%q is accepted", before+open)
			}
		}
	}
}

func TestH1NestingRange(t *testing.T) {
	src := "\ufeff# ä\r\na = 1\r\nb = \"ä\" == " + nestings["parentheses"](101)[4:]
	_, diags := ParseFile("a.hcl", []byte(src))
	if len(diags) != 1 {
		t.Fatal(diags)
	}
	r := diags[0].Subject
	if r.Start.Line != 3 || r.Start.Column != 12+100 || src[r.Start.Byte] != '(' || src[r.Start.Byte-1] != '(' {
		t.Errorf("at %v", r)
	}
}

func TestH1Limits(t *testing.T) {
	lines := func(n int) string { return "a = <<X\n" + strings.Repeat("x\n", n) + "X\n" }
	digits := func(n int) string { return "a = " + strings.Repeat("1", n) + "\n" }
	blocks := func(n int) string { return strings.Repeat("a {\n}\n", n) }
	big := func(n int) string { return "a = 1\n#" + strings.Repeat("x", n-7) }
	for _, c := range []struct{ name, good, bad, summary string }{
		{"heredoc lines", lines(MaxHeredocLines), lines(MaxHeredocLines + 1), "Heredoc too long"},
		{"digits", digits(MaxDigits), digits(MaxDigits + 1), "Invalid number"},
		{"fraction", "a = 1." + strings.Repeat("1", 39) + "\n", "a = 1." + strings.Repeat("1", 40) + "\n", "Invalid number"},
		{"exponent", "a = 1e308\n", "a = 1e309\n", "Invalid number"},
		{"negative exponent", "a = 1E-308\n", "a = 1E-309\n", "Invalid number"},
		{"huge exponent", "a = 1e1\n", "a = 1e99999999999999999999\n", "Invalid number"},
		{"legacy index", "a = a.0.b\n", "a = a." + strings.Repeat("0", 41) + "\n", "Invalid number"},
		{"blocks", blocks(maxBlocks), blocks(maxBlocks + 1), "Too many blocks"},
		{"bytes", big(MaxFileBytes), big(MaxFileBytes + 1), "File too large"},
		{"pieces", `a = "` + strings.Repeat("$ ", maxTemplatePieces/2) + "\"\n", `a = "` + strings.Repeat("$ ", maxTemplatePieces/2) + "$\"\n", "Text too long"},
		{"comment", "/* a */ a = 1\n", "a = 1 /* /* /* \n", "Unclosed comment"},
		{"brackets", "a = [(1)]\n", "a = [(1])\n", "Brackets do not match"},
		{"no opening", "a {\n}\n", "a {\n}\n}\n", "Brackets do not match"},
		{"template end", `a = "${ 1 ~}"` + "\n", "a = { b = 1 ~}\n", "Brackets do not match"},
		{"namespace", "a = b ? c : d\n", "a = b::c()\n", "Unknown function"},
		{"binary", "a = 1\n", strings.Repeat("\x01", 200), "Not a blueprint"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, diags := ParseFile("a.hcl", []byte(c.good)); diags.HasErrors() {
				t.Errorf("good: %s", diags)
			}
			file, diags := ParseFile("a.hcl", []byte(c.bad))
			if !diags.HasErrors() || diags[0].Summary != c.summary || diags[0].Subject == nil {
				t.Errorf("bad: %v", diags)
			}
			if body := file.Body.(*hclsyntax.Body); len(body.Attributes)+len(body.Blocks) > 0 {
				t.Error("half of the file is used")
			}
		})
	}
}

// hostile are files that stay within the limits or fail them, and are as expensive as we could make them.
var hostile = map[string]func() string{
	"a list of numbers": func() string { return "a=[" + strings.Repeat("1,", 520_000) + "]\n" },
	"commas":            func() string { return "a=[" + strings.Repeat(",", 1_000_000) + "]\n" },
	"lines":             func() string { return strings.Repeat("\n", 1_000_000) },
	"attributes":        func() string { return strings.Repeat("a=1\n", 250_000) },
	"long heredoc":      func() string { return "a = <<X\n" + strings.Repeat(strings.Repeat("x", 9)+"\n", 10_000) + "X\n" },
	"longer heredoc":    func() string { return "a = <<X\n" + strings.Repeat(strings.Repeat("x", 103)+"\n", 10_000) + "X\n" },
	"signs in heredoc":  func() string { return "a = <<X\n" + strings.Repeat(strings.Repeat("x", 100)+"%\n", 9_990) + "X\n" },
	"signs in quotes":   func() string { return `a = "` + strings.Repeat("$"+strings.Repeat("x", 68), 9_990) + "\"\n" },
	"escapes":           func() string { return `a = "` + strings.Repeat(`\q`, 520_000) + "\"\n" },
	"small texts":       func() string { return `a = [` + strings.Repeat(`"",`, 149_000) + "]\n" },
	"open strings":      func() string { return strings.Repeat("a=\"\n", 200_000) },
	"semicolons":        func() string { return strings.Repeat(";", 1_000_000) },
	"quotes":            func() string { return strings.Repeat("'", 500_000) },
	"dollars":           func() string { return strings.Repeat("$", 1_000_000) },
	"names":             func() string { return "a = a" + strings.Repeat(".a", 250_000) + "\n" },
	"swallowed ends":    func() string { return strings.Repeat("a{\nb=1 2}\n", 20_000) },
	"swallowed ends 2":  func() string { return strings.Repeat("x{\na { b = * }\n}\n", 10_000) },
	"long line":         func() string { return "a = " + strings.Repeat("f(1) ", 200_000) + "\n" },
	"combining":         func() string { return "a = \"e" + strings.Repeat("\u0301", 500_000) + "\"\n" },
	"comments":          func() string { return "a = (" + strings.Repeat("/**/", 150_000) + "1)\n" },
	"flush heredoc":     func() string { return "a = <<-X\n" + strings.Repeat(strings.Repeat(" ", 100)+"x\n", 10_000) + "X\n" },
	"interpolations":    func() string { return `a = "` + strings.Repeat("${a}", 19_999) + "\"\n" },
}

func TestH1Budget(t *testing.T) {
	for name, write := range hostile {
		t.Run(name, func(t *testing.T) {
			src := []byte(write())
			if len(src) > MaxFileBytes {
				src = src[:MaxFileBytes]
			}
			runtime.GC()
			var after runtime.MemStats
			began := cpuTime()
			file, diags := ParseFile("a.hcl", src)
			took := cpuTime() - began
			runtime.ReadMemStats(&after)
			held := int64(after.Sys)
			t.Logf("%7d bytes: %6s, %d MiB from the system, %d diagnostics", len(src), took.Round(time.Millisecond), held>>20, len(diags))
			runtime.KeepAlive(file)
			if took > 5*time.Second && !raceEnabled || held > 512<<20 && !raceEnabled {
				t.Errorf("took %s and %d MiB", took, held>>20)
			}
		})
	}
}

// TestScannerFollowsLexer compares the scanner with the parser's own, which it must follow through all modes.
func TestScannerFollowsLexer(t *testing.T) {
	for _, src := range lexSeeds {
		if err := followLexer([]byte(src)); err != nil {
			t.Errorf("%q: %v", src, err)
		}
	}
}

var lexSeeds = []string{
	"", "a = 1\n", "a \"b\" {\n  c = [1, 2]\n}\n", `a = "x${b}y%{ if c ~} $${d} %%{e} %{~ endif }$"` + "\n", `a = "$$${b}"`, `a = "\${b}\"$\""`,
	"a = <<X\n x ${ b } $${c}\n%\nX\n", "a = <<-X\r\n x\r\n  X\r\n", "<<X\nX ${a}\nX\nX\n", "<<X\n$\nX\n", "<<X\n$${\nX\n\n", "\"\\", "\"$", "\"a\nb\"", "\"\\\n\"", "\"$\n\"",
	"# c\r\n// d\n/* e\n */ x\n", "a=1.2.3.e5e+5 1e+ 1..2 1...\n", "<<a<<b<c<=d\n", "a == b != c >= d <= e && f || g => h ... i\n", "{}{{}}[()]", "\"${{}}\"", "\"${\"${\"x\"}\"}\"",
	"<<A\n${<<B\nA\n${1}B\nB\n}\nA\n", "ä = ö-ü\n", "a = “b”\n", "\ufeffa = 1\n", "~ ^ | & ` ' ;\n", " <<X\n x ${ b } $%\n", "<<X\n$%{a}$$%{b}%${c}%%${d}$%$%{e}\nX\n", "a%b %{c}\n", "\"%{for a, b in c}${b}%{endfor}\"", "<<X\n%{~ if a ~}\nX\n%{endif}\nX\n",
}

// followLexer compares the tokens that decide about modes. What the scanner refuses it need not follow.
func followLexer(src []byte) error {
	s := &scanner{src: src, origin: hcl.InitialPos}
	if CheckText("", src) != nil {
		return nil
	}
	s.run(false)
	if s.diag != nil {
		return nil
	}
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos)
	want, depth := 0, 0
	for _, tok := range tokens {
		switch tok.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd, hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
			depth--
		case hclsyntax.TokenEOF:
			continue
		case hclsyntax.TokenInvalid:
			// An incomplete end: the rest of the text is one such token, of whatever size.
			if tok.Range.End.Byte == len(src) {
				return nil
			}
		}
		if tok.Type != hclsyntax.TokenStringLit && tok.Type != hclsyntax.TokenQuotedLit {
			want++
		}
	}
	if depth != len(s.frames)-1 {
		return fmt.Errorf("%d open, the parser's scanner has %d", len(s.frames)-1, depth)
	}
	// Literal text is cut differently in places, and names of letters that are new in Unicode; neither matters.
	ascii := strings.IndexFunc(string(src), func(r rune) bool { return r > unicode.MaxASCII }) < 0
	if got := s.tokens - s.literals; got != want && ascii {
		return fmt.Errorf("%d tokens, the parser's scanner has %d", got, want)
	}
	return nil
}

func FuzzH1Parse(f *testing.F) {
	for _, s := range lexSeeds {
		f.Add([]byte(s))
	}
	for _, nest := range nestings {
		f.Add([]byte(nest(3)))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > 1<<16 {
			return
		}
		began := cpuTime()
		file, diags := ParseFile("a.hcl", src)
		ParseExpression(src, "a.hcl", hcl.InitialPos)
		ParseTemplate(src, "a.hcl", hcl.InitialPos)
		if took := cpuTime() - began; took > 5*time.Second && !raceEnabled {
			t.Errorf("took %s", took)
		}
		for _, d := range diags {
			if d.Summary == "Cannot parse this file" {
				t.Errorf("the parser panics: %s", d.Detail)
			}
			if r := d.Subject; r != nil && (r.Start.Byte < 0 || r.Start.Byte > len(src)+1) {
				t.Errorf("a range outside of the text: %v", r)
			}
		}
		if !diags.HasErrors() {
			if h := height(file.Body.(*hclsyntax.Body)); h > 3*MaxNesting+20 {
				t.Errorf("a tree of height %d was let through", h)
			}
		}
		if err := followLexer(src); err != nil {
			t.Error(err)
		}
	})
}

// height is the height of a syntax tree.
func height(n hclsyntax.Node) int {
	w := &heightWalker{}
	_ = hclsyntax.Walk(n, w)
	return w.highest
}

type heightWalker struct{ depth, highest int }

func (w *heightWalker) Enter(hclsyntax.Node) hcl.Diagnostics {
	w.depth++
	w.highest = max(w.highest, w.depth)
	return nil
}

func (w *heightWalker) Exit(hclsyntax.Node) hcl.Diagnostics {
	w.depth--
	return nil
}

// manyRunbooks is a file of n runbooks of about twenty lines each.
func manyRunbooks(n int) []byte {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `runbook "r%d" {
  description = "Answers request number %d"
  trigger "json_endpoint" {
    body_schema  = object({ id = number, text = string })
    discard_when = trigger.body.id == 0
  }
  # Ask the service.
  step "http" "ask" {
    url   = "https://example.com/items/${trigger.body.id}"
    query = { text = lower(trigger.body.text), page = 1 }
  }
  step "if" "found" {
    condition = step.ask.status == 200
    then {
      step "log" "say" {
        message = "found ${step.ask.json.name} for ${trigger.body.text}"
      }
    }
  }
  output "status" { value = step.ask.status }
}
`, i, i)
	}
	return []byte(b.String())
}

// TestParsedInParts: a file that is parsed in parts has the tree of one that is parsed at once.
func TestParsedInParts(t *testing.T) {
	many := string(manyRunbooks(20))
	for name, src := range map[string]string{
		"plain": many, "mark": "\ufeff\n# x\n" + many, "crlf": strings.ReplaceAll(many, "\n", "\r\n"), "comments": strings.ReplaceAll(many, "runbook", "# a\n/* b\n */ runbook") + "\n\n# end",
		"attributes": strings.Repeat("\n", 2000) + "a = <<X\n" + strings.Repeat("${b}\n", 400) + "X\n" + many + "b = [\n1,\n2]", "no end": strings.TrimSpace(many),
	} {
		cuts, d := checkLimits("a.hcl", []byte(src), hcl.InitialPos, false)
		want, diags := hclsyntax.ParseConfig([]byte(src), "a.hcl", hcl.InitialPos)
		if d != nil || diags.HasErrors() || len(cuts) < 5 {
			t.Fatal(name, len(cuts), d, diags)
		}
		got := parseParts("a.hcl", []byte(src), cuts)
		if !reflect.DeepEqual(got, want.Body) {
			t.Errorf("%s: other trees: %v, %v", name, got.SrcRange, want.Body.(*hclsyntax.Body).SrcRange)
		}
	}
	for name, src := range map[string]string{"twice": "a = 1\n" + many + "a = 2\n", "fault": many + "b = \n" + many} {
		_, want := hclsyntax.ParseConfig([]byte(src), "a.hcl", hcl.InitialPos)
		if _, got := ParseFile("a.hcl", []byte(src)); len(got) == 0 || got.Error() != want.Error() {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func BenchmarkParseFile1000Runbooks(b *testing.B) {
	src := manyRunbooks(1000)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, diags := ParseFile("a.hcl", src); diags.HasErrors() {
			b.Fatal(diags)
		}
	}
}

func BenchmarkCheckLimits1000Runbooks(b *testing.B) {
	src := manyRunbooks(1000)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, d := checkLimits("a.hcl", src, hcl.InitialPos, false); d != nil || CheckText("a.hcl", src) != nil {
			b.Fatal(d)
		}
	}
}
