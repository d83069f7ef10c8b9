package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

const goos = runtime.GOOS

// startBrowser opens a file with the program that the system has for it, and deletes the file a little later.
func startBrowser(file string) error {
	path, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	var cmd *exec.Cmd
	switch goos {
	case "darwin":
		cmd = exec.Command("open", path)
	case "windows":
		cmd = exec.Command("rundll32", "url.dll,FileProtocolHandler", path)
	default:
		cmd = exec.Command("xdg-open", path)
	}
	if err := cmd.Start(); err != nil {
		_ = os.Remove(path) // there is nobody to read it
		return err
	}
	go func() {
		_ = cmd.Wait() // whether it came up is seen by whoever sits there
		time.Sleep(10 * time.Second)
		_ = os.Remove(path)
	}()
	return nil
}
