package run

import (
	"strings"
	"time"

	"currant/engine/compile"
	"currant/steps"
)

// Rewind changes the records of an ended run so that a machine restored from them begins again at the step
// that failed: what is done stays done, also in loops. A try that failed begins anew as a whole. A call that
// was stopped in flight is left as it is: Restore decides about it as after a crash.
func Rewind(rb *compile.Runbook, recs map[string]*Record) {
	delete(recs, cancelPath)
	r := rewinder{rb: rb, recs: recs}
	r.frame(rb.Steps, "")
}

type rewinder struct {
	rb   *compile.Runbook
	recs map[string]*Record
}

func (r *rewinder) frame(nodes []*compile.Node, prefix string) {
	for _, n := range nodes {
		path := prefix + n.Name
		rec := r.recs[path]
		if rec == nil {
			return
		}
		if rec.Status == OK || rec.Status == Skipped {
			continue
		}
		k := n.Kind
		switch {
		case k.Do != nil && (rec.Status == Running || rec.Status == Held):
			return
		case k.Try != nil && rec.Status != Waiting && r.uncertain(n, path):
			r.backToDo(n, path, rec)
		case k.Pager != nil && rec.Total > 0: // what is done with its items stays done
		case k.Do != nil || k.Try != nil || k.Pager != nil || rec.Status == Waiting:
			delete(r.recs, path)
			r.remove(path + ".")
			return
		}
		// Since is set when it goes on: a timeout begins anew.
		rec.Status, rec.Err, rec.Attempt, rec.Ended, rec.Since = Running, nil, 1, time.Time{}, time.Time{}
		for _, b := range n.Blocks {
			r.block(b, path)
		}
		return
	}
}

func (r *rewinder) block(b *compile.Block, path string) {
	key := path + "." + b.Key
	seen := map[string]bool{key + "/": true}
	for p := range r.recs {
		rest, ok := strings.CutPrefix(p, key+"[")
		if !ok {
			continue
		}
		if i := strings.IndexByte(rest, ']'); i >= 0 && strings.HasPrefix(rest[i:], "]/") {
			seen[key+"["+rest[:i]+"]/"] = true
		}
	}
	for _, prefix := range sorted(seen) {
		r.frame(b.Steps, prefix)
	}
}

// uncertain says whether a try's do block has a call of which is not known whether it had its effect.
func (r *rewinder) uncertain(try *compile.Node, path string) bool {
	do := try.BlockOf(try.Kind.Try.Do, 0)
	if do == nil {
		return false
	}
	for p, rec := range r.recs {
		if !strings.HasPrefix(p, path+"."+do.Key+"/") || rec.Status != Running && rec.Status != Held {
			continue
		}
		if n := r.rb.Nodes[p[strings.LastIndexByte(p, '/')+1:]]; n != nil && n.Kind.Do != nil && n.Kind.Effect == steps.Write {
			return true
		}
	}
	return false
}

// backToDo lets a try go on in its do block; what came after that is forgotten.
func (r *rewinder) backToDo(n *compile.Node, path string, rec *Record) {
	rec.Phase, rec.Pending, rec.Ending = phaseDo, nil, false
	for _, b := range n.Blocks {
		if b.Type != n.Kind.Try.Do {
			r.remove(path + "." + b.Key + "/")
		}
	}
}

func (r *rewinder) remove(prefix string) {
	for p := range r.recs {
		if strings.HasPrefix(p, prefix) {
			delete(r.recs, p)
		}
	}
}
