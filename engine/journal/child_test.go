package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// writeForever prints the id of each run once it is confirmed: "A id" accepted,
// "E id" ended.
func writeForever(s *Store) error {
	fmt.Println("open")
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	prefix := fmt.Sprint(os.Getpid())
	for g := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d-%d", prefix, g, i)
				if _, _, err := s.Accept(context.Background(), newRun(id)); err != nil {
					errs <- err
					return
				}
				fmt.Println("A", id)
				w := Write{Run: id, Put: []Record{{Path: "p", Data: make([]byte, i%3*40<<10)}}}
				if err := s.Commit(context.Background(), w); err != nil {
					errs <- err
					return
				}
				if i%2 == 0 {
					if err := s.Commit(context.Background(), Write{Run: id, End: &End{Status: Finished, At: start, History: []byte(id)}}); err != nil {
						errs <- err
						return
					}
					fmt.Println("E", id)
				}
			}
		})
	}
	wg.Wait()
	return <-errs
}

func command(role, dir string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], dir)
	cmd.Env = append(os.Environ(), childEnv+"="+role)
	return cmd
}

// What a process confirmed before it was killed is there afterwards.
func TestD1Kill(t *testing.T) {
	rounds := 10
	if long {
		rounds = 50
	}
	dir := dataDir(t)
	accepted, ended := map[string]bool{}, map[string]bool{}
	for round := range rounds {
		cmd := command("write", dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Killed after a random number of confirmations; now and then during recovery.
		left := rand.IntN(600)
		if round%3 == 2 {
			left = 0
		}
		lines := bufio.NewScanner(out)
		killed := false
		if left == 0 {
			timer := time.AfterFunc(time.Duration(rand.IntN(40))*time.Millisecond, func() { cmd.Process.Kill() })
			defer timer.Stop()
			killed = true
		}
		for lines.Scan() {
			kind, id, ok := strings.Cut(lines.Text(), " ")
			if !ok {
				continue
			}
			if kind == "A" {
				accepted[id] = true
			} else {
				ended[id] = true
			}
			if left--; left <= 0 && !killed {
				cmd.Process.Kill()
				killed = true
			}
		}
		err = cmd.Wait()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != -1 {
			t.Fatalf("the child ended by itself: %v", err)
		}
		// A reading command before the next start sees it, too, and harms nothing.
		if round == 1 {
			r, err := OpenReader(dir)
			if err != nil {
				t.Fatal(err)
			}
			for id := range accepted {
				if _, err := r.Run(context.Background(), id); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(accepted) == 0 || len(ended) == 0 {
		t.Fatal("nothing was confirmed: the test shows nothing")
	}
	s := open(t, dir)
	seen := map[int64]bool{}
	for id := range accepted {
		r, err := s.Run(context.Background(), id)
		if err != nil {
			t.Fatalf("confirmed, then lost: %v", err)
		}
		if seen[r.Seq] {
			t.Fatalf("number %d was given twice", r.Seq)
		}
		seen[r.Seq] = true
		if ended[id] && r.Status != Finished {
			t.Fatalf("run %s was confirmed as finished and is %s", id, r.Status)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	mustVerify(t, dir)
	t.Logf("%d kills, %d runs confirmed", rounds, len(accepted))
}

// Of 20 that start at once exactly one gets the directory; the others name it.
func TestD10OneWriter(t *testing.T) {
	dir := dataDir(t)
	type result struct {
		cmd  *exec.Cmd
		in   io.WriteCloser
		line string
		msg  *strings.Builder
	}
	rounds := 1
	if long {
		rounds = 20
	}
	for range rounds {
		results := make(chan result, 20)
		for range 20 {
			cmd := command("hold", dir)
			var msg strings.Builder
			cmd.Stderr = &msg
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			go func() {
				line, _ := bufio.NewReader(out).ReadString('\n')
				results <- result{cmd, in, line, &msg}
			}()
		}
		var winner *result
		var losers []result
		for range 20 {
			r := <-results
			if r.line == "open\n" {
				if winner != nil {
					t.Fatal("two processes own the directory")
				}
				winner = &r
			} else {
				losers = append(losers, r)
			}
		}
		if winner == nil {
			t.Fatal("nobody owns the directory")
		}
		for _, r := range losers {
			r.in.Close()
			if err := r.cmd.Wait(); err == nil {
				t.Error("a process without the lock ended well")
			}
			if want := fmt.Sprintf("process %d on ", winner.cmd.Process.Pid); !strings.Contains(r.msg.String(), want) {
				t.Errorf("the message %q does not name the holder, %s", r.msg, want)
			}
		}
		if r, err := OpenReader(dir); err != nil {
			t.Errorf("reading beside a server: %v", err)
		} else if err := r.Close(); err != nil {
			t.Error(err)
		}
		mustVerify(t, dir)
		// No stale lock after SIGKILL.
		winner.cmd.Process.Kill()
		winner.cmd.Wait()
		winner.in.Close()
		s, err := Open(dir, Options{})
		if err != nil {
			t.Fatalf("after the holder was killed: %v", err)
		}
		if _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) {
			t.Fatalf("a second store in the same process: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
