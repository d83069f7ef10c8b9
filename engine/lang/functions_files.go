package lang

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

func fileFunctions(opts FunctionOptions) []entry {
	const where = "path: the file, relative to the blueprint's directory"
	of := func(impl func([]byte) (string, error)) function.Function {
		return textFunc(func(s []string) (string, error) {
			b, err := contentOf(opts.Files, s[0])
			if err != nil {
				return "", err
			}
			return impl(b)
		}, "path")
	}
	hexOf := func(hash func([]byte) []byte) function.Function {
		return of(func(b []byte) (string, error) { return hex.EncodeToString(hash(b)), nil })
	}
	base64Of := func(hash func([]byte) []byte) function.Function {
		return of(func(b []byte) (string, error) { return base64.StdEncoding.EncodeToString(hash(b)), nil })
	}
	list := []entry{
		{name: "file", summary: "The content of a text file.", params: []string{where}, fn: of(fileText)},
		{name: "filebase64", summary: "The content of a file in Base64.", params: []string{where}, fn: base64Of(func(b []byte) []byte { return b })},
		{name: "filemd5", summary: "The MD5 of a file, in hex.", params: []string{where}, fn: hexOf(md5Sum)},
		{name: "filesha1", summary: "The SHA-1 of a file, in hex.", params: []string{where}, fn: hexOf(sha1Sum)},
		{name: "filesha256", summary: "The SHA-256 of a file, in hex.", params: []string{where}, fn: hexOf(sha256Sum)},
		{name: "filesha512", summary: "The SHA-512 of a file, in hex.", params: []string{where}, fn: hexOf(sha512Sum)},
		{name: "filebase64sha256", summary: "The SHA-256 of a file, in Base64.", params: []string{where}, fn: base64Of(sha256Sum)},
		{name: "filebase64sha512", summary: "The SHA-512 of a file, in Base64.", params: []string{where}, fn: base64Of(sha512Sum)},
		{name: "fileexists", summary: "Whether there is a file.", params: []string{where}, fn: fileExistsFunc(opts.Files)},
		{name: "fileset", summary: "The files that match a pattern with *, ?, ** and {a,b}.",
			params: []string{"path: a directory, relative to the blueprint's directory", "pattern: the pattern"}, fn: fileSetFunc(opts.Files)},
		{name: "templatefile", summary: "The text of a template file, rendered with the given names.",
			params: []string{where, "vars: an object of what the template may name"}, fn: templateFileFunc(opts)},
	}
	for i := range list {
		list[i].kind = FileFunction
	}
	return append(list,
		entry{name: "basename", summary: "The last part of a path.",
			params: []string{"path: the path"}, fn: textFunc(func(s []string) (string, error) { return path.Base(s[0]), nil }, "path")},
		entry{name: "dirname", summary: "All but the last part of a path.",
			params: []string{"path: the path"}, fn: textFunc(func(s []string) (string, error) { return path.Dir(s[0]), nil }, "path")},
	)
}

func md5Sum(b []byte) []byte    { h := md5.Sum(b); return h[:] }
func sha1Sum(b []byte) []byte   { h := sha1.Sum(b); return h[:] }
func sha256Sum(b []byte) []byte { h := sha256.Sum256(b); return h[:] }
func sha512Sum(b []byte) []byte { h := sha512.Sum512(b); return h[:] }

var errNoFiles = errors.New("files cannot be read here")

func contentOf(files Files, name string) ([]byte, error) {
	if files == nil {
		return nil, errNoFiles
	}
	b, err := files.ReadFile(name)
	if err != nil {
		return nil, function.NewArgError(0, err)
	}
	if len(b) > MaxValueBytes {
		return nil, function.NewArgErrorf(0, "%s is larger than %d bytes", name, MaxValueBytes)
	}
	return b, nil
}

func fileText(b []byte) (string, error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if !utf8.Valid(b) {
		return "", function.NewArgErrorf(0, "the file is no UTF-8 text; use filebase64()")
	}
	return string(b), nil
}

func fileExistsFunc(files Files) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{textParam("path")},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if files == nil {
				return cty.NilVal, errNoFiles
			}
			switch _, err := files.ReadFile(args[0].AsString()); {
			case errors.Is(err, fs.ErrNotExist):
				return cty.False, nil
			case err != nil:
				return cty.NilVal, function.NewArgError(0, err)
			}
			return cty.True, nil
		},
	})
}

func fileSetFunc(files Files) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{textParam("path"), textParam("pattern")},
		Type:   function.StaticReturnType(cty.Set(cty.String)),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if files == nil {
				return cty.NilVal, errNoFiles
			}
			dir := path.Clean(args[0].AsString())
			found, err := files.Glob(path.Join(dir, args[1].AsString()))
			if err != nil {
				return cty.NilVal, function.NewArgError(1, err)
			}
			slices.Sort(found)
			vals := make([]cty.Value, 0, len(found))
			for _, f := range found {
				vals = append(vals, cty.StringVal(strings.TrimPrefix(f, dir+"/")))
			}
			if len(vals) == 0 {
				return cty.SetValEmpty(cty.String), nil
			}
			return cty.SetVal(vals), nil
		},
	})
}
