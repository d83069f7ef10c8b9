package main

import (
	"runtime/debug"

	"currant/blueprints"
	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
	"currant/steps/standard"
)

// version is set by the linker (-X main.version=1.2.3) when a release is built; "" is a development build.
var version string

// buildVersion is the version that people are shown.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return "development build, revision " + s.Value[:12]
			}
		}
	}
	return "development build"
}

// compileOptions are what blueprints are compiled with: all that this binary knows.
func compileOptions(deps standard.Deps, values lang.Values, publicURL string) (compile.Options, error) {
	kinds, err := steps.NewRegistry(standard.Kinds(deps), standard.Connections(deps))
	if err != nil {
		return compile.Options{}, err
	}
	triggers, err := ingress.NewRegistry(standard.Triggers(deps)...)
	if err != nil {
		return compile.Options{}, err
	}
	return compile.Options{Steps: kinds, Triggers: triggers, Resources: resources(), Values: values, PublicURL: publicURL, Version: version}, nil
}

// resources are the blocks of what is deployed, in the compiler's form.
func resources() []compile.Resource {
	var out []compile.Resource
	for _, r := range blueprints.Kinds() {
		out = append(out, compile.Resource{Name: r.Name, Doc: r.Doc, Spec: r.Spec, Check: r.Check, Inputs: r.Inputs})
	}
	return out
}
