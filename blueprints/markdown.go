package blueprints

import (
	"context"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"

	"currant/engine/lang"
)

// sides are what a wish compares: what the account has, and what the block says.
func (c *comparing) sides(ctx context.Context, w *wish, n node, last map[string]string) (before, after side, err error) {
	switch w.shape {
	case shapeMarkdown:
		return c.markdown(ctx, w, n, last)
	case shapePicture:
		return c.picture(ctx, w, n)
	}
	return both(w.column.value(n)), both(w.value), nil
}

// markdown compares texts in which every image is its content: of the blueprint its file, on the account what is
// stored there. What is shown are the paths; an image that is the same has that of the blueprint on both sides.
func (c *comparing) markdown(ctx context.Context, w *wish, n node, last map[string]string) (before, after side, err error) {
	was, _ := n[w.field].(string)
	will, isText := w.value.(string)
	w.files = &wishFiles{local: map[string]*localFile{}, keys: map[string]string{}}
	paths := map[string]string{} // of the blueprint's images, by their sums
	var places []string          // of the images in the text, as they are written
	canon := replaceImages(will, func(i inlineImage) string {
		places = append(places, i.Path)
		if !i.isFile(os.DirFS(c.target.Dir)) {
			return i.Path
		}
		f, err := c.files.file(i.Path)
		if err != nil {
			c.unreadable(w, "image", i.Path, err)
			return i.Path
		}
		w.files.local[i.Path] = f
		if paths[f.sum] == "" {
			paths[f.sum] = i.Path
		}
		return "sha256:" + f.sum
	})
	after = side{is: nil, shown: w.value}
	if isText {
		after.is = canon
	}
	before = both(n[w.field])
	if _, applied := last[w.path]; was == "" || len(paths) == 0 && !applied {
		return before, after, nil
	}
	stored := map[string]node{}
	for _, a := range n.nodes(w.attachments()) {
		stored[a.text("key")] = a
	}
	before.is = replaceImages(was, func(i inlineImage) string {
		address := stored[i.Path].text("expiringUrl")
		if address == "" || err != nil || w.files.local[i.Path] == nil && slices.Contains(places, i.Path) { // the text has the key itself
			return i.Path
		}
		var content string
		if content, err = c.sum(ctx, address, i.Path); content == "" || err != nil {
			return i.Path
		}
		w.files.keys[content] = i.Path
		return "sha256:" + content
	})
	at := -1
	before.shown = replaceImages(was, func(i inlineImage) string {
		at++
		for content, key := range w.files.keys {
			if key != i.Path {
				continue
			}
			if at < len(places) && w.files.local[places[at]] != nil && w.files.local[places[at]].sum == content {
				return places[at]
			}
			if paths[content] != "" {
				return paths[content]
			}
		}
		return i.Path
	})
	return before, after, err
}

// replaceImages puts other paths into a markdown text.
func replaceImages(text string, with func(inlineImage) string) string {
	var b strings.Builder
	from := 0
	for _, i := range inlineImages(text) {
		b.WriteString(text[from:i.Start])
		b.WriteString(with(i))
		from = i.End
	}
	b.WriteString(text[from:])
	return b.String()
}

// picture compares contents. What is shown are names, with a part of the content's sum.
func (c *comparing) picture(ctx context.Context, w *wish, n node) (before, after side, err error) {
	if name, _ := w.value.(string); name != "" {
		f, err := c.files.file(name)
		if err != nil {
			c.unreadable(w, "picture", name, err)
			return before, after, nil
		}
		w.files = &wishFiles{local: map[string]*localFile{name: f}}
		after = side{is: f.sum, shown: withSum(name, f.sum)}
	}
	address, _ := n[w.field].(string)
	if address == "" {
		return before, after, nil
	}
	content, err := c.sum(ctx, address, address)
	if content == "" {
		before = side{is: "of " + pictureName(address), shown: pictureName(address)}
	} else {
		before = side{is: content, shown: withSum(pictureName(address), content)}
	}
	return before, after, err
}

func (c *comparing) unreadable(w *wish, what, path string, err error) {
	if w.sensitive {
		path = "(sensitive)"
	}
	c.diags = append(c.diags, lang.Error(w.at, "Invalid value for \""+w.attr+"\"", "The %s %q cannot be read: %s.", what, path, err))
}

func withSum(name, sum string) string { return name + " (sha256 " + sum[:12] + ")" }

// pictureName is the last part of an address's path, for people.
func pictureName(address string) string {
	if strings.HasPrefix(address, "data:") {
		return "a picture"
	}
	if u, err := url.Parse(address); err == nil && path.Base(u.Path) != "/" && path.Base(u.Path) != "." {
		return path.Base(u.Path)
	}
	return "a picture"
}

// sum is the sum of a file of the account, which is fetched once.
func (c *comparing) sum(ctx context.Context, address, key string) (string, error) {
	if s, known := c.sums[key]; known {
		return s, nil
	}
	s, why, err := c.sumOf(ctx, address)
	if err == nil {
		c.sums[key] = s
	}
	if why != "" {
		c.unseen = "a file on the account cannot be compared and is replaced: " + why
	}
	return s, err
}
