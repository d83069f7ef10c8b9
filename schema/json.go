package schema

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// space skips white space and returns the byte after it, or 0 at the end.
func (d *decoder) space() byte {
	for d.i < len(d.b) {
		switch c := d.b[d.i]; c {
		case ' ', '\t', '\n', '\r':
			d.i++
		default:
			return c
		}
	}
	return 0
}

const errCut = "it ends in the middle"

// null reads a null if there is one.
func (d *decoder) null() bool {
	if d.space() == 'n' && bytes.HasPrefix(d.b[d.i:], []byte("null")) {
		d.i += 4
		return true
	}
	return false
}

// enter reads an opening bracket at a depth, which counts those around it.
func (d *decoder) enter(open byte, depth int) error {
	switch c := d.space(); {
	case d.i >= len(d.b):
		return d.fault("%s", errCut)
	case c != open && open == '{':
		return d.fault("an object is expected")
	case c != open:
		return d.fault("a list is expected")
	case depth >= maxDataDepth:
		return d.fault("objects and arrays are nested more than %d deep", maxDataDepth)
	}
	d.i++
	return d.count()
}

func (d *decoder) count() error {
	if d.elements++; d.elements > maxDataElements {
		return d.fault("it has more than %d values: ask for fewer fields, or for less with page_size", maxDataElements)
	}
	return nil
}

// next says whether another element follows, and reads the comma before it.
func (d *decoder) next(first bool, end byte) (bool, error) {
	c := d.space()
	switch {
	case d.i >= len(d.b):
		return false, d.fault("%s", errCut)
	case c == end:
		d.i++
		return false, nil
	case first:
		return true, nil
	case c != ',':
		return false, d.fault("a comma is expected")
	}
	d.i++
	return true, nil
}

// object reads an object and calls f at each value, which f must read.
func (d *decoder) object(depth int, f func(key []byte) error) error {
	if err := d.enter('{', depth); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := d.next(first, '}')
		if err != nil || !more {
			return err
		}
		key, err := d.key()
		if err != nil {
			return err
		}
		if err := f(key); err != nil {
			return within(shownPart(string(key)), err)
		}
	}
}

// key reads a name and the colon after it.
func (d *decoder) key() ([]byte, error) {
	if d.space() != '"' {
		return nil, d.fault("a name is expected")
	}
	start := d.i
	if err := d.skipText(); err != nil {
		return nil, err
	}
	key := d.b[start+1 : d.i-1]
	for _, c := range key {
		if c == '\\' {
			var text string
			if json.Unmarshal(d.b[start:d.i], &text) != nil {
				return nil, d.fault("a name cannot be read")
			}
			key = []byte(text)
			break
		}
	}
	if d.space() != ':' {
		return nil, d.fault("a colon is expected")
	}
	d.i++
	return key, nil
}

// array reads a list and calls f at each element, which f must read.
func (d *decoder) array(depth int, f func() error) error {
	if err := d.enter('[', depth); err != nil {
		return err
	}
	for i := 0; ; i++ {
		more, err := d.next(i == 0, ']')
		if err != nil || !more {
			return err
		}
		if err := f(); err != nil {
			return within(strconv.Itoa(i), err)
		}
	}
}

// skipText moves behind a text that begins here.
func (d *decoder) skipText() error {
	for i := d.i + 1; i < len(d.b); i++ {
		switch c := d.b[i]; {
		case c == '"':
			d.i = i + 1
			return nil
		case c == '\\':
			i++
		case c < ' ':
			return d.fault("there is a control character in a text")
		}
	}
	return d.fault("%s", errCut)
}

// skip moves behind any value and returns its text. What is skipped is not checked but for its depth.
func (d *decoder) skip(depth int) ([]byte, error) {
	d.space()
	start := d.i
	open := 0
	for d.i < len(d.b) {
		switch c := d.b[d.i]; c {
		case '"':
			if err := d.skipText(); err != nil {
				return nil, err
			}
		case '{', '[':
			if depth+open >= maxDataDepth {
				return nil, d.fault("objects and arrays are nested more than %d deep", maxDataDepth)
			}
			open++
			d.i++
		case '}', ']':
			if open == 0 {
				return nil, d.fault("a value is expected")
			}
			open--
			d.i++
		case ',', ':', ' ', '\t', '\n', '\r':
			if open == 0 {
				return nil, d.fault("a value is expected")
			}
			d.i++
			continue
		default:
			for d.i < len(d.b) && strings.IndexByte("\"{}[],: \t\n\r", d.b[d.i]) < 0 {
				d.i++
			}
		}
		if open == 0 {
			return d.b[start:d.i], nil
		}
	}
	return nil, d.fault("%s", errCut)
}
