package blueprints

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// inlineImage is an image in a markdown text: ![alt](path), of which attributes in braces may follow (PLATFORM 5.3).
type inlineImage struct {
	Path       string
	Start, End int // of the path, in bytes of the text
}

var (
	// Brackets within the text for those who see no images are in pairs.
	markdownImage = regexp.MustCompile(`!\[(?:[^\[\]\\]|\\[\s\S]|\[(?:[^\[\]\\]|\\[\s\S])*\])*\]\(\s*(?:<([^<>\r\n]*)>|([^\s()<>]*))(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)`)
	scheme        = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
)

// storagePath begins the paths of files that the platform keeps (PLATFORM 5.3).
const storagePath = "attachments/"

// inlineImages are the images of a markdown text, in its order.
func inlineImages(text string) (images []inlineImage) {
	for _, m := range markdownImage.FindAllStringSubmatchIndex(text, -1) {
		start, end := m[2], m[3]
		if start < 0 {
			start, end = m[4], m[5]
		}
		if start < end {
			images = append(images, inlineImage{Path: text[start:end], Start: start, End: end})
		}
	}
	return images
}

// isFile says whether the path of an image is a file of the blueprint: no web address, no data, and nothing that
// the platform keeps. What may be either is a file where the blueprint's directory, nil for none, has it.
func (i inlineImage) isFile(files fs.FS) bool {
	if scheme.MatchString(i.Path) || strings.HasPrefix(i.Path, "//") || strings.HasPrefix(i.Path, "#") {
		return false
	}
	if !i.isKey() {
		return true
	}
	clean, why := below(i.Path)
	if why != "" || files == nil {
		return false
	}
	_, err := fs.Stat(files, clean)
	return err == nil
}

// isKey says whether the path is like those of files that the platform keeps.
func (i inlineImage) isKey() bool { return strings.HasPrefix(i.Path, storagePath) }

// checkImages looks for the images that a markdown text names.
func checkImages(b *lang.Body, args cty.Value, name string, files fs.FS) (diags hcl.Diagnostics) {
	s, ok := text(args, name)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for _, image := range inlineImages(s) {
		if seen[image.Path] {
			continue
		}
		seen[image.Path] = true
		if !image.isFile(files) {
			if image.isKey() && files != nil {
				diags = append(diags, warning(at(b, name), "Image of the account", "The image %q in line %d of the text is no file of the blueprint: it is taken as a key of the account.",
					image.Path, 1+strings.Count(s[:image.Start], "\n")))
			}
			continue
		}
		why := checkImageFile(image.Path, files, func(size int64, _ string) string {
			if size >= maxImage {
				return fmt.Sprintf("is too large: it has %d bytes, and an image in a text must stay below %d (10 MiB)", size, maxImage)
			}
			return ""
		})
		if why != "" {
			diags = append(diags, invalid(b, name, "The image %q in line %d of the text %s.", image.Path, 1+strings.Count(s[:image.Start], "\n"), why))
		}
	}
	return diags
}
