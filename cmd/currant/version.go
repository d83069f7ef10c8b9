package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// versionView is what the version command shows.
type versionView struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersion(t *terminal) *cobra.Command {
	var json, bom bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Long:    "Prints the version of this binary, the Go release that built it and the platform.",
		Example: "  currant version\n  currant version --json\n  currant version --sbom > currant.cdx.json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if info, ok := debug.ReadBuildInfo(); bom && ok {
				return t.out.json(billOfMaterials(info))
			}
			v := versionView{Version: buildVersion(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
			if json {
				return t.out.json(v)
			}
			t.out.printf("currant %s (%s, %s)\n", v.Version, v.Go, v.Platform)
			return nil
		},
	}
	cmd.Flags().BoolVar(&json, "json", false, "print it as JSON")
	cmd.Flags().BoolVar(&bom, "sbom", false, "print the modules in this binary (CycloneDX JSON)")
	return cmd
}
