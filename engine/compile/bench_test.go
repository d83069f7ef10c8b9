package compile_test

import (
	"runtime"
	"strings"
	"testing"

	"currant/engine/compile"
	"currant/engine/lang"
)

func mustCompile(b testing.TB, src *lang.Source, o compile.Options) *compile.Blueprint {
	b.Helper()
	bp, diags := compile.Compile(src, o)
	if diags.HasErrors() {
		b.Fatal(diags)
	}
	return bp
}

// Cold start: parse and check 1,000 runbooks. The figure of the whole start is 300 ms.
func benchmarkLoad(b *testing.B, files map[string]string, want int) {
	src := sourceOf(b, files)
	o := options(b)
	b.ReportAllocs()
	for b.Loop() {
		if bp := mustCompile(b, src, o); len(bp.Runbooks) != want {
			b.Fatal(len(bp.Runbooks))
		}
	}
}

func BenchmarkLoad1000Files(b *testing.B)   { benchmarkLoad(b, manyFiles(1000), 1000) }
func BenchmarkLoad500Files(b *testing.B)    { benchmarkLoad(b, manyFiles(500), 500) }
func BenchmarkLoad1000OneFile(b *testing.B) { benchmarkLoad(b, oneFile(1000), 1000) }

// A reload after an edit of one runbook. The figure is 50 ms to live, reading and storing included.
func benchmarkReload(b *testing.B, files map[string]string, file, from string, to func(int) string) {
	o := options(b)
	o.Previous = &compile.Cache{}
	mustCompile(b, sourceOf(b, files), o)
	original := files[file]
	edited := []*lang.Source{}
	for i := range 2 {
		files[file] = strings.Replace(original, from, to(i), 1)
		edited = append(edited, sourceOf(b, files))
		edited[i].Dir = edited[0].Dir
		for j := range edited[i].Files {
			edited[i].Files[j].Name = edited[0].Files[j].Name
		}
	}
	mustCompile(b, edited[0], o)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		mustCompile(b, edited[(i+1)%2], o)
	}
}

func BenchmarkReloadOneOf1000Files(b *testing.B) {
	benchmarkReload(b, manyFiles(1000), "rb0500.hcl", "Hello", func(i int) string { return strings.Repeat("Hi", i+1) })
}

func BenchmarkReloadOneRunbookInOneFile(b *testing.B) {
	benchmarkReload(b, oneFile(1000), "main.hcl", "description = \"Number 500\"", func(i int) string { return "description = \"" + strings.Repeat("Hi", i+1) + "\"" })
}

// Bytes that stay after a load of 1,000 runbooks.
func BenchmarkRetained1000(b *testing.B) {
	src, o := sourceOf(b, manyFiles(1000)), options(b)
	o.Previous = &compile.Cache{}
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		bp := mustCompile(b, src, o)
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(bp)
		o.Previous = &compile.Cache{}
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1000, "B/runbook")
}
