package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Providers of attachment storage (PLATFORM 5.1).
const (
	providerS3    = "s3"
	providerLocal = "local"
)

// Bounds of what is kept of uploaded files.
const (
	maxFiles     = 100_000
	maxFileKept  = 64 << 20  // bytes of one file; of a larger one only the size is kept
	maxFilesKept = 256 << 20 // bytes of all; the oldest lose their content first
)

// policyLife is how long an upload form is good for.
const policyLife = time.Hour

// store keeps what was uploaded.
type store struct {
	secret []byte // signs upload forms and expiring links

	mu    sync.Mutex
	files map[string]*file
	order []*file
	kept  int64
}

type file struct {
	key, media string
	size       int64
	content    []byte
	lost       bool // the content was too large or had to go
}

func newStore() *store {
	return &store{secret: []byte(randomHex(32)), files: map[string]*file{}}
}

func (t *store) put(f *file) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old := t.files[f.key]; old != nil {
		t.kept -= int64(len(old.content))
		t.order = slices.DeleteFunc(t.order, func(o *file) bool { return o == old })
	}
	t.files[f.key] = f
	t.order = append(t.order, f)
	t.kept += int64(len(f.content))
	for len(t.order) > maxFiles {
		t.kept -= int64(len(t.order[0].content))
		delete(t.files, t.order[0].key)
		t.order = t.order[1:]
	}
	for i := 0; t.kept > maxFilesKept; i++ {
		t.kept -= int64(len(t.order[i].content))
		lost := *t.order[i]
		lost.content, lost.lost = nil, true
		t.order[i] = &lost
		t.files[lost.key] = &lost
	}
}

func (t *store) get(key string) (*file, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, ok := t.files[key]
	return f, ok
}

// exists is the hook of sim/graph.
func (t *store) exists(key string) (size int64, ok bool) {
	if f, found := t.get(key); found {
		return f.size, true
	}
	return 0, false
}

func (t *store) count() (files int, kept int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.files), t.kept
}

func (t *store) sign(text string) string {
	m := hmac.New(sha256.New, t.secret)
	_, _ = m.Write([]byte(text)) // a hash never fails
	return hex.EncodeToString(m.Sum(nil))
}

// storageInfo is the answer to the storage query (PLATFORM 5.1).
func (s *Sim) storageInfo(account string) map[string]any {
	extensions := s.options.Extensions
	if extensions == nil {
		extensions = []string{}
	}
	info := map[string]any{
		"uploadUri": s.baseURL() + pathStorage + s.options.Storage, "provider": s.options.Storage,
		"providerParameters": nil, "sizeLimit": s.options.SizeLimit, "allowedExtensions": extensions,
	}
	if s.options.Storage == providerS3 {
		info["providerParameters"] = s.uploadForm(account)
	}
	return info
}

// uploadForm are the fields that an s3 upload has to carry unchanged: the policy holds the others, and the signature the policy.
func (s *Sim) uploadForm(account string) map[string]any {
	now := s.clock.now().UTC()
	day := now.Format("20060102")
	form := map[string]any{
		"acl":                          "private",
		"key":                          "attachments/" + account + "/" + strconv.Itoa(now.Year()) + "/" + randomHex(8) + "/${filename}",
		"success_action_status":        201,
		"x-amz-algorithm":              "AWS4-HMAC-SHA256",
		"x-amz-credential":             "AKIASIMULATED/" + day + "/eu-west-1/s3/aws4_request",
		"x-amz-date":                   now.Format("20060102T150405Z"),
		"x-amz-server-side-encryption": "AES256",
	}
	conditions := uploadPolicy{Expiration: now.Add(policyLife), Fields: map[string]string{}}
	for name, value := range form {
		conditions.Fields[name] = fmt.Sprint(value)
	}
	text, err := json.Marshal(conditions)
	if err != nil {
		return nil // texts and a time are always JSON
	}
	policy := base64.StdEncoding.EncodeToString(text)
	form["policy"], form["x-amz-signature"] = policy, s.store.sign("form "+policy)
	return form
}

// uploadPolicy says what the fields of an upload must be.
type uploadPolicy struct {
	Expiration time.Time         `json:"expiration"`
	Fields     map[string]string `json:"fields"`
}

// checkForm says what is wrong with the fields of an s3 upload, and gives the key of its file.
func (s *Sim) checkForm(fields map[string]string, filename string) (key string, err error) {
	policy := fields["policy"]
	if policy == "" {
		return "", fmt.Errorf("the form has no field policy before the file")
	}
	if !hmac.Equal([]byte(fields["x-amz-signature"]), []byte(s.store.sign("form "+policy))) {
		return "", fmt.Errorf("the field x-amz-signature is not that of the policy")
	}
	var conditions uploadPolicy
	text, err := base64.StdEncoding.DecodeString(policy)
	if err == nil {
		err = json.Unmarshal(text, &conditions)
	}
	if err != nil {
		return "", fmt.Errorf("the policy cannot be read")
	}
	if s.clock.now().After(conditions.Expiration) {
		return "", fmt.Errorf("the policy has expired")
	}
	for name, want := range conditions.Fields {
		if got, given := fields[name]; !given || got != want {
			return "", fmt.Errorf("the field %s must be %q, as the storage query gave it, and is %q", name, want, got)
		}
	}
	if fields["Content-Type"] == "" {
		return "", fmt.Errorf("the form has no field Content-Type before the file")
	}
	return strings.ReplaceAll(fields["key"], "${filename}", filename), nil
}

// allowed says whether a file name's ending may be uploaded.
func (s *Sim) allowed(filename string) bool {
	ending := strings.TrimPrefix(path.Ext(filename), ".")
	return len(s.options.Extensions) == 0 || slices.ContainsFunc(s.options.Extensions, func(e string) bool { return strings.EqualFold(e, ending) })
}
