package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"currant/engine/lang"
)

// settingsFile is where settings are looked for in the current directory.
const settingsFile = "runner.hcl"

// settingNames are the flags that are settings of the runner: they may come from the environment
// (CURRANT_DATA_DIR) and the settings file (data_dir) too. A flag wins over the environment, and that over the file.
var settingNames = []string{"listen", "public-url", "data-dir", "workers", "log-format", "allow-network", "key-uri", "proxy", "webhook-max-age",
	"console", "console-host", "console-cert", "console-key", "console-pprof"}

// defaultDataDir is where a runner keeps what it stores.
const defaultDataDir = ".currant"

// The flags of settings, for the commands that use them.
func dataDirFlag(f *pflag.FlagSet, v *string) {
	f.StringVar(v, "data-dir", defaultDataDir, "directory of the store")
}

func allowFlag(f *pflag.FlagSet, v *[]string) {
	f.StringArrayVar(v, "allow-network", nil, "network (CIDR) or address that steps may call although it is private or loopback; repeatable")
}

func proxyFlag(f *pflag.FlagSet, v *string) {
	f.StringVar(v, "proxy", "", "proxy of calls that steps make: its URL, or \"environment\" for HTTPS_PROXY, HTTP_PROXY and NO_PROXY (default: none)")
}

// proxyOf is what a --proxy means.
func proxyOf(setting string) (func(*http.Request) (*url.URL, error), error) {
	switch setting {
	case "":
		return nil, nil
	case "environment":
		return http.ProxyFromEnvironment, nil
	}
	u, err := url.Parse(setting)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" {
		return nil, usagef("--proxy: write the URL of a proxy, such as http://proxy.example.com:3128, or \"environment\"")
	}
	return http.ProxyURL(u), nil
}

// applySettings gives the flags of a command that the command line left out their values from the
// environment and the settings file.
func applySettings(cmd *cobra.Command, t *terminal) error {
	fromFile, err := readSettings(cmd)
	if err != nil {
		return err
	}
	for _, name := range settingNames {
		flag := cmd.Flags().Lookup(name)
		if flag == nil || flag.Changed {
			continue
		}
		key := settingVariable(name)
		if text, ok := t.lookup(key); ok && text != "" {
			if err := setFlag(flag, splitSetting(name, text)); err != nil {
				return usagef("the environment variable %s: %s", key, err)
			}
			continue
		}
		if s, ok := fromFile[name]; ok {
			if err := setFlag(flag, s.values); err != nil {
				return &invalidError{files: s.files, diags: hcl.Diagnostics{lang.Error(s.at, "Invalid setting", "The setting %q: %s.", s.name, err)}}
			}
		}
	}
	return nil
}

// settingVariable is the environment variable of a setting.
func settingVariable(name string) string {
	return "CURRANT_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// settingElsewhere is the value of a setting of one text without what the command line says; "" for none.
func settingElsewhere(cmd *cobra.Command, t *terminal, name string) (string, error) {
	if text, ok := t.lookup(settingVariable(name)); ok && text != "" {
		return text, nil
	}
	fromFile, err := readSettings(cmd)
	if values := fromFile[name].values; err == nil && len(values) == 1 {
		return values[0], nil
	}
	return "", err
}

func splitSetting(name, text string) []string {
	if name != "allow-network" && name != "console-host" {
		return []string{text}
	}
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func setFlag(flag *pflag.Flag, values []string) error {
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		return list.Replace(values)
	}
	for _, v := range values {
		if err := flag.Value.Set(v); err != nil {
			return fmt.Errorf("%q cannot be used: %w", v, err)
		}
	}
	return nil
}

// setting is one line of a settings file.
type setting struct {
	name   string
	values []string
	at     hcl.Range
	files  map[string][]byte
}

// readSettings reads the settings file: the one that --config names, or runner.hcl where there is one.
func readSettings(cmd *cobra.Command) (map[string]setting, error) {
	path := ""
	if f := cmd.Flags().Lookup("config"); f != nil {
		path = f.Value.String()
	}
	if path == "" {
		if _, err := os.Stat(settingsFile); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		path = settingsFile
	}
	file, diags := lang.ReadFile(path)
	files := map[string][]byte{file.Name: file.Bytes}
	if diags.HasErrors() {
		return nil, &invalidError{files: files, diags: diags}
	}
	parsed, diags := lang.ParseFile(file.Name, file.Bytes)
	if diags.HasErrors() {
		return nil, &invalidError{files: files, diags: diags}
	}
	out := map[string]setting{}
	body := parsed.Body.(*hclsyntax.Body)
	for _, b := range body.Blocks {
		diags = append(diags, lang.Error(b.DefRange(), "Unexpected block", "A file of settings holds only NAME = VALUE lines; a blueprint belongs in a directory of its own."))
	}
	known := make([]string, len(settingNames))
	for i, n := range settingNames {
		known[i] = strings.ReplaceAll(n, "-", "_")
	}
	for _, a := range body.Attributes {
		i := slices.Index(known, a.Name)
		if i < 0 {
			diags = append(diags, lang.Error(a.NameRange, "Unknown setting", "There is no setting %q.%s", a.Name, lang.DidYouMean(a.Name, known)))
			continue
		}
		values, d := settingValues(a)
		diags = append(diags, d...)
		out[settingNames[i]] = setting{name: a.Name, values: values, at: a.Expr.Range(), files: files}
	}
	if diags.HasErrors() {
		return nil, &invalidError{files: files, diags: diags}
	}
	return out, nil
}

// settingValues are the texts of a literal: of one value, or of a list of them.
func settingValues(a *hclsyntax.Attribute) ([]string, hcl.Diagnostics) {
	v, diags := lang.Value(a.Expr, nil)
	if diags.HasErrors() {
		return nil, diags
	}
	items := []cty.Value{v}
	if v.Type().IsTupleType() {
		items = v.AsValueSlice()
	}
	var out []string
	for _, item := range items {
		text, err := convert.Convert(item, cty.String)
		if err != nil || text.IsNull() {
			return nil, hcl.Diagnostics{lang.Error(a.Expr.Range(), "Invalid setting", "The setting %q is a text or a number, or a list of them.", a.Name)}
		}
		out = append(out, text.AsString())
	}
	return out, nil
}
