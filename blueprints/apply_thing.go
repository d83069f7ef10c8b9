package blueprints

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"path"
	"strings"

	"currant/steps"
	"currant/steps/xurrent/api"
)

// input is what a mutation is told of wishes. Images are stored first.
func (x *applying) input(ctx context.Context, t *thing, wishes []*wish) (map[string]any, error) {
	in := map[string]any{}
	for _, w := range wishes {
		switch {
		case w.shape == shapeMarkdown:
			if err := x.markdown(ctx, w, in); err != nil {
				return nil, &fieldError{w, err}
			}
		case w.shape == shapePicture:
			in[w.input] = nil
			if name, _ := w.value.(string); name != "" {
				in[w.input] = w.files.local[name].dataURL()
			}
		case w.shape == shapeNamed:
			in[w.input] = nil
			if name, _ := w.value.(string); name != "" {
				in[w.input] = x.plan.instances[name]
			}
		case w.ids:
			x.placed(t, w, in)
		case w.items != nil || w.column.items != nil:
			in[w.input] = w.blocks()
		default:
			in[w.input] = w.value
		}
		if v, given := in[w.input]; given && v == nil && t.id == "" {
			delete(in, w.input) // nothing to clear yet
		}
	}
	return in, nil
}

// fieldError is an error of one wish, where no service names it.
type fieldError struct {
	*wish
	err error
}

func (e *fieldError) Error() string { return e.err.Error() }
func (e *fieldError) Unwrap() error { return e.err }

// blocks are the blocks of a list as a mutation takes them.
func (w *wish) blocks() []map[string]any {
	out := []map[string]any{}
	values, _ := w.value.([]any)
	for _, v := range values {
		is, _ := v.(map[string]any)
		item := map[string]any{}
		for _, c := range w.column.items.columns {
			item[c.input] = is[c.attr]
		}
		out = append(out, item)
	}
	return out
}

// placed gives blocks the ids of the records in their places, and names those that are too many (PLATFORM 8.6).
func (x *applying) placed(t *thing, w *wish, in map[string]any) {
	blocks := w.blocks()
	old := t.node.nodes(w.field)
	var surplus []string
	for i, n := range old {
		if i < len(blocks) {
			blocks[i]["id"] = n.id()
		} else {
			surplus = append(surplus, n.id())
		}
	}
	if len(blocks) > 0 {
		in[w.input] = blocks
	}
	if len(surplus) > 0 {
		in[w.field+"ToDelete"] = surplus
	}
}

// markdown stores the images that the account does not have, and puts the keys into the text (PLATFORM 5.3).
func (x *applying) markdown(ctx context.Context, w *wish, in map[string]any) error {
	text, isText := w.value.(string)
	if !isText {
		in[w.input] = nil
		return nil
	}
	var added []map[string]any
	var failed error
	keys := maps.Clone(w.files.keys)
	in[w.input] = replaceImages(text, func(i inlineImage) string {
		f := w.files.local[i.Path]
		if f == nil || failed != nil {
			return i.Path
		}
		if keys[f.sum] == "" {
			key, err := x.store(ctx, f)
			if err != nil {
				failed = err
				return i.Path
			}
			keys[f.sum] = key
			added = append(added, map[string]any{"key": key, "inline": true})
		}
		return keys[f.sum]
	})
	if len(added) > 0 {
		in[w.attachments()] = added
	}
	return failed
}

func (x *applying) store(ctx context.Context, f *localFile) (key string, err error) {
	err = api.Patiently(ctx, x.waits, func() error {
		stored, err := x.account.Upload(ctx, api.File{Name: path.Base(f.path), Size: int64(len(f.content)),
			Open: func(context.Context, int64) (io.ReadCloser, int64, error) {
				return io.NopCloser(bytes.NewReader(f.content)), int64(len(f.content)), nil
			}})
		if err == nil {
			key = stored.Key
		}
		return err
	})
	return key, err
}

// update changes a record.
func (x *applying) update(ctx context.Context, t *thing, input map[string]any) error {
	input["id"] = t.id
	payload, err := x.mutate(ctx, mutation{name: t.record.name + "Update", inputType: t.record.typ + "UpdateInput",
		record: t.record.name, selection: t.answers(), input: input})
	if err == nil {
		t.active = payload.child(t.record.name).child("activeVersion").id()
	}
	return err
}

// answers is what is asked of a changed record.
func (t *thing) answers() string {
	if t.record == extensionRecord {
		return "id activeVersion { id }"
	}
	return "id createdAt"
}

func labelOf(sourceID string) string { return sourceID[strings.LastIndex(sourceID, "/")+1:] }

func isAbsent(err error) bool {
	var failed *steps.Error
	return errors.As(err, &failed) && failed.Kind == steps.NotFoundError
}
