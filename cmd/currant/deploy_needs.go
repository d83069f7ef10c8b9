package main

import (
	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
	"currant/steps/xurrent"
)

// needsOf is what the runbooks of a blueprint need on accounts, by the connection to them.
func needsOf(bp *compile.Blueprint, publicURL string) map[string][]xurrent.Need {
	pages := configurationPages(bp)
	out := map[string][]xurrent.Need{}
	for _, rb := range bp.Runbooks {
		if !rb.Enabled {
			continue
		}
		need, ok := xurrent.NeedOf(rb.Trigger, publicURL)
		conn := providerOf(bp, rb.Trigger)
		if !ok || conn == "" {
			continue
		}
		out[conn] = append(out[conn], need)
		if need.ConfigurationURITemplate != "" && len(need.AppReferences) == 1 {
			pages[need.AppReferences[0]] = need.ConfigurationURITemplate
		}
	}
	// A page that the blueprint names is where customers go; the endpoint is only where nothing names one.
	for _, needs := range out {
		for i, need := range needs {
			if need.Kind == "configuration" && len(need.AppReferences) == 1 {
				needs[i].ConfigurationURITemplate = pages[need.AppReferences[0]]
			}
		}
	}
	return out
}

// configurationPages are the addresses that the apps of a blueprint name, by reference.
func configurationPages(bp *compile.Blueprint) map[string]string {
	out := map[string]string{}
	for _, r := range bp.Resources {
		if r.Kind != "app" {
			continue
		}
		if v, ok := steps.Known(r.Args, "configuration_uri_template"); ok {
			out[referenceOf(r)] = v.AsString()
		}
	}
	return out
}

// referenceOf is what the app of a block is found by on the account.
func referenceOf(app compile.BoundResource) string {
	if v, ok := steps.Known(app.Args, "reference"); ok {
		return v.AsString()
	}
	return app.Name
}

// providerOf is the name of the connection that a trigger belongs to: the one it names, or the only one; "" where
// there is none.
func providerOf(bp *compile.Blueprint, t *ingress.Trigger) string {
	return connectionOf(bp, t.Body, t.Kind.Connection)
}

// connectionOf is the name of the connection that a body names, or else the only one of a type; "" where there is
// none, or several.
func connectionOf(bp *compile.Blueprint, body *lang.Body, kind string) string {
	if a := body.Attr("connection"); a != nil {
		if ref, d := a.Reference(); d == nil && bp.Connections[ref.Name] != nil {
			return ref.Name
		}
		return ""
	}
	only := ""
	for name, conn := range bp.Connections {
		if conn.Kind.Name != kind {
			continue
		}
		if only != "" {
			return ""
		}
		only = name
	}
	return only
}
