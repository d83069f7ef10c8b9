package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"currant/engine"
)

// rekeyText is a master key of the test's.
const rekeyText = "base64key://AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// openAfterKill opens the data directory, wherever a killed rotation has left the master key.
func openAfterKill(dir string) (*engine.Engine, error) {
	e, err := engine.New(engine.Options{Dir: dir})
	if err != nil && strings.Contains(err.Error(), "give it again") {
		return engine.New(engine.Options{Dir: dir, Keys: engine.KeyOptions{URI: rekeyText}})
	}
	return e, err
}

// rekeyForever rotates keys, from place to place, and keeps a value between: it tells each that is on disk.
func rekeyForever(dir string) error {
	data := filepath.Join(dir, "data")
	e, err := openAfterKill(data)
	if err != nil {
		return err
	}
	ctx := context.Background()
	old, err := e.Kept().Get(ctx, "count")
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(string(old)) // 0 at first
	other := "file://" + filepath.Join(dir, "other")
	own := "file://" + filepath.Join(data, engine.KeyFile)
	for i := 0; ; i++ {
		uri := []string{"", other, "", rekeyText, own}[i%5]
		if err := e.Rekey(ctx, engine.Rekey{URI: uri, DataKey: i%3 == 0}); err != nil {
			return err
		}
		n++
		err := e.Kept().Update(ctx, "count", func([]byte) ([]byte, error) { return []byte(strconv.Itoa(n)), nil })
		if err != nil {
			return err
		}
		fmt.Println("kept", n)
	}
}

// A process that rotates keys is killed at 50 moments, the first while it takes over a directory of an earlier
// release: each time all secrets open, those before and those after a rotation.
func TestX2KilledRotations(t *testing.T) {
	r := seed(t)
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprint("old/", i))
	}
	dir := filepath.Dir(earlier(t, names...))
	last, rotations := 0, 0
	for kill := range 50 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"=rekey", childDir+"="+dir)
		var failure lockedBuffer
		cmd.Stderr = &failure
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		if kill > 0 && kill%5 != 0 { // else during the start
			lines.Scan()
		}
		first := lines.Text()
		rest(t, time.Duration(r.IntN(25_000))*time.Microsecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatalf("it had ended: %v %s", err, failure.String())
		}
		for text := first; ; text = lines.Text() {
			if n, ok := strings.CutPrefix(text, "kept "); ok {
				if last, err = strconv.Atoi(n); err != nil {
					t.Fatal(err)
				}
				rotations++
			}
			if !lines.Scan() {
				break
			}
		}
		_ = cmd.Wait() // killed
		if failure.String() != "" {
			t.Fatal(failure.String())
		}
		e, err := openAfterKill(filepath.Join(dir, "data"))
		if err != nil {
			t.Fatalf("after kill %d: %v", kill, err)
		}
		for _, name := range names {
			if got, err := e.Kept().Get(t.Context(), name); err != nil || string(got) != "secret of "+name {
				t.Errorf("after kill %d: %s: %q %v", kill, name, got, err)
			}
		}
		got, err := e.Kept().Get(t.Context(), "count")
		if n, _ := strconv.Atoi(string(got)); err != nil || n < last {
			t.Errorf("after kill %d: %q %v, %d was on disk", kill, got, err, last)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	e, err := openAfterKill(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Rekey(t.Context(), engine.Rekey{URI: "file://" + filepath.Join(dir, "other")}); err != nil {
		t.Error(err)
	}
	for range 2 { // to and from each place, so that each is swept
		for _, uri := range []string{filepath.Join(dir, "data", engine.KeyFile), filepath.Join(dir, "other")} {
			if err := e.Rekey(t.Context(), engine.Rekey{URI: "file://" + uri}); err != nil {
				t.Error(err)
			}
		}
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	for _, pattern := range []string{filepath.Join(dir, "data", "key*"), filepath.Join(dir, "other*")} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) > 1 || len(files) == 1 && strings.Contains(files[0], "data") {
			t.Errorf("left over: %q %v", files, err)
		}
	}
	if rotations < 20 {
		t.Errorf("only %d rotations were done", rotations)
	}
	t.Logf("50 kills, %d rotations", rotations)
}
