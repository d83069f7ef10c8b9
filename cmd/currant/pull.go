package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"currant/blueprints"
	"currant/engine/compile"
	"currant/engine/lang"
	"currant/steps"
)

type pullOptions struct {
	accountFlags
	reference, dir string
	// given says that a directory was named.
	given      bool
	connection string
	out        string
}

func newPull(t *terminal) *cobra.Command {
	return group("pull", "Write what is on an account as a blueprint",
		"Writes what is on an account as a blueprint, with its files.",
		"  currant pull app survey ./other --out survey", newPullApp(t))
}

func newPullApp(t *terminal) *cobra.Command {
	var o pullOptions
	cmd := &cobra.Command{
		Use:   "app REFERENCE [DIR]",
		Short: "Write an app offering of an account as a blueprint",
		Long: `Reads an app offering, its UI extension and its automation rules from an account, and writes them as a blueprint: HCL,
and html, css, JavaScript, markdown and images as files of their own. Its credentials are variables; it holds no
secret. "currant plan" on it shows nothing but the webhook of its runbook.

The account is that of a connection of the blueprint in DIR (default: the current directory); --connection names it
where there are several. With --sim and without DIR, it is the simulated account "provider".

No file is overwritten: the directory of --out is new or empty.

Exit code 0: it is written. 1: the account has no such app, or cannot be read, or files cannot be written, or what was
written needs to be edited before it is valid. 2: wrong
usage or an invalid blueprint.`,
		Example: `  currant pull app survey
  currant pull app survey ./other --connection provider --out survey
  currant pull app survey --sim=http://127.0.0.1:7790`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.reference, o.dir, o.given = args[0], dirOf(args[1:]), len(args) > 1
			return o.with(cmd.Context(), func() error { return runPull(cmd.Context(), t, &o) })
		},
	}
	o.flagsOf(cmd)
	cmd.Flags().StringVar(&o.connection, "connection", "", "name of the connection to the account, where the blueprint has several")
	cmd.Flags().StringVar(&o.out, "out", "", "directory to write to (default: named like the reference)")
	return cmd
}

func runPull(ctx context.Context, t *terminal, o *pullOptions) error {
	out, err := o.target()
	if err != nil {
		return err
	}
	conn, err := o.choose(t)
	if err != nil {
		return err
	}
	account, err := openAccount(ctx, conn)
	if err != nil {
		return err
	}
	defer account.Close()
	files, err := blueprints.Extract(ctx, account.Client(), o.reference, extractOptions(conn))
	if err != nil {
		return fmt.Errorf("pull app %s: %w", plain(o.reference), err)
	}
	if err := writeFiles(out, files); err != nil {
		return err
	}
	t.out.printf("The app %s is written to %s:\n", plain(o.reference), out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		t.out.printf("  %s\n", plain(filepath.Join(out, filepath.FromSlash(name))))
	}
	if err := o.check(t, out); err != nil {
		return err
	}
	sim := ""
	if o.account != nil {
		sim = " --sim=" + o.account.url
	}
	t.out.printf("\nIts credentials are variables (see the variable blocks). Next:\n  currant validate %[1]s\n  currant plan %[1]s%[2]s\n", out, sim)
	return nil
}

// check reads what was written as other commands do. An account may have what no blueprint can say, such as a
// description without its images: the files stay, for a person to edit.
func (o *pullOptions) check(t *terminal, out string) error {
	l, err := load(t, out, &sourceOptions{dataDir: o.dataDir, simFlag: o.simFlag, account: o.account}, true)
	if err != nil {
		return err
	}
	if err := t.err.diagnostics(l.files, l.diags); err != nil || !l.diags.HasErrors() {
		return err
	}
	t.err.printf("%s is no valid blueprint yet: edit it, then run \"currant validate %[1]s\".\n", out)
	return &silentError{exitFailed}
}

// target is the directory to write to. It is new or empty.
func (o *pullOptions) target() (string, error) {
	out := o.out
	if out == "" {
		if out = o.reference; !filepath.IsLocal(out) || strings.ContainsAny(out, `/\`) {
			return "", usagef("the reference %q cannot name a directory: name one with --out", plain(o.reference))
		}
	}
	entries, err := os.ReadDir(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return out, nil
	case err != nil:
		return "", usagef("--out: %w", err)
	case len(entries) > 0:
		return "", usagef("%s is not empty, and nothing is overwritten: name another directory with --out", out)
	}
	return out, nil
}

// simulatedProvider is the account that is read where only a simulated service is known.
const simulatedProvider = `connection "xurrent" "provider" {
  account_id    = "provider"
  client_id     = "simulated"
  client_secret = "simulated"
}
`

// choose finds the connection to the account.
func (o *pullOptions) choose(t *terminal) (*compile.Connection, error) {
	var bp *compile.Blueprint
	if o.account != nil && !o.given {
		options, _, err := o.compile(t, true, "")
		if err != nil {
			return nil, err
		}
		src, diags := lang.FromFiles("provider", map[string][]byte{"main.hcl": []byte(simulatedProvider)})
		compiled, more := compile.Compile(src, options)
		if diags = append(diags, more...); diags.HasErrors() {
			return nil, diags
		}
		bp = compiled
	} else {
		l, err := load(t, o.dir, &o.sourceOptions, true)
		if err == nil && l.Blueprint == nil {
			err = l.err()
		}
		if err != nil {
			return nil, err
		}
		bp = l.Blueprint
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(bp.Connections)) {
		if bp.Connections[name].Kind.Name == "xurrent" {
			names = append(names, name)
		}
	}
	switch {
	case len(names) == 0:
		return nil, invalidf("the blueprint %q in %s has no xurrent connection", bp.Name, o.dir)
	case o.connection == "" && len(names) == 1:
		return bp.Connections[names[0]], nil
	case o.connection == "":
		return nil, usagef("the blueprint %q has %d xurrent connections; name one with --connection: %s", bp.Name, len(names), strings.Join(names, ", "))
	case !slices.Contains(names, o.connection):
		hint := lang.DidYouMean(o.connection, names)
		if hint == "" {
			hint = " It has " + strings.Join(names, ", ") + "."
		}
		return nil, usagef("--connection: the blueprint %q has no xurrent connection %q.%s", bp.Name, o.connection, hint)
	}
	return bp.Connections[o.connection], nil
}

// extractOptions are what the account cannot tell of itself.
func extractOptions(conn *compile.Connection) (o blueprints.ExtractOptions) {
	for name, to := range map[string]*string{"account_id": &o.AccountID, "stage": &o.Stage, "region": &o.Region,
		"graphql_endpoint": &o.GraphQLEndpoint, "oauth2_endpoint": &o.OAuth2Endpoint, "rest_endpoint": &o.RESTEndpoint} {
		if conn.Body.Attr(name) == nil {
			continue
		}
		if v, ok := steps.Known(conn.Known(), name); ok {
			*to = v.AsString()
		}
	}
	return o
}

// writeFiles writes files below a directory: all of them, or else none is left.
func writeFiles(dir string, files map[string][]byte) (err error) {
	for name := range files {
		if !fs.ValidPath(name) || !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("the account names a file %q, which cannot be written", plain(name))
		}
	}
	made, err := missing(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	var written []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err = root.MkdirAll(path.Dir(name), 0o755); err == nil {
			err = writeNew(root, name, files[name])
			written = append(written, name)
		}
		if err != nil {
			for _, name := range written {
				err = errors.Join(err, ignoreMissing(root.Remove(name)))
			}
			if made {
				err = errors.Join(err, os.RemoveAll(dir))
			}
			return err
		}
	}
	return nil
}

// missing says whether a directory is not there.
func missing(dir string) (bool, error) {
	_, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return false, err
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// writeNew writes a file that must not be there.
func writeNew(root *os.Root, name string, content []byte) error {
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
