package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"currant/engine/compile"
	"currant/engine/journal"
)

// Client gives commands to the engine of another process, over its data directory's socket.
type Client struct {
	http *http.Client
	dir  string
}

// Dial finds the runner that owns a data directory; nil where none answers.
func Dial(ctx context.Context, dir string) *Client {
	c := &Client{dir: dir}
	c.http = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		path, release, err := socketPath(dir)
		if err != nil {
			return nil, err
		}
		defer release()
		return (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", path)
	}}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://runner/ping", nil)
	if err != nil {
		return nil
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil
	}
	resp.Body.Close()
	return c
}

// Close gives up idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Cancel is Engine.Cancel.
func (c *Client) Cancel(ctx context.Context, id string) error {
	return c.post(ctx, "/runs/"+url.PathEscape(id)+"/cancel", nil)
}

// Retry is Engine.Retry.
func (c *Client) Retry(ctx context.Context, id string) error {
	return c.post(ctx, "/runs/"+url.PathEscape(id)+"/retry", nil)
}

// Resume is Engine.Resume.
func (c *Client) Resume(ctx context.Context, id, do string) error {
	return c.post(ctx, "/runs/"+url.PathEscape(id)+"/resume", url.Values{"do": {do}})
}

// Backup is Store.Backup; path is absolute.
func (c *Client) Backup(ctx context.Context, path string) error {
	return c.post(ctx, "/backup", url.Values{"path": {path}})
}

// Prune is Engine.Prune.
func (c *Client) Prune(ctx context.Context) error { return c.post(ctx, "/prune", nil) }

// Rekey is Engine.Rekey.
func (c *Client) Rekey(ctx context.Context, r Rekey) error {
	return c.post(ctx, "/rekey", url.Values{"uri": {r.URI}, "data_key": {strconv.FormatBool(r.DataKey)}})
}

func (c *Client) post(ctx context.Context, path string, form url.Values) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://runner"+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("the runner of %s went away: %w", c.dir, err)
	}
	defer resp.Body.Close()
	var a answer
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		return fmt.Errorf("answer of the runner of %s: %w", c.dir, err)
	}
	switch {
	case a.Missing:
		return fmt.Errorf("%s: %w", a.Error, journal.ErrNotFound)
	case a.Error != "":
		return errors.New(a.Error)
	}
	return nil
}

// Run runs a runbook of a compiled blueprint there and tells its progress until it ends or is held.
// started is told the run's id. input is JSON, or nil.
func (c *Client) Run(ctx context.Context, rb *compile.Runbook, input []byte, started func(id string), tell func(Progress)) (View, error) {
	vars := map[string]string{}
	for _, v := range rb.Blueprint.Variables {
		if !v.Sensitive || !v.Value.IsWhollyKnown() {
			continue
		}
		plain, _ := v.Value.UnmarkDeep()
		text, err := variableText(plain, v.Type)
		if err != nil {
			return View{}, err
		}
		vars[v.Name] = text
	}
	body, err := json.Marshal(runRequest{Bundle: rb.Blueprint.Bundle, Runbook: rb.Name, Variables: vars, Input: input})
	if err != nil {
		return View{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://runner/run", bytes.NewReader(body))
	if err != nil {
		return View{}, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return View{}, fmt.Errorf("the runner of %s went away: %w", c.dir, err)
	}
	defer resp.Body.Close()
	dec := json.NewDecoder(resp.Body)
	for {
		var ev runEvent
		if err := dec.Decode(&ev); err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("it stopped; the run goes on when it is started again")
			}
			return View{}, fmt.Errorf("the runner of %s: %w", c.dir, err)
		}
		switch {
		case ev.Error != "":
			return View{}, errors.New(ev.Error)
		case ev.Started != "":
			started(ev.Started)
		case ev.Progress != nil:
			tell(*ev.Progress)
		case ev.View != nil:
			return *ev.View, nil
		}
	}
}

// variableText is a value as --var takes it: text for a text, else JSON, which is an expression too.
func variableText(v cty.Value, t cty.Type) (string, error) {
	if v.Type() == cty.String && t == cty.String && !v.IsNull() {
		return v.AsString(), nil
	}
	text, err := ctyjson.Marshal(v, v.Type())
	// A template marker inside a text would be read as one.
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(string(text)), err
}
