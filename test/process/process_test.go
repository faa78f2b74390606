package process

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// family is a program with a child: both must end.
var family = Command{Path: "/bin/sh", Args: []string{"-c", `sleep 300 & echo "$!" > "$TMPDIR/child"; echo up; wait`}}

func TestStop_endsTheWholeGroupAndRemovesItsFolder(t *testing.T) {
	p, err := Start(family)
	if err != nil {
		t.Fatal(err)
	}
	child := childOf(t, p.Dir)
	if !strings.HasPrefix(filepath.Base(p.Dir), "bucketline-sh-") {
		t.Errorf("folder %s", p.Dir)
	}
	p.Stop()
	p.Stop() // a second call does nothing
	awaitGone(t, p.Pid())
	awaitGone(t, child)
	if _, err := os.Stat(p.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("folder is still there: %v", err)
	}
	if p.guard.ProcessState == nil {
		t.Error("the guard still runs")
	}
}

// TestGuard_endsTheGroupOfAKilledBinary runs this test binary again, lets it
// start a program, and kills it as a time limit or the kernel would.
func TestGuard_endsTheGroupOfAKilledBinary(t *testing.T) {
	const env = "BUCKETLINE_TEST_GUARDED"
	if file := os.Getenv(env); file != "" {
		p, err := Start(family)
		if err != nil {
			t.Fatal(err)
		}
		childOf(t, p.Dir)
		if err := os.WriteFile(file, []byte(p.Dir+"\n"+strconv.Itoa(p.Pid())+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		select {} // until killed
	}

	file := filepath.Join(t.TempDir(), "started")
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), env+"="+file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, "the second binary's program", func() bool {
		b, _ := os.ReadFile(file)
		return strings.Count(string(b), "\n") == 2
	})
	b, _ := os.ReadFile(file)
	dir, line, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	child := childOf(t, dir)

	cmd.Process.Kill()
	cmd.Wait()
	awaitGone(t, pid)
	awaitGone(t, child)
	await(t, "the folder to be removed", func() bool {
		_, err := os.Stat(dir)
		return errors.Is(err, os.ErrNotExist)
	})
}

func TestAwait_saysWhatAProgramThatEndedPrinted(t *testing.T) {
	p, err := Start(Command{Path: "/bin/sh", Args: []string{"-c", "echo no such display >&2; exit 3"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	err = p.Await(10*time.Second, func() (bool, error) { return false, nil })
	if err == nil || !strings.Contains(err.Error(), "exit status 3\nno such display") {
		t.Fatalf("Await = %v", err)
	}
}

func TestAwait_givesUp(t *testing.T) {
	p, err := Start(family)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	err = p.Await(30*time.Millisecond, func() (bool, error) { return false, nil })
	if err == nil || !strings.Contains(err.Error(), "not ready within 30ms") {
		t.Fatalf("Await = %v", err)
	}
}

func TestStart_unknownProgram(t *testing.T) {
	if _, err := Start(Command{Path: "/no/such/program"}); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("Start = %v, want %v", err, os.ErrNotExist)
	}
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), "bucketline-program-*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestOnFreePort_triesAnotherWhenTaken(t *testing.T) {
	var ports []string
	err := OnFreePort(func(port string) error {
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			return err
		}
		defer l.Close()
		ports = append(ports, port)
		if len(ports) < 3 {
			return fmt.Errorf("listen: %w", ErrPortTaken)
		}
		return nil
	})
	if err != nil || len(ports) != 3 {
		t.Fatalf("err = %v after ports %v, want the third to do", err, ports)
	}
	ports = nil
	err = OnFreePort(func(port string) error { ports = append(ports, port); return ErrPortTaken })
	if !errors.Is(err, ErrPortTaken) || len(ports) != 5 {
		t.Fatalf("err = %v after ports %v, want to give up after five", err, ports)
	}
}

func TestModuleRoot(t *testing.T) {
	t.Chdir("..")
	root, err := ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "test", "process", "process_test.go")); err != nil {
		t.Error(err)
	}
	t.Chdir("/")
	if root, err := ModuleRoot(); err == nil {
		t.Errorf("there is a module at %s", root)
	}
}

// childOf waits for family's child in dir and returns its id.
func childOf(t *testing.T, dir string) int {
	t.Helper()
	var pid int
	await(t, "the child's id", func() bool {
		b, _ := os.ReadFile(filepath.Join(dir, "child"))
		var err error
		pid, err = strconv.Atoi(strings.TrimSpace(string(b)))
		return err == nil
	})
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the child does not run: %v", err)
	}
	return pid
}

// awaitGone waits until pid has ended. An ended process that nobody has waited
// for yet counts as ended.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	await(t, fmt.Sprintf("process %d to end", pid), func() bool {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return true
		}
		_, after, _ := strings.Cut(string(b), ") ") // the name may hold spaces
		return strings.HasPrefix(after, "Z")
	})
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still waiting for %s", what)
		}
	}
}
