package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

// jsonEndpoint sends a request that a json_endpoint takes.
func (s *sending) jsonEndpoint(ctx context.Context) (d delivered, err error) {
	trigger := s.rb.Trigger
	method := http.MethodPost
	if trigger.Kind.Methods != nil {
		if m := trigger.Kind.Methods(trigger.Args); len(m) > 0 {
			method = m[0]
		}
	}
	header := http.Header{"User-Agent": {"Currant"}}
	for _, b := range trigger.Body.BlocksOf("header") {
		// Another value each time: it may be what tells events apart.
		header.Set(b.Label(), "sample-"+uuid.NewString()[:8])
	}
	for _, h := range s.headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok || strings.TrimSpace(name) == "" || strings.ContainsAny(h, "\r\n") {
			return d, usagef("--header %q: write 'NAME: VALUE'", h)
		}
		header.Set(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	body, contentType, err := s.body(method)
	if err != nil {
		return d, err
	}
	if body != nil {
		header.Set("Content-Type", contentType)
	}
	if err := s.authenticate(header, body); err != nil {
		return d, err
	}
	s.what = "a sample request"
	if s.content != nil {
		s.what = "the request"
	}
	return s.post(ctx, method, header, body)
}

// body is what --file has, or a sample; nil where the method needs none.
func (s *sending) body(method string) (body []byte, contentType string, err error) {
	trigger := s.rb.Trigger
	content := "json"
	if v, ok := steps.Known(trigger.Args, "content"); ok {
		content = v.AsString()
	}
	contentType = map[string]string{"json": "application/json; charset=utf-8", "form": "application/x-www-form-urlencoded", "text": "text/plain; charset=utf-8"}[content]
	if s.content != nil {
		return s.content, contentType, nil
	}
	if method == http.MethodGet || method == http.MethodDelete {
		return nil, "", nil
	}
	t, _, ok := trigger.Body.TypeOf("body_schema")
	if !ok {
		t = cty.EmptyObject
	}
	switch content {
	case "text":
		return []byte("text"), contentType, nil
	case "form":
		form := url.Values{}
		if !ok {
			form.Set("key", "text")
		}
		if fields, ok := sampleOf(t).(map[string]any); ok {
			for name, v := range fields {
				form.Set(name, fmt.Sprint(v))
			}
		}
		return []byte(form.Encode()), contentType, nil
	}
	body, err = json.Marshal(sampleOf(t))
	return body, contentType, err
}
