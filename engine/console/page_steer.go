package console

import (
	"errors"
	"net/http"
	"net/url"

	"currant/engine/journal"
)

func (c *Console) retryRun(w http.ResponseWriter, r *http.Request) error {
	return c.steer(w, r, "The run goes on from the step that failed.", c.o.Engine.Retry(r.Context(), r.PathValue("id")))
}

func (c *Console) cancelRun(w http.ResponseWriter, r *http.Request) error {
	return c.steer(w, r, "The run is being cancelled; its finally blocks still run.", c.o.Engine.Cancel(r.Context(), r.PathValue("id"), "cancelled by a person"))
}

// decided says what became of a held run's step.
var decided = map[string]string{"repeat": "The run goes on: its step is done again.", "skip": "The run goes on without its step.",
	"fail": "The run goes on as if its step had failed."}

func (c *Console) resumeRun(w http.ResponseWriter, r *http.Request) error {
	do := r.PostForm.Get("do")
	if decided[do] == "" {
		return refusef(http.StatusBadRequest, "A held run is resumed with repeat, skip or fail.")
	}
	return c.steer(w, r, decided[do], c.o.Engine.Resume(r.Context(), r.PathValue("id"), do))
}

// steer goes back to the run, which says what came of it.
func (c *Console) steer(w http.ResponseWriter, r *http.Request, done string, err error) error {
	if errors.Is(err, journal.ErrNotFound) || errors.Is(err, journal.ErrAmbiguous) {
		return ofRun(err)
	}
	s := c.sessionOf(r)
	if s == nil {
		return errLogin // it has just ended
	}
	if err != nil {
		c.sessions.say(s, true, "Not done: "+err.Error()+".")
	} else {
		c.sessions.say(s, false, done)
		c.log.Info("console: a person steered a run", "run", shown(r.PathValue("id")), "path", shown(r.URL.Path))
	}
	http.Redirect(w, r, "/runs/"+url.PathEscape(r.PathValue("id")), http.StatusSeeOther)
	return nil
}
