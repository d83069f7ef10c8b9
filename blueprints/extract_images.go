package blueprints

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/outbound"
	"currant/steps"
	"currant/steps/xurrent/api"
)

// maxImages is how many images of an app's texts are fetched.
const maxImages = 50

// errNoImage is a file that is not there, is none of ours, or is too large: it is left where it is.
type errNoImage struct{ why string }

func (e *errNoImage) Error() string { return e.why }

// markdown writes a text whose images become files of the blueprint: all of them, or none, where one cannot.
func (x *extraction) markdown(ctx context.Context, s section, c *column, text string, from node) error {
	what := c.attr + " of " + s.what
	attached := map[string]node{}
	for _, a := range from.nodes(c.attachments()) {
		attached[a.text("key")] = a
	}
	var err error
	foreign := ""
	local := replaceImages(text, func(i inlineImage) string {
		path := i.Path
		switch a := attached[i.Path]; {
		case err != nil:
		case a != nil:
			path, err = x.image(ctx, a)
		case i.isFile(nil):
			foreign = i.Path
		}
		return path
	})
	var no *errNoImage
	switch {
	case foreign != "":
		return x.leaveOut(s, c, what, fmt.Sprintf("its image %q is no file of the account", foreign))
	case errors.As(err, &no):
		comment(s.Body, fmt.Sprintf("The images in the %s are left where they are: %s.", c.attr, no.why))
		local = text
	case err != nil:
		return err
	}
	tokens, err := x.text(what, local, s.dir+"/"+s.stem+c.attr+".md")
	if err != nil {
		return err
	}
	s.SetAttributeRaw(c.attr, tokens)
	return nil
}

// image fetches an image that is attached to a text, once, and gives the path of its file. The name is the account's,
// and anybody's.
func (x *extraction) image(ctx context.Context, attachment node) (string, error) {
	key, name := attachment.text("key"), attachment.text("filename")
	if name == "" {
		name = key
	}
	if path := x.images[key]; path != "" {
		return path, nil
	}
	if len(x.images) >= maxImages {
		return "", &errNoImage{fmt.Sprintf("%d images are the most that are fetched", maxImages)}
	}
	if attachment.text("expiringUrl") == "" {
		return "", &errNoImage{"the account does not say where " + strconv.Quote(name) + " is"}
	}
	content, err := x.fetch(ctx, attachment.text("expiringUrl"))
	var no *errNoImage
	if errors.As(err, &no) {
		return "", &errNoImage{strconv.Quote(name) + " " + no.why}
	}
	if err != nil {
		return "", err
	}
	ending := endings[imageType(content[:min(len(content), sniffed)])]
	if ending == "" {
		return "", &errNoImage{strconv.Quote(name) + " is no image that Xurrent takes"}
	}
	path := x.paths.file("images", name, ending)
	x.files[path], x.images[key] = content, path
	return path, nil
}

// endings are those of the names of images, by their media types.
var endings = map[string]string{"image/svg+xml": ".svg", "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp"}

// picture writes the picture of an app. One that is not there any more is none (PLATFORM 8.5).
func (x *extraction) picture(ctx context.Context, s section, attr, address string) error {
	content, err := x.contentOf(ctx, address)
	why := ""
	var no *errNoImage
	switch {
	case errors.As(err, &no):
		why = "it " + no.why
	case err != nil:
		return err
	default:
		media := imageType(content[:min(len(content), sniffed)])
		ending := endings[media]
		if ending != "" && len("data:"+media+";base64,")+base64.StdEncoding.EncodedLen(len(content)) < maxPicture {
			path := x.paths.file(s.dir, attr, ending)
			x.files[path] = content
			s.SetAttributeValue(attr, cty.StringVal(path))
			return nil
		}
		why = "it is no picture that Xurrent takes"
		if ending != "" {
			why = fmt.Sprintf("it has %d bytes, and is too large", len(content))
		}
	}
	comment(s.Body, fmt.Sprintf("The %s is left out, and stays as it is in the account: %s.", attr, why))
	return nil
}

// contentOf is the content of a picture: of a data URL, or of an address of the web.
func (x *extraction) contentOf(ctx context.Context, address string) ([]byte, error) {
	data, ok := strings.CutPrefix(address, "data:")
	if !ok {
		return x.fetch(ctx, address)
	}
	head, body, _ := strings.Cut(data, ",")
	content, err := base64.StdEncoding.DecodeString(body)
	if err != nil || !strings.HasSuffix(head, ";base64") {
		return nil, &errNoImage{"is no data URL in Base64"}
	}
	return content, nil
}

// fetch reads a file of the account, within limits.
func (x *extraction) fetch(ctx context.Context, address string) (content []byte, err error) {
	err = api.Patiently(ctx, x.waits, func() error {
		body, _, err := x.account.Fetch(ctx, address, maxImage)
		if err != nil {
			return err
		}
		defer body.Close()
		content, err = io.ReadAll(io.LimitReader(body, maxImage))
		return err
	})
	var large *outbound.TooLarge
	var failed *steps.Error
	switch {
	case err == nil && len(content) < maxImage:
		return content, nil
	case err == nil, errors.As(err, &large):
		return nil, &errNoImage{"is larger than 10 MiB"}
	case errors.As(err, &failed) && (failed.Status == http.StatusNotFound || failed.Status == http.StatusGone):
		return nil, &errNoImage{"is not there any more"}
	}
	return nil, err
}
