package main

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf16"

	"currant/blueprints"
)

// planFormat is the version of the JSON form of plans. Members may be added under the same number before the dot.
const planFormat = "1.0"

// planView is a plan in JSON.
type planView struct {
	FormatVersion string        `json:"format_version"`
	Blueprint     string        `json:"blueprint"`
	Accounts      []accountView `json:"accounts"`
	Changes       []changeView  `json:"changes"`
	Summary       tally         `json:"summary"`
}

// changeView is a change, with the connection to its account. Changes are in the order in which they are made, those
// with nothing to do among them.
type changeView struct {
	blueprints.Change
	Connection string `json:"connection"`
}

func (p *deployPlan) view() planView {
	v := planView{FormatVersion: planFormat, Blueprint: p.bp.Name, Accounts: p.accounts(), Changes: []changeView{}, Summary: p.tally()}
	for _, on := range p.parts {
		for _, c := range on.changes() {
			shown := *c
			shown.Fields = append([]blueprints.Field{}, c.Fields...)
			for i, f := range shown.Fields {
				if f.Sensitive {
					shown.Fields[i].Before, shown.Fields[i].After = nil, nil
				}
			}
			v.Changes = append(v.Changes, changeView{shown, on.Connection})
		}
	}
	return v
}

// print writes a plan as JSON in which characters that do not print, and those that turn the direction of writing,
// are escaped: texts of the account are shown on terminals too.
func (v planView) print(out stream) error {
	var b bytes.Buffer
	if err := (stream{Writer: &b}).json(v); err != nil {
		return err
	}
	var safe bytes.Buffer
	for _, r := range b.String() {
		switch {
		case unicode.IsPrint(r) || r == '\n':
			safe.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&safe, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&safe, `\u%04x`, r)
		}
	}
	_, err := out.Write(safe.Bytes())
	return err
}
