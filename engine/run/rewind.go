package run

import (
	"strings"
	"time"

	"currant/engine/compile"
)

// Rewind changes the records of an ended run so that a machine restored from them begins again at the step
// that failed: what is done stays done, also in loops.
func Rewind(rb *compile.Runbook, recs map[string]*Record) {
	delete(recs, cancelPath)
	rewindFrame(recs, rb.Steps, "")
}

func rewindFrame(recs map[string]*Record, nodes []*compile.Node, prefix string) {
	for _, n := range nodes {
		path := prefix + n.Name
		rec := recs[path]
		if rec == nil {
			return
		}
		if rec.Status == OK || rec.Status == Skipped {
			continue
		}
		k := n.Kind
		switch {
		case k.Do != nil && (rec.Status == Running || rec.Status == Held):
			return // whether it had its effect is not known: Restore decides as after a crash
		case k.Do != nil || k.Try != nil || rec.Status == Waiting:
			remove(recs, path)
			return
		}
		// Since is set when it goes on: a timeout begins anew.
		rec.Status, rec.Err, rec.Attempt, rec.Ended, rec.Since = Running, nil, 1, time.Time{}, time.Time{}
		for _, b := range n.Blocks {
			rewindBlock(recs, b, path)
		}
		return
	}
}

func rewindBlock(recs map[string]*Record, b *compile.Block, path string) {
	key := path + "." + b.Key
	seen := map[string]bool{key + "/": true}
	for p := range recs {
		rest, ok := strings.CutPrefix(p, key+"[")
		if !ok {
			continue
		}
		if i := strings.IndexByte(rest, ']'); i >= 0 && strings.HasPrefix(rest[i:], "]/") {
			seen[key+"["+rest[:i]+"]/"] = true
		}
	}
	for _, prefix := range sorted(seen) {
		rewindFrame(recs, b.Steps, prefix)
	}
}

func remove(recs map[string]*Record, path string) {
	delete(recs, path)
	for p := range recs {
		if strings.HasPrefix(p, path+".") {
			delete(recs, p)
		}
	}
}
