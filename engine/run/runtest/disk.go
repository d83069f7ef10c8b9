package runtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"currant/engine/run"
)

// disk keeps what a run has journaled, encoded. What was committed without a barrier is pending: a crash may
// lose it, the newest first.
type disk struct {
	codec   *run.Codec
	image   image // what is durable
	latest  image // what a reader sees
	pending []change
}

// image is what the journal says.
type image struct {
	recs  map[string][]byte
	lines []string
	end   *Outcome
}

func (i image) clone() image {
	i.recs, i.lines = maps.Clone(i.recs), slices.Clone(i.lines)
	return i
}

// change is one encoded batch.
type change struct {
	del   []string
	paths []string
	puts  map[string][]byte
	lines []string
	end   *Outcome
}

func (c change) apply(i *image) {
	for _, pattern := range c.del {
		prefix, wild := strings.CutSuffix(pattern, "*")
		for path := range i.recs {
			if path == pattern || wild && strings.HasPrefix(path, prefix) {
				delete(i.recs, path)
			}
		}
	}
	maps.Copy(i.recs, c.puts)
	i.lines = append(i.lines, c.lines...)
	if c.end != nil {
		i.end = c.end
	}
}

// text is a change for comparing decisions.
func (c change) text() string {
	var b strings.Builder
	for _, d := range c.del {
		fmt.Fprintf(&b, "delete %s\n", d)
	}
	for _, p := range c.paths {
		fmt.Fprintf(&b, "put %s %s\n", p, c.puts[p])
	}
	for _, l := range c.lines {
		fmt.Fprintf(&b, "log %s\n", l)
	}
	if c.end != nil {
		fmt.Fprintf(&b, "end %s\n", c.end)
	}
	return b.String()
}

func newDisk(codec *run.Codec) *disk {
	return &disk{codec: codec, image: image{recs: map[string][]byte{}}, latest: image{recs: map[string][]byte{}}}
}

// encode makes a batch what is stored of it.
func (d *disk) encode(b run.Batch) (change, error) {
	c := change{del: b.Delete, puts: map[string][]byte{}}
	for _, e := range b.Put {
		data, err := d.codec.Encode(e.Path, e.Record)
		if err != nil {
			return c, err
		}
		if c.puts[e.Path] != nil {
			return c, fmt.Errorf("the path %s stands twice in a batch", e.Path)
		}
		c.paths = append(c.paths, e.Path)
		c.puts[e.Path] = data
	}
	for _, l := range b.Lines {
		line := fmt.Sprintf("%s %s: %s", l.Level, l.Step, l.Message)
		if l.HasData() {
			data, err := run.Show(l.Data)
			if err != nil {
				return c, err
			}
			line += " " + string(data)
		}
		c.lines = append(c.lines, line)
	}
	if b.End != nil {
		o := outcomeOf(b.End)
		c.end = &o
		if _, err := d.codec.Write("outputs", b.End.Outputs); err != nil {
			return c, err
		}
	}
	return c, nil
}

// commit takes a change in.
func (d *disk) commit(c change, barrier bool) {
	d.pending = append(d.pending, c)
	c.apply(&d.latest)
	if barrier {
		d.sync(len(d.pending))
	}
}

// sync makes the first n pending changes durable.
func (d *disk) sync(n int) {
	for _, c := range d.pending[:n] {
		c.apply(&d.image)
	}
	d.pending = d.pending[n:]
}

// crash makes the first pending changes durable as far as loss allows, and drops the rest.
func (d *disk) crash(l Loss) {
	switch l {
	case LoseNothing:
		d.sync(len(d.pending))
	case LoseSome:
		d.sync(len(d.pending) / 2)
	}
	d.pending = nil
	d.latest = d.image.clone()
}

// view is what a reader sees: the pending changes too.
func (d *disk) view() image { return d.latest }

// records are decoded anew at each call.
func (d *disk) records() (map[string]*run.Record, error) {
	recs := map[string]*run.Record{}
	for path, data := range d.view().recs {
		r, err := d.codec.Decode(path, data)
		if err != nil {
			return nil, err
		}
		recs[path] = r
	}
	return recs, nil
}

// stored is the durable record of a path as plain fields.
func (d *disk) stored(path string, durable bool) *run.Record {
	recs := d.image.recs
	if !durable {
		recs = d.view().recs
	}
	data, ok := recs[path]
	if !ok {
		return nil
	}
	r := &run.Record{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil
	}
	return r
}

// xor is a Sealer for tests: it hides a text from a search, no more.
type xor struct{}

func (xor) Seal(plain, bind []byte) ([]byte, error) {
	out := slices.Concat(bind, []byte{0xff}, plain)
	for i := range out {
		out[i] ^= 0x55
	}
	return out, nil
}

func (xor) Unseal(sealed, bind []byte) ([]byte, error) {
	out := slices.Clone(sealed)
	for i := range out {
		out[i] ^= 0x55
	}
	rest, ok := strings.CutPrefix(string(out), string(bind)+"\xff")
	if !ok {
		return nil, fmt.Errorf("sealed for another place than %q", bind)
	}
	return []byte(rest), nil
}
