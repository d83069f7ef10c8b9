package main

import (
	"encoding/base64"
	"encoding/hex"
	"runtime/debug"
	"strings"
)

// The bill of materials is in the form of CycloneDX 1.6, made from what the Go toolchain wrote into this very
// binary, so that the two cannot disagree.
type sbom struct {
	BOMFormat   string          `json:"bomFormat"`
	SpecVersion string          `json:"specVersion"`
	Version     int             `json:"version"`
	Metadata    sbomMetadata    `json:"metadata"`
	Components  []sbomComponent `json:"components"`
}

type sbomMetadata struct {
	Component sbomComponent `json:"component"`
}

type sbomComponent struct {
	Type    string     `json:"type"`
	Ref     string     `json:"bom-ref"`
	Name    string     `json:"name"`
	Version string     `json:"version"`
	PURL    string     `json:"purl"`
	Hashes  []sbomHash `json:"hashes,omitempty"`
}

// sbomHash is the go.sum hash of a module: SHA-256 over its files.
type sbomHash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

func billOfMaterials(info *debug.BuildInfo) sbom {
	out := sbom{BOMFormat: "CycloneDX", SpecVersion: "1.6", Version: 1, Components: []sbomComponent{}}
	out.Metadata.Component = component("application", &debug.Module{Path: info.Main.Path, Version: buildVersion()})
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		out.Components = append(out.Components, component("library", m))
	}
	out.Components = append(out.Components, component("library", &debug.Module{Path: "stdlib", Version: strings.TrimPrefix(info.GoVersion, "go")}))
	return out
}

func component(kind string, m *debug.Module) sbomComponent {
	c := sbomComponent{Type: kind, Ref: m.Path + "@" + m.Version, Name: m.Path, Version: m.Version, PURL: "pkg:golang/" + m.Path + "@" + m.Version}
	if sum, ok := strings.CutPrefix(m.Sum, "h1:"); ok {
		c.Hashes = []sbomHash{{Algorithm: "SHA-256", Content: hexOfBase64(sum)}}
	}
	return c
}

func hexOfBase64(text string) string {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return ""
	}
	return hex.EncodeToString(b)
}
