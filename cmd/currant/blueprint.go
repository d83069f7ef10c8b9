package main

import (
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/pflag"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps/standard"
	"currant/steps/xurrent"
	"currant/steps/xurrent/verify"
)

// sourceOptions are the flags of every command that reads a blueprint.
type sourceOptions struct {
	vars     []string
	varFiles []string
	allow    []string
	proxy    string
	dataDir  string
	keyURI   string
	simFlag  string
	maxAge   time.Duration // of a webhook's token
	log      *slog.Logger
	// account is the simulated one in place of real ones, or nil.
	account *simulated
	// pinned are values that win over all others: those of a saved plan.
	pinned map[string]cty.Value
}

func (o *sourceOptions) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.vars, "var", nil, "value of a variable, as NAME=VALUE; repeatable")
	f.StringArrayVar(&o.varFiles, "var-file", nil, "file of variable values; repeatable")
}

// runnerFlags are the flags of commands that reach accounts with what a runner keeps.
func (o *sourceOptions) runnerFlags(f *pflag.FlagSet) {
	o.flags(f)
	allowFlag(f, &o.allow)
	proxyFlag(f, &o.proxy)
	dataDirFlag(f, &o.dataDir)
	keyFlag(f, &o.keyURI)
	simFlag(f, &o.simFlag)
}

// values are where variables get their values from. Files that were read are added to files.
func (o *sourceOptions) values(t *terminal, partial bool, files map[string][]byte) (lang.Values, error) {
	v := lang.Values{Env: t.lookup, Set: map[string]string{}, Pinned: o.pinned, Partial: partial}
	for _, s := range o.vars {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return v, usagef("--var %q: write NAME=VALUE", s)
		}
		v.Set[name] = value
	}
	for _, path := range o.varFiles {
		f, diags := lang.ReadFile(path)
		if diags.HasErrors() {
			return v, &invalidError{diags: diags}
		}
		files[f.Name] = f.Bytes
		v.Files = append(v.Files, f)
	}
	return v, nil
}

// compile is the options that a blueprint is compiled with.
func (o *sourceOptions) compile(t *terminal, partial bool, publicURL string) (compile.Options, map[string][]byte, error) {
	files := map[string][]byte{}
	values, err := o.values(t, partial, files)
	if err != nil {
		return compile.Options{}, nil, err
	}
	deps, err := o.deps()
	if err != nil {
		return compile.Options{}, nil, err
	}
	opts, err := compileOptions(deps, values, publicURL)
	return opts, files, err
}

// deps is what the kinds of this binary need from outside.
func (o *sourceOptions) deps() (d standard.Deps, err error) {
	d.Outbound = outbound.Policy{UserAgent: "Currant"}
	if d.Outbound.Allow, err = outbound.ParseAllow(o.allow); err != nil {
		return d, usagef("--allow-network: %s", err)
	}
	if o.account == nil { // a simulated account is on this machine
		if d.Outbound.Proxy, err = proxyOf(o.proxy); err != nil {
			return d, err
		}
	}
	dir := o.dataDir
	if dir == "" {
		dir = defaultDataDir
	}
	d.Xurrent.Models = xurrent.NewModels(filepath.Join(dir, "schema"))
	d.Xurrent.Log = o.log
	verifier := verify.Options{MaxAge: o.maxAge, Log: o.log}
	if o.account != nil {
		d.Outbound.Allow = append(d.Outbound.Allow, o.account.network)
		d.Xurrent.Environment = o.account.environment
		verifier.InsecureIssuer = o.account.url
	}
	verifier.Outbound = d.Outbound
	d.Xurrent.Verifier = verify.New(verifier)
	return d, nil
}

// loaded is a blueprint as read and checked.
type loaded struct {
	*compile.Blueprint
	source  *lang.Source
	files   map[string][]byte
	diags   hcl.Diagnostics
	options compile.Options
}

// load reads and checks the blueprint in dir, for checking only where partial is set: required variables may
// then have no value. Its diagnostics are not an error yet.
func load(t *terminal, dir string, o *sourceOptions, partial bool) (*loaded, error) {
	return loadAt(t, dir, o, partial, "")
}

// loadAt is load for a runner that is reached under an address.
func loadAt(t *terminal, dir string, o *sourceOptions, partial bool, publicURL string) (*loaded, error) {
	opts, files, err := o.compile(t, partial, publicURL)
	if err != nil {
		return nil, err
	}
	l := &loaded{files: files, options: opts}
	src, diags := lang.ReadDir(dir)
	maps.Copy(l.files, src.Bytes())
	if l.diags, l.source = diags, src; diags.HasErrors() {
		return l, nil
	}
	l.Blueprint, l.diags = compile.Compile(src, opts)
	return l, nil
}

// err is the error of a blueprint that cannot be used, or nil.
func (l *loaded) err() error {
	if l.diags.HasErrors() {
		return &invalidError{files: l.files, diags: l.diags}
	}
	return nil
}

// names are those of the runbooks, in the order of the files.
func (l *loaded) names() []string {
	var out []string
	for _, rb := range l.Runbooks {
		out = append(out, rb.Name)
	}
	return out
}

// choose finds a runbook by name; without a name, the only one.
func (l *loaded) choose(name string) (*compile.Runbook, error) {
	names := l.names()
	if name == "" {
		if len(l.Runbooks) == 1 {
			return l.Runbooks[0], nil
		}
		if len(names) == 0 {
			return nil, invalidf("the blueprint %q has no runbook", l.Name)
		}
		return nil, usagef("the blueprint %q has %d runbooks; name one of %s", l.Name, len(names), strings.Join(names, ", "))
	}
	if rb := l.Runbook(name); rb != nil {
		return rb, nil
	}
	slices.Sort(names)
	hint := lang.DidYouMean(name, names)
	if hint == "" && len(names) > 0 {
		hint = " It has " + strings.Join(names, ", ") + "."
	}
	return nil, usagef("the blueprint %q has no runbook %q.%s", l.Name, name, hint)
}

func dirOf(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return itoa(n) + " " + noun + "s"
}
