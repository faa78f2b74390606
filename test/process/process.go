// Package process starts the programs that tests need (browsers, their
// drivers, a display, a store) and sees to it that none of them outlives the
// test binary, however that ends: returned, failed, timed out or killed.
//
// Every program leads a process group of its own. Stop ends the group; and
// beside each group sits a guard, a shell that waits for the end of a pipe held
// by the test binary alone. When the binary is gone without having called Stop,
// the pipe ends, and the guard kills the group and removes its folder.
// Processes are ended by these ids only, never by name.
package process

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// maxOutput bounds what Output returns, in bytes.
const maxOutput = 64 << 10

// removeWithin bounds how long Stop tries to remove a folder that dying
// grandchildren may still write to.
const removeWithin = 5 * time.Second

// Command says what to start.
type Command struct {
	Path string
	Args []string
	Env  []string          // added to the environment of the test binary
	Pass []*os.File        // open in the program as 3, 4, …; the caller closes its own
	Fill map[string]string // files to write first, by their path in the program's folder
}

// Process is a running program and the folder that is its own.
type Process struct {
	// Dir is the program's own folder: the one it runs in, its HOME and its
	// TMPDIR. Stop removes it.
	Dir string

	name  string
	cmd   *exec.Cmd
	guard *exec.Cmd
	hold  io.WriteCloser // the guard's pipe
	done  chan struct{}
	err   error // what Wait said; read after done
	stop  sync.Once
}

// Start starts c in a new folder.
func Start(c Command) (*Process, error) {
	name := filepath.Base(c.Path)
	dir, err := os.MkdirTemp("", "bucketline-"+name+"-")
	if err != nil {
		return nil, err
	}
	p := &Process{Dir: dir, name: name, done: make(chan struct{})}
	if err := p.start(c); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("start %s: %w", c.Path, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

func (p *Process) start(c Command) error {
	for name, content := range c.Fill {
		file := filepath.Join(p.Dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			return err
		}
	}
	// A file and not a pipe: Wait would wait for every grandchild to close it.
	out, err := os.Create(p.outputFile())
	if err != nil {
		return err
	}
	defer out.Close()
	if err := p.startGuard(); err != nil {
		return err
	}
	p.cmd = exec.Command(c.Path, c.Args...)
	p.cmd.Dir = p.Dir
	p.cmd.Env = append(os.Environ(),
		"HOME="+p.Dir, "XDG_CONFIG_HOME="+filepath.Join(p.Dir, ".config"), "TMPDIR="+p.Dir)
	p.cmd.Env = append(p.cmd.Env, c.Env...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.ExtraFiles = c.Pass
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		p.dismissGuard()
		return err
	}
	if _, err = fmt.Fprintln(p.hold, p.cmd.Process.Pid); err != nil {
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		p.cmd.Wait()
	}
	return err
}

// guardScript reads the id of the group, then waits. A second line means that
// Stop has done the work; the end of the file means that nobody will.
const guardScript = `
read -r group || exit 0
if read -r word; then exit 0; fi
kill -s KILL -- "-$group"
for pause in 0 0.1 0.2 0.5 1 2; do
	sleep $pause
	rm -rf -- "$1" 2>/dev/null && exit 0
done
`

func (p *Process) startGuard() error {
	p.guard = exec.Command("/bin/sh", "-c", guardScript, "guard", p.Dir)
	// Its own group: an interrupt from the terminal must not end it first.
	p.guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	hold, err := p.guard.StdinPipe()
	if err != nil {
		return err
	}
	p.hold = hold
	return p.guard.Start()
}

// dismissGuard tells the guard that there is nothing left to do.
func (p *Process) dismissGuard() {
	fmt.Fprint(p.hold, "\n\n")
	p.hold.Close()
	p.guard.Wait()
}

// Stop kills the program and all that it started in its group, waits for it,
// and removes its folder. Calls after the first do nothing.
func (p *Process) Stop() {
	p.stop.Do(func() {
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
		deadline := time.Now().Add(removeWithin)
		for os.RemoveAll(p.Dir) != nil && time.Now().Before(deadline) {
			time.Sleep(20 * time.Millisecond)
		}
		p.dismissGuard()
	})
}

// Pid is the id of the program and of its process group.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Output is the last 64 KiB of what the program wrote to standard output and
// standard error; empty after Stop.
func (p *Process) Output() string {
	b, err := os.ReadFile(p.outputFile())
	if err != nil {
		return ""
	}
	if len(b) > maxOutput {
		b = b[len(b)-maxOutput:]
	}
	return string(b)
}

func (p *Process) outputFile() string { return filepath.Join(p.Dir, "output.log") }

// Await calls ready every 10 ms until it reports true. It fails when ready
// fails, when the program ends first, or after the given time; the error then
// carries the program's output.
func (p *Process) Await(within time.Duration, ready func() (bool, error)) error {
	deadline := time.Now().Add(within)
	for {
		ok, err := ready()
		switch {
		case err != nil:
			return p.fail(err)
		case ok:
			return nil
		case time.Now().After(deadline):
			return p.fail(fmt.Errorf("not ready within %v", within))
		}
		select {
		case <-p.done:
			return p.fail(fmt.Errorf("ended before it was ready: %v", p.err))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (p *Process) fail(err error) error {
	if out := strings.TrimSpace(p.Output()); out != "" {
		return fmt.Errorf("%s: %w\n%s", p.name, err, out)
	}
	return fmt.Errorf("%s: %w", p.name, err)
}

// ErrPortTaken is what a start function given to OnFreePort returns when
// another program took the port first.
var ErrPortTaken = errors.New("port taken")

// OnFreePort calls start with a free port of 127.0.0.1, for programs that
// cannot choose one themselves, and again with another when start fails with
// ErrPortTaken, at most five times.
func OnFreePort(start func(port string) error) error {
	var err error
	for range 5 {
		var l net.Listener
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return err
		}
		port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
		l.Close()
		if err = start(port); !errors.Is(err, ErrPortTaken) {
			return err
		}
	}
	return err
}

// ModuleRoot is the folder of go.mod, found upwards from the current one, which
// for a test is its package's.
func ModuleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod in any folder above")
		}
		dir = up
	}
}
