package blueprints

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"currant/engine/lang"
)

// mediaTypes are the images that Xurrent takes, by the endings of their names (PLATFORM 5.2).
var mediaTypes = map[string]string{
	".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
}

var imageEndings = []string{".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp"}

const (
	// maxPicture is what a picture's data URL must stay below, in bytes (PLATFORM 9.1).
	maxPicture = 2_000_000
	// maxImage is the size of an image in a text, in bytes.
	maxImage = 10 << 20
	// sniffed is how many bytes of a file tell its type: an svg may begin with a long comment.
	sniffed = 8 << 10
)

func checkPicture(b *lang.Body, name string, files fs.FS) hcl.Diagnostics {
	why := checkImageFile(name, files, func(size int64, media string) string {
		if n := int64(len("data:"+media+";base64,") + base64.StdEncoding.EncodedLen(int(size))); n >= maxPicture {
			return fmt.Sprintf("is too large: as a data URL it has %d bytes, and a picture must stay below %d", n, maxPicture)
		}
		return ""
	})
	if why == "" {
		return nil
	}
	return hcl.Diagnostics{invalid(b, "picture", "The picture %q %s.", name, why)}
}

// checkImageFile says what is wrong with a file that should be an image, or "".
func checkImageFile(name string, files fs.FS, fits func(size int64, media string) string) string {
	clean, why := below(name)
	if why != "" {
		return why
	}
	media := mediaTypes[strings.ToLower(path.Ext(clean))]
	if media == "" {
		return "is no picture that Xurrent takes: " + strings.Join(imageEndings, ", ")
	}
	if files == nil {
		return ""
	}
	start, size, err := startOf(files, clean)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "does not exist in the blueprint's directory"
	case err != nil:
		return "cannot be read: " + reason(err)
	case size == 0:
		return "is empty"
	}
	if is := imageType(start); is != media {
		if is == "" {
			is = "no image that Xurrent takes"
		}
		return fmt.Sprintf("does not hold what its name says: it is %s, and not %s", is, media)
	}
	return fits(size, media)
}

// below is a path as fs.FS takes it. It stays below the blueprint's directory (LANGUAGE section 1), or there is a
// reason why it does not.
func below(name string) (clean, why string) {
	switch {
	case name == "":
		return "", "has no name"
	case strings.ContainsAny(name, "\x00\\"):
		return "", "holds a character that a path may not have; write it with \"/\""
	case path.IsAbs(name), slices.Contains(strings.Split(name, "/"), ".."):
		return "", "is not inside the blueprint's directory"
	}
	return path.Clean(name), ""
}

// startOf is the start of a file, and its size in bytes.
func startOf(files fs.FS, name string) ([]byte, int64, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.New("it is no regular file")
	}
	start, err := io.ReadAll(io.LimitReader(f, sniffed))
	return start, info.Size(), err
}

func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// imageType is the media type of an image by its first bytes, "" of another file.
func imageType(start []byte) string {
	switch {
	case bytes.HasPrefix(start, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png"
	case bytes.HasPrefix(start, []byte{0xff, 0xd8, 0xff}):
		return "image/jpeg"
	case bytes.HasPrefix(start, []byte("GIF87a")), bytes.HasPrefix(start, []byte("GIF89a")):
		return "image/gif"
	case len(start) >= 12 && bytes.HasPrefix(start, []byte("RIFF")) && string(start[8:12]) == "WEBP":
		return "image/webp"
	case isSVG(start):
		return "image/svg+xml"
	}
	return ""
}

// isSVG looks past declarations and comments for the svg element.
func isSVG(start []byte) bool {
	rest := bytes.TrimPrefix(start, []byte("\ufeff"))
	for {
		rest = bytes.TrimLeft(rest, " \t\r\n")
		end := ""
		switch {
		case bytes.HasPrefix(rest, []byte("<svg")):
			return len(rest) > 4 && bytes.IndexByte([]byte(" \t\r\n/>:"), rest[4]) >= 0
		case bytes.HasPrefix(rest, []byte("<svg:svg")):
			return true
		case bytes.HasPrefix(rest, []byte("<!--")):
			end = "-->"
		case bytes.HasPrefix(rest, []byte("<?")):
			end = "?>"
		case bytes.HasPrefix(rest, []byte("<!")):
			end = ">"
			if i := bytes.IndexAny(rest, "[>"); i >= 0 && rest[i] == '[' {
				end = "]>"
			}
		default:
			return false
		}
		i := bytes.Index(rest, []byte(end))
		if i < 0 {
			return false
		}
		rest = rest[i+len(end):]
	}
}
