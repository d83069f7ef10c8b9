package watch

import (
	"os"
	"path/filepath"
	"strings"
)

// gitBusy reports whether git is at work in the checkout that holds dir, a
// resolved path: it keeps index.lock from before the first file it changes until
// after the last. A lock left behind by a crash looks the same, so callers bound
// how long they wait for it.
func gitBusy(dir string) bool {
	for {
		git := filepath.Join(dir, ".git")
		if info, err := os.Stat(git); err == nil {
			if !info.IsDir() {
				git = gitDir(git)
			}
			_, err := os.Lstat(filepath.Join(git, "index.lock"))
			return err == nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return false
		}
		dir = up
	}
}

// gitDir reads the file that stands for .git in a linked worktree or submodule:
// one line "gitdir: path" (gitrepository-layout(5)).
func gitDir(file string) string {
	text, err := os.ReadFile(file)
	if err != nil || len(text) > 4096 {
		return file
	}
	p, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: ")
	if !ok {
		return file
	}
	if !filepath.IsAbs(p) {
		p = filepath.Join(filepath.Dir(file), p)
	}
	return p
}
