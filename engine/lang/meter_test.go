package lang

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// oddValues are arguments that no function was written for.
func oddValues() []cty.Value {
	n := func(s string) cty.Value { return cty.MustParseNumberVal(s) }
	long := make([]cty.Value, 1000)
	mixed := make([]cty.Value, 1000)
	for i := range long {
		long[i] = cty.NumberIntVal(int64(i))
		mixed[i] = long[i]
		if i%2 == 0 {
			mixed[i] = cty.StringVal(fmt.Sprint(i))
		}
	}
	deep := cty.StringVal("deep")
	for range 50 {
		deep = cty.TupleVal([]cty.Value{deep})
	}
	secret := MarkSensitive(cty.StringVal("hunter2"))
	obj := cty.ObjectVal(map[string]cty.Value{"a": cty.NumberIntVal(1), "b": secret})
	return []cty.Value{
		cty.StringVal(""), cty.StringVal("a"), cty.StringVal("10.0.0.0/8"), cty.StringVal("2026-01-02T03:04:05Z"), cty.StringVal("UTF-16"),
		cty.StringVal(strings.Repeat("x,\n", 20_000)), cty.StringVal("(((a*)*)*)*"), cty.StringVal("/(.)/"), cty.StringVal("%[9]d%*s%9999999s"), cty.StringVal("1e600000000"),
		cty.StringVal("[[[{\"a\":1e999}]]]"), cty.StringVal("&a [*a, *a]"), cty.StringVal("ui/a.txt"), cty.StringVal("../../etc/passwd"), cty.StringVal("é\u0301👩‍👩‍👧"),
		cty.Zero, n("-1"), n("1"), n("2"), n("0.5"), n("-0.1"), n("1e18"), n("9223372036854775808"), n("1e300"), n("-1e300"), n("1e-300"), n("1e600000000"), cty.PositiveInfinity,
		cty.True, cty.False,
		cty.NullVal(cty.DynamicPseudoType), cty.NullVal(cty.String), cty.NullVal(cty.List(cty.String)), cty.NullVal(cty.Number),
		cty.DynamicVal, cty.UnknownVal(cty.String), cty.UnknownVal(cty.Number), cty.UnknownVal(cty.List(cty.Bool)), cty.UnknownVal(cty.Object(map[string]cty.Type{"a": cty.String})),
		secret, MarkSensitive(n("3")), MarkSensitive(cty.NullVal(cty.String)), MarkSensitive(cty.DynamicVal),
		cty.EmptyTupleVal, cty.EmptyObjectVal, cty.TupleVal(long), cty.TupleVal(mixed), deep, obj,
		cty.TupleVal([]cty.Value{secret, cty.UnknownVal(cty.String), cty.NullVal(cty.String)}),
		cty.ListVal([]cty.Value{cty.StringVal("a"), cty.NullVal(cty.String)}), cty.ListValEmpty(cty.DynamicPseudoType),
		cty.SetVal([]cty.Value{cty.True, cty.UnknownVal(cty.Bool)}), cty.SetVal([]cty.Value{obj}), cty.MapVal(map[string]cty.Value{"": secret}),
	}
}

var (
	oddCalls  = flag.Int("odd-calls", 400, "calls of each function with odd values; 10000 for the whole proof")
	hugeCalls = flag.Bool("huge-calls", false, "call each function with values at the limits; takes minutes")
)

func TestH2EveryFunctionWithOddValues(t *testing.T) {
	values := oddValues()
	ctx := &hcl.EvalContext{Functions: exampleFunctions, Variables: map[string]cty.Value{}}
	vars := make([]hclsyntax.Expression, len(values))
	for i, v := range values {
		name := fmt.Sprintf("v%d", i)
		ctx.Variables[name] = v
		vars[i] = &hclsyntax.ScopeTraversalExpr{Traversal: hcl.Traversal{hcl.TraverseRoot{Name: name}}}
	}
	most := *oddCalls
	calls, slowest, slowestCall := 0, time.Duration(0), ""
	try := func(name string, picked []int) {
		args := make([]hclsyntax.Expression, len(picked))
		for i, p := range picked {
			args[i] = vars[p]
		}
		child := ctx.NewChild()
		runningEval().Install(child)
		start := time.Now()
		v, diags := Value(Instrument(&hclsyntax.FunctionCallExpr{Name: name, Args: args}), child)
		took := time.Since(start)
		calls++
		shown := fmt.Sprintf("%s%v", name, picked)
		if took > slowest {
			slowest, slowestCall = took, shown
		}
		if took > MaxEvalTime {
			t.Errorf("%s took %s", shown, took)
		}
		for _, d := range diags {
			if strings.Contains(d.Detail, "inside Currant") || strings.Contains(d.Detail, "it cannot work on these arguments") {
				t.Errorf("%s panics: %s", shown, d.Detail)
			}
			if strings.Contains(d.Detail, "hunter2") {
				t.Errorf("%s tells a secret: %s", shown, d.Detail)
			}
		}
		if diags.HasErrors() {
			return
		}
		if over := measure(v).over(); over != "" {
			t.Errorf("%s is %s", shown, over)
		}
		marked := slices.ContainsFunc(picked, func(p int) bool { return values[p].IsMarked() })
		reveals := name == "nonsensitive" || name == "issensitive" || name == "try" || name == "can" || name == "lookup" && len(picked) > 2
		if marked && !IsSensitive(v) && !reveals {
			t.Errorf("%s = %#v has lost its mark", shown, v)
		}
	}
	for name, f := range exampleFunctions {
		arities := []int{len(f.Params())}
		if f.VarParam() != nil {
			arities = []int{len(f.Params()), len(f.Params()) + 1, len(f.Params()) + 2}
		}
		for _, n := range arities {
			total := 1
			for range n {
				total *= len(values)
			}
			// A stride prime to the number of values visits all places of each argument.
			stride := max(1, total/(most/len(arities)))
			for stride > 1 && (stride%5 == 0 || stride%11 == 0) {
				stride++
			}
			for c := 0; c < total; c += stride {
				picked := make([]int, n)
				for i, rest := 0, c; i < n; i++ {
					picked[i], rest = rest%len(values), rest/len(values)
				}
				try(name, picked)
			}
		}
	}
	t.Logf("%d calls, the slowest %s in %s", calls, slowestCall, slowest)
}

// TestH2EveryFunctionWithHugeValues calls with values at the limits.
func TestH2EveryFunctionWithHugeValues(t *testing.T) {
	nums := make([]cty.Value, MaxValueElements)
	texts := make([]cty.Value, MaxValueElements)
	objects := make([]cty.Value, 20_000)
	attrs := map[string]cty.Value{}
	for i := range nums {
		nums[i] = cty.NumberIntVal(int64(i))
		texts[i] = cty.StringVal(fmt.Sprint("t", i))
	}
	for i := range objects {
		objects[i] = cty.ObjectVal(map[string]cty.Value{"id": nums[i], fmt.Sprint("x", i%7): texts[i]})
		attrs[fmt.Sprint("k", i)] = nums[i]
	}
	huge := map[string]cty.Value{
		"text":    cty.StringVal(strings.Repeat("ab é(", 1_800_000)),
		"nums":    cty.TupleVal(nums),
		"mixed":   cty.TupleVal(append(slices.Clone(nums[:MaxValueElements/2]), texts[:MaxValueElements/2]...)),
		"list":    cty.ListVal(texts),
		"objects": cty.TupleVal(objects),
		"attrs":   cty.ObjectVal(attrs),
		"map":     cty.MapVal(attrs),
		"small":   cty.StringVal("a"),
		"n":       cty.NumberIntVal(2),
	}
	if !*hugeCalls {
		t.Skip("needs -huge-calls")
	}
	for name, f := range exampleFunctions {
		n := len(f.Params())
		if f.VarParam() != nil {
			n = max(n+1, 2)
		}
		for v := range huge {
			if v == "small" || v == "n" {
				continue
			}
			for _, place := range []int{0, n} { // the first argument alone, and all of them
				for _, other := range []string{"small", "n"} {
					args := make([]string, n)
					for i := range args {
						if args[i] = other; i == place || place == n {
							args[i] = v
						}
					}
					src := fmt.Sprintf("%s(%s)", name, strings.Join(args, ", "))
					start := time.Now()
					got, diags := evalExpr(t, src, runningEval(), huge)
					if took := time.Since(start); took > time.Second {
						t.Logf("%s took %s", src, took)
						if took < MaxEvalTime {
							continue
						}
						t.Errorf("%s took %s: %v", src, took, diags)
					}
					for _, d := range diags {
						if strings.Contains(d.Detail, "inside Currant") || strings.Contains(d.Detail, "it cannot work on these arguments") {
							t.Errorf("%s panics: %s", src, d.Detail)
						}
					}
					if over := measure(got).over(); over != "" {
						t.Errorf("%s is %s", src, over)
					}
				}
			}
		}
	}
}

func TestH2Bombs(t *testing.T) {
	big := cty.StringVal(strings.Repeat("x", 1<<20))
	vars := map[string]cty.Value{"big": big, "l": cty.ListVal([]cty.Value{big, big, big})}
	nested := func(open, inner, shut string, n int) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
	}
	bombs := map[string]string{
		"nested for":           `[for a in range(100000) : [for b in range(100000) : b]]`,
		"nested for, counted":  `length([for a in range(100000) : length([for b in range(100000) : b])])`,
		"nested for, filtered": `[for a in range(100000) : a if alltrue([for b in range(100000) : b == 0 || true])]`,
		"objects":              `{ for a in range(100000) : "${big}${a}" => 1 }`,
		"texts":                `[for a in range(100000) : "${big}${a}"]`,
		"same text":            `[for a in range(100000) : big]`,
		"grouped":              `{ for a in range(100000) : "k" => big... }`,
		"template for":         `"%{ for a in range(100000) }${big}%{ endfor }"`,
		"template":             `"` + strings.Repeat("${big}", 11) + `"`,
		"template in template": nested(`"${`, `"`+strings.Repeat("${big}", 11)+`"`, `}x"`, 3),
		"splat":                `[for i in range(100000) : l][*][0]`,
		"splat of splats":      `[for a in range(300) : [for b in range(300) : { x = big }]][*][*].x`,
		"doubling":             nested(`[for x in [`, `big`, `] : [x, x, x, x]]`, 12),
		"setproduct":           `setproduct(range(1000), range(1000), range(1000))`,
		"format":               `format("%999999999d", 1)`,
		"format again":         `format("` + strings.Repeat("%[1]s", 1000) + `", big)`,
		"formatlist":           `formatlist("%s%s", range(100000), big)`,
		"replace":              `replace(big, "x", big)`,
		"replace pattern":      `replace(big, "/x/", big)`,
		"replace groups":       `replace(big, "/(x+)/", "` + strings.Repeat("$1", 1000) + `")`,
		"replace nothing":      `replace(big, "", big)`,
		"regex":                `regex("` + strings.Repeat("(x?)", 500) + `y", big)`,
		"regexall groups":      `regexall("` + strings.Repeat("()", 500) + `", big)`,
		"join":                 `join(big, range(100))`,
		"indent":               `indent(10000000, "a\nb\nc")`,
		"concat":               `concat([for i in range(900) : l]...)`,
		"power":                `pow(10, 1e300)`,
		"multiply":             nested(`[for x in [`, `1e300`, `] : x * x][0]`, 3),
		"divide":               `1 / 3e200 / 3e200`,
		"text to number":       `"1e600000000" % 7`,
		"text to number 2":     `-"1e600000000"`,
		"literal":              `1e600000000`,
		"literal in text":      `"${1e600000000}"`,
		"yaml aliases":         `yamldecode("` + yamlBomb() + `")`,
		"yaml nesting":         `yamldecode(join("", [for i in range(50000) : "["]))`,
		"yaml dashes":          `yamldecode(join("", [for i in range(50000) : "- "]))`,
		"yaml keys":            `yamldecode(join("", [for i in range(50000) : "? "]))`,
		"json nesting":         `jsondecode(join("", [for i in range(50000) : "["]))`,
		"csv":                  `csvdecode(join("", [for i in range(100000) : "\n\n,,,,"]))`,
		"keys":                 `jsonencode([for i in range(1000) : { (big) = 1 }])`,
		"try":                  `try([for a in range(100000) : [for b in range(100000) : b]], "saved")`,
		"can":                  `can([for a in range(100000) : [for b in range(100000) : b]])`,
		"nested try":           nested("try(", `[for a in range(100000) : [for b in range(100000) : b]]`, ", 1)", 20),
		"template file":        `templatefile("heavy.tmpl", {})`,
		"lookup":               `[for i in range(100000) : lookup({ for j in range(1000) : "k${j}" => j }, "k1", 0)]`,
		"distinct":             `length([for i in range(1000) : length(distinct([for j in range(10000) : "x${j}"]))])`,
		"contains":             `length([for i in range(100000) : i if contains(range(100000), i)])`,
	}
	for name, src := range bombs {
		start, cpu := time.Now(), cpuTime()
		e := NewEval(EvalLimits{Time: 300 * time.Millisecond})
		v, diags := evalExpr(t, src, e, vars)
		took := time.Since(start)
		if !diags.HasErrors() {
			t.Errorf("%s is a value of %d bytes after %s", name, measure(v).bytes, took)
			continue
		}
		if !within(cpu, 3*time.Second) {
			t.Errorf("%s took %s", name, took)
		}
		if e.exhausted != nil && (len(diags) != 1 || !strings.HasPrefix(diags[0].Detail, "Evaluation takes too much: ") || diags[0].Subject == nil) {
			t.Errorf("%s: %v", name, diags)
		}
		t.Logf("%-22s %8s %s", name, took.Round(time.Millisecond), diags[0].Detail)
	}
}

func yamlBomb() string {
	s := "a0: &a0 [x, x, x, x, x, x, x, x, x]\\n"
	for i := 1; i < 10; i++ {
		s += fmt.Sprintf("a%d: &a%d [%s]\\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	return s
}

// TestH2Locals: a chain of locals, each twice the one before, stops at the limit.
func TestH2Locals(t *testing.T) {
	for _, src := range []string{`[v, v]`, `"${jsonencode(v)}${jsonencode(v)}"`, `{ a = v, b = v }`, `v == [] ? [] : [v, v]`} {
		v := cty.StringVal("0123456789")
		stopped := false
		start := cpuTime()
		for range 60 {
			next, diags := evalExpr(t, src, nil, map[string]cty.Value{"v": v})
			if stopped = diags.HasErrors(); stopped {
				break
			}
			v = next
		}
		if !stopped || !within(start, 10*time.Second) {
			t.Errorf("%s: stopped %v after %s", src, stopped, cpuTime()-start)
		}
	}
}

// TestH2WorkThatIsAllowed is well within the budget, and fast.
func TestH2WorkThatIsAllowed(t *testing.T) {
	for _, src := range []string{
		`length([for i in range(100000) : i * 2])`,
		`length({ for i in range(50000) : "k${i}" => i })`,
		`true ? [for i in range(50000) : i] : []`,
		`false ? { a = [for i in range(20000) : i] } : { a = [] }`,
		`length(tolist([for i in range(90000) : i]))`,
		`length(toset([for i in range(20000) : "x${i}"]))`,
		`sum([for i in range(100000) : i])`,
		`length(distinct([for i in range(50000) : i % 10]))`,
		`length(join(",", [for i in range(100000) : i]))`,
		`length(sort([for i in range(50000) : "x${i}"]))`,
		`length(coalesce([for i in range(20000) : i], []))`,
		`length([for a in range(300) : [for b in range(300) : a * b]])`,
		`length(jsondecode(jsonencode([for i in range(20000) : { id = i }])))`,
		`length(tomap({ for i in range(20000) : "k${i}" => { id = i } }))`,
		`length(setunion(range(2000), range(4000)))`,
	} {
		start := cpuTime()
		e := NewEval(EvalLimits{Time: time.Minute})
		if _, diags := evalExpr(t, src, e, nil); diags.HasErrors() {
			t.Errorf("%s: %s", src, diags)
		}
		if !within(start, 2*time.Second) {
			t.Errorf("%s took %s", src, cpuTime()-start)
		}
	}
}

func TestH2Steps(t *testing.T) {
	e := NewEval(EvalLimits{Steps: 100})
	_, diags := evalExpr(t, `[for i in range(200) : i]`, e, nil)
	if !diags.HasErrors() || !strings.Contains(diags[0].Detail, "100 steps") {
		t.Error(diags)
	}
	if _, diags := evalExpr(t, `1`, e, nil); !diags.HasErrors() {
		t.Error("a used-up budget evaluates")
	}
}

func TestH2Collisions(t *testing.T) {
	same := map[int][]cty.Value{}
	for i := 0; len(same[0]) < 2000; i++ {
		same[0] = append(same[0], cty.StringVal(fmt.Sprint(i)))
	}
	if err := checkCollisions(cty.ListVal(same[0])); err != nil {
		t.Error(err)
	}
}

func TestEvalCalls(t *testing.T) {
	one := func(e *Eval, src string) cty.Value {
		v, diags := evalExpr(t, src, e, nil)
		if diags.HasErrors() {
			t.Errorf("%s: %s", src, diags)
		}
		return v
	}
	src := `[for i in range(2) : { id = uuid(), at = timestamp() }]`
	e := runningEval()
	first := one(e, src)
	if !first.RawEquals(one(runningEval(), src)) {
		t.Error("a resumed step sees other values")
	}
	if !e.UsedTime {
		t.Error("UsedTime is not set")
	}
	ids := map[string]bool{}
	for it := first.ElementIterator(); it.Next(); {
		_, v := it.Element()
		ids[v.GetAttr("id").AsString()] = true
	}
	ids[one(runningEval(), `[uuid(), uuid()]`).Index(cty.NumberIntVal(1)).AsString()] = true
	other := runningEval()
	other.Seed = "run|step|1"
	ids[one(other, `uuid()`).AsString()], ids[one(runningEval(), `uuid()`).AsString()] = true, true
	if len(ids) != 5 {
		t.Errorf("uuids repeat: %v", ids)
	}
	if v := one(nil, `timestamp()`); v.IsKnown() || v.Type() != cty.String {
		t.Errorf("in a check timestamp() is %#v", v)
	}
	if v := one(nil, `customer_secret("a", "b")`); v.IsKnown() || !IsSensitive(v) {
		t.Errorf("in a check customer_secret() is %#v", v)
	}
	forbidden := runningEval()
	forbidden.Forbid = "it is a local, which is evaluated once"
	if _, diags := evalExpr(t, `try(uuid(), 1)`, forbidden, nil); diags.HasErrors() {
		t.Error(diags)
	}
	if _, diags := evalExpr(t, `uuid()`, forbidden, nil); !strings.Contains(diags.Error(), "evaluated once") {
		t.Error(diags)
	}
}

func TestInstrumentKeepsForm(t *testing.T) {
	parse := func(src string) hclsyntax.Expression { return Instrument(parseTestExpr(t, src)) } // twice instrumented
	if tr, diags := hcl.AbsTraversalForExpr(parse("var.a.b")); diags.HasErrors() || len(tr) != 3 {
		t.Error(tr, diags)
	}
	if hcl.ExprAsKeyword(parse("string")) != "string" {
		t.Error("keyword")
	}
	if l, diags := hcl.ExprList(parse(`[f(a), "x"]`)); diags.HasErrors() || len(l) != 2 {
		t.Error(diags)
	}
	if m, diags := hcl.ExprMap(parse(`{ a = f(b) }`)); diags.HasErrors() || hcl.ExprAsKeyword(m[0].Key) != "a" {
		t.Error(diags)
	}
	if c, diags := hcl.ExprCall(parse(`object({ a = optional(string) })`)); diags.HasErrors() || c.Name != "object" {
		t.Error(diags)
	}
	if n := len(parse(`[for x in var.a : "${x}${y}" if f(z) > 1 ? a : b[c][*].d]`).Variables()); n != 6 {
		t.Errorf("%d variables, want var.a, y, z, a, b, c", n)
	}
	calls := 0
	_ = hclsyntax.VisitAll(parse(`f(g("${h(1)}")) + i() > 2 ? j() : [for x in k() : l(x)][*]`), func(n hclsyntax.Node) hcl.Diagnostics {
		if w, ok := n.(interface{ unmetered() hclsyntax.Expression }); ok {
			n = w.unmetered()
			for {
				if w, ok := n.(interface{ unmetered() hclsyntax.Expression }); ok {
					n = w.unmetered()
					continue
				}
				break
			}
		}
		if _, ok := n.(*hclsyntax.FunctionCallExpr); ok {
			calls++
		}
		return nil
	})
	if calls != 7 {
		t.Errorf("a walk sees %d calls, want 7", calls)
	}
	if v, diags := parse(`upper("a")`).Value(&hcl.EvalContext{Functions: exampleFunctions}); diags.HasErrors() || v.AsString() != "A" {
		t.Error("without an Eval", diags)
	}
	body, diags := hclsyntax.ParseConfig([]byte("a = f(1)\nb \"x\" {\n  c = [for i in d : i]\n}\n"), "x.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	InstrumentBody(body.Body.(*hclsyntax.Body))
	if _, ok := body.Body.(*hclsyntax.Body).Blocks[0].Body.Attributes["c"].Expr.(*loopNode); !ok {
		t.Error("a block's expression is not instrumented")
	}
}

func TestValuePanics(t *testing.T) {
	_, diags := Value(hcl.StaticExpr(cty.NilVal, hcl.Range{}), nil)
	_ = diags // a nil value is no panic
	boom := &branch{Expression: parseTestExpr(t, "1")}
	_, diags = Value(panicking{boom}, &hcl.EvalContext{})
	if len(diags) != 1 || strings.Contains(diags.Error(), "hunter2") {
		t.Error(diags)
	}
}

type panicking struct{ hclsyntax.Expression }

func (panicking) Value(*hcl.EvalContext) (cty.Value, hcl.Diagnostics) { panic("hunter2") }

// TestConvert: our conversion agrees with go-cty's.
func TestConvert(t *testing.T) {
	item := func(i int) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"id": cty.NumberIntVal(int64(i)), "tags": cty.TupleVal([]cty.Value{cty.StringVal("x")})})
	}
	vals, texts, attrs := []cty.Value{}, []cty.Value{}, map[string]cty.Value{}
	for i := range 300 {
		vals = append(vals, item(i))
		texts = append(texts, cty.StringVal(fmt.Sprint(i)))
		attrs[fmt.Sprint("k", i)] = cty.StringVal(fmt.Sprint(i))
	}
	it := cty.ObjectWithOptionalAttrs(map[string]cty.Type{"id": cty.String, "tags": cty.List(cty.String), "more": cty.Bool}, []string{"more"})
	for _, c := range []struct {
		v cty.Value
		t cty.Type
	}{
		{cty.TupleVal(vals), cty.List(it)}, {cty.TupleVal(vals), cty.Set(it)}, {cty.TupleVal(vals), cty.List(cty.DynamicPseudoType)},
		{cty.TupleVal(texts), cty.List(cty.Number)}, {cty.TupleVal(texts), cty.Set(cty.DynamicPseudoType)}, {cty.ObjectVal(attrs), cty.Map(cty.Number)},
		{cty.ObjectVal(map[string]cty.Value{"a": cty.TupleVal(texts), "z": cty.True}), cty.Object(map[string]cty.Type{"a": cty.List(cty.String)})},
		{cty.ObjectVal(map[string]cty.Value{"a": cty.TupleVal(texts)}), cty.Object(map[string]cty.Type{"b": cty.String})},
		{cty.TupleVal(append(texts[:299:299], cty.EmptyObjectVal)), cty.List(cty.String)}, {MarkSensitive(cty.TupleVal(texts)), cty.List(cty.String)},
		{cty.UnknownVal(cty.TupleVal(texts).Type()), cty.List(cty.DynamicPseudoType)}, {cty.NullVal(cty.TupleVal(texts).Type()), cty.List(cty.String)}, {cty.ObjectVal(attrs), cty.Map(cty.DynamicPseudoType)},
	} {
		got, err := Convert(c.v, c.t)
		want, wantErr := convert.Convert(c.v, c.t)
		if (err == nil) != (wantErr == nil) || (err == nil && !got.RawEquals(want)) {
			t.Errorf("to %s: %#v, %v; want %#v, %v", c.t.FriendlyName(), got, err, want, wantErr)
		}
	}
}

const (
	benchTemplate = `"Request ${req.id} of ${upper(req.name)}: ${req.count + 1} of ${length(req.tags)}, %{ if req.open }open%{ else }closed%{ endif }"`
	benchObject   = `{ id = req.id, title = "Hello ${req.name}", tags = [for t in req.tags : upper(t) if t != "b"], note = try(req.note, "none"), next = req.count * 2 > 10 ? "a" : "b", all = req.items[*].id }`
)

func BenchmarkEval(b *testing.B) {
	item := cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal("i")})
	vars := map[string]cty.Value{"req": cty.ObjectVal(map[string]cty.Value{
		"id": cty.StringVal("42"), "name": cty.StringVal("Ann"), "count": cty.NumberIntVal(3), "open": cty.True,
		"tags":  cty.ListVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b"), cty.StringVal("c")}),
		"items": cty.ListVal([]cty.Value{item, item, item}),
	})}
	for name, src := range map[string]string{"template": benchTemplate, "object": benchObject} {
		plain, _ := hclsyntax.ParseExpression([]byte(src), "b.hcl", hcl.InitialPos)
		ctx := &hcl.EvalContext{Functions: exampleFunctions, Variables: vars}
		b.Run(name+"/plain", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, diags := plain.Value(ctx); diags.HasErrors() {
					b.Fatal(diags)
				}
			}
		})
		metered := parseTestExpr(b, src)
		b.Run(name+"/metered", func(b *testing.B) {
			b.ReportAllocs()
			child := ctx.NewChild()
			e := NewEval(EvalLimits{Steps: 1 << 60, Time: time.Hour})
			e.Install(child)
			for b.Loop() {
				if _, diags := Value(metered, child); diags.HasErrors() {
					b.Fatal(diags)
				}
			}
		})
	}
}
