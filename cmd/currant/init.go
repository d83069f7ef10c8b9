package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"currant/engine/lang"
)

//go:embed templates
var templateFiles embed.FS

// templates are the blueprints that init makes, and what to do with each.
var templates = []struct{ name, doc, next string }{
	{"hello", "a runbook that is started by hand", `  currant run greet
  echo '{"name": "Ann"}' | currant run greet --input -
  currant test`},
	{"webhook", "a runbook that is started by an HTTP request", `  currant dev
  curl http://127.0.0.1:7780/inbound/%NAME%/receive -H 'Authorization: Bearer change-me' \
    -H 'Content-Type: application/json' -d '{"text": "Hello"}'
  currant runs list
  currant test`},
	{"schedule", "a runbook that starts by itself", `  currant dev
  currant runs list
  currant test`},
	{"triage", "new requests of Xurrent go to the least busy team", `  currant run triage --sim
  currant test
and, in two terminals:
  currant dev --sim
  currant send triage`},
	{"app", "an app of Xurrent that customers install", `  currant test
and, in two terminals:
  currant dev --sim
  currant send onboarding
  currant send thank`},
}

type initOptions struct {
	dir      string
	template string
}

func newInit(t *terminal) *cobra.Command {
	var o initOptions
	var list []string
	for _, tpl := range templates {
		list = append(list, fmt.Sprintf("  %-9s %s", tpl.name, tpl.doc))
	}
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Make a blueprint that runs at once",
		Long: `Makes a blueprint in DIR (default: the current directory), which is made too if it is missing. Nothing is
overwritten: a directory that has *.hcl files already is refused.

Templates:
` + strings.Join(list, "\n"),
		Example: `  currant init hello
  currant init incoming --template webhook
  currant init thanks --template app`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			o.dir = dirOf(args)
			return runInit(t, &o)
		},
	}
	cmd.Flags().StringVar(&o.template, "template", "hello", "which blueprint to make: "+strings.Join(templateNames(), ", "))
	return cmd
}

func templateNames() (names []string) {
	for _, tpl := range templates {
		names = append(names, tpl.name)
	}
	return names
}

func runInit(t *terminal, o *initOptions) error {
	names := templateNames()
	i := slices.Index(names, o.template)
	if i < 0 {
		return usagef("there is no template %q; the templates are %s.%s", o.template, strings.Join(names, ", "), lang.DidYouMean(o.template, names))
	}
	if present, err := filepath.Glob(filepath.Join(escapeGlob(o.dir), "*.hcl")); err != nil || len(present) > 0 {
		if err != nil {
			return err
		}
		return usagef("%s has a blueprint already (%s); choose another directory", o.dir, filepath.Base(present[0]))
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return err
	}
	made, err := copyTemplate(o.template, o.dir)
	if err != nil {
		return err
	}
	t.out.printf("Made the blueprint %q:\n", lang.NameOf(o.dir))
	for _, name := range made {
		t.out.printf("  %s\n", name)
	}
	t.out.printf("\nNext steps:\n")
	if o.dir != "." {
		t.out.printf("  cd %s\n", o.dir)
	}
	t.out.printf("%s\n", strings.ReplaceAll(templates[i].next, "%NAME%", lang.NameOf(o.dir)))
	return nil
}

// copyTemplate writes a template's files; one that is there already is an error.
func copyTemplate(name, dir string) ([]string, error) {
	var made []string
	root := path.Join("templates", name)
	err := fs.WalkDir(templateFiles, root, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := templateFiles.ReadFile(p)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(p, root+"/")))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		if _, err := f.Write(data); err != nil {
			f.Close()
			return err
		}
		made = append(made, to)
		return f.Close()
	})
	return made, err
}

func escapeGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(s)
}
