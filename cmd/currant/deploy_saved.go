package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"currant/engine/lang"
)

// savedPlan is the content of a file that plan --out writes. It holds no secret.
type savedPlan struct {
	planView
	// Version is that of the Currant that has made it.
	Version string `json:"currant_version"`
	// Dir is the blueprint's directory as it was given: the plan is applied from the same place.
	Dir       string `json:"dir"`
	Simulated bool   `json:"simulated"`
	PublicURL string `json:"public_url"`
	// Variables are the values of those that are not sensitive.
	Variables map[string]json.RawMessage `json:"variables"`
	// Files are digests of all files that the blueprint is made of, by path.
	Files map[string]string `json:"files"`
	Basis string            `json:"basis"`
}

// bundleContent is what a blueprint is made of, of which a saved plan must be sure.
type bundleContent struct {
	Dir       string                     `json:"dir"`
	HCL       []lang.File                `json:"hcl"`
	Files     map[string][]byte          `json:"files"`
	Variables map[string]json.RawMessage `json:"variables"`
}

// contentOf tells the files that a blueprint was compiled of, and its variables.
func contentOf(l *loaded) (files map[string]string, variables map[string]json.RawMessage, err error) {
	var c bundleContent
	if err := json.Unmarshal(l.Bundle, &c); err != nil {
		return nil, nil, fmt.Errorf("the content of the blueprint: %w", err)
	}
	files = map[string]string{}
	digest := func(name string, content []byte) {
		sum := sha256.Sum256(content)
		files[filepath.ToSlash(name)] = hex.EncodeToString(sum[:])
	}
	for _, f := range c.HCL {
		name := f.Name
		if rel, err := filepath.Rel(l.Dir, f.Name); err == nil {
			name = rel
		}
		digest(name, f.Bytes)
	}
	for name, content := range c.Files {
		digest(name, content)
	}
	if c.Variables == nil {
		c.Variables = map[string]json.RawMessage{}
	}
	return files, c.Variables, nil
}

// savePlan writes a plan to a file that only its owner reads, whole or not at all.
func savePlan(path, dir string, o *accountFlags, l *loaded, p *deployPlan) error {
	s := savedPlan{planView: p.view(), Version: buildVersion(), Dir: dir, Simulated: o.account != nil, PublicURL: o.publicURL, Basis: p.basis}
	var err error
	if s.Files, s.Variables, err = contentOf(l); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := (stream{Writer: &b}).json(s); err != nil {
		return err
	}
	return writeWhole(path, b.Bytes())
}

// writeWhole writes a file beside its place and moves it there.
func writeWhole(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".plan-*") // of mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// maxSaved bounds a saved plan, in bytes.
const maxSaved = 256 << 20

// readSaved reads a saved plan; nil where path is a directory, or not there.
func readSaved(path string) (*savedPlan, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSaved {
		return nil, usagef("%s is no directory of a blueprint and no file that \"currant plan --out\" has written", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &savedPlan{}
	if json.Unmarshal(text, s) != nil || s.FormatVersion == "" || s.Basis == "" {
		return nil, usagef("%s is no plan: it is not what \"currant plan --out\" has written", path)
	}
	if major, _, _ := strings.Cut(s.FormatVersion, "."); major != "1" || s.Version != buildVersion() {
		return nil, fmt.Errorf("the plan was made by another Currant (%s) than this one (%s), which may read accounts otherwise; make it again", plain(s.Version), buildVersion())
	}
	return s, nil
}

// pin gives the options that the plan was made with. Variables may be given again only if they are sensitive.
func (s *savedPlan) pin(o *accountFlags) error {
	if s.Simulated != (o.account != nil) {
		if s.Simulated {
			return usagef("the plan was made for a simulated account: name it with --sim=URL")
		}
		return usagef("the plan was not made for a simulated account: leave --sim out")
	}
	for _, v := range o.vars {
		name, _, _ := strings.Cut(v, "=")
		if s.Variables[name] != nil {
			return usagef("--var %s: the plan has the value of this variable; only sensitive ones are given again", name)
		}
	}
	if o.cmd.Flags().Changed("public-url") && strings.TrimSuffix(o.publicURL, "/") != s.PublicURL {
		return usagef("--public-url: the plan was made for %s; plan again for another one", plain(s.PublicURL))
	}
	o.pinned = map[string]cty.Value{}
	for name, raw := range s.Variables {
		v, err := ctyjson.Unmarshal(raw, cty.DynamicPseudoType)
		if err != nil {
			return usagef("the plan is damaged: variable %s: %s", plain(name), err)
		}
		o.pinned[name] = v
	}
	o.publicURL = s.PublicURL
	return nil
}

// sameFiles refuses a plan of other files than there are now.
func (s *savedPlan) sameFiles(l *loaded) error {
	files, _, err := contentOf(l)
	if err != nil {
		return err
	}
	var lines []string
	all := maps.Clone(files)
	maps.Copy(all, s.Files)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		switch is, was := files[name], s.Files[name]; {
		case is == was:
		case is == "":
			lines = append(lines, plain(name)+" is gone")
		case was == "":
			lines = append(lines, plain(name)+" is new")
		default:
			lines = append(lines, plain(name)+" has changed")
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return &outdated{"The blueprint is not the one that was planned", lines}
}

// sameAccounts refuses a plan for other accounts.
func (s *savedPlan) sameAccounts(p *deployPlan) error {
	is := p.accounts()
	equal := slices.EqualFunc(is, s.Accounts, func(a, b accountView) bool {
		return a == b || s.Simulated && a.Connection == b.Connection && a.AccountID == b.AccountID
	})
	if equal {
		return nil
	}
	var lines []string
	for _, a := range s.Accounts {
		lines = append(lines, "planned: "+a.title())
	}
	for _, a := range is {
		lines = append(lines, "now:     "+a.title())
	}
	return &outdated{"The accounts are not those of the plan", lines}
}
