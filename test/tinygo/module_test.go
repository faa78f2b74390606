// Package tinygo holds the engine that TinyGo compiles against the one that Go
// compiles: the same frames go into both, and the same bytes must come out. It
// knows nothing of what the frames mean, so what the engine learns is compared
// as soon as a transcript says it.
package tinygo

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/test/process"
	"github.com/bucketline/bucketline/wire"
)

// root is the repository's folder.
var root string

// TestMain builds the module. Without TinyGo it fails, and says what to do.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func build() (err error) {
	if root, err = process.ModuleRoot(); err != nil {
		return err
	}
	cmd := exec.Command("go", "run", "./tools/build", "tinygo")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return nil
}

// host is Node with the module; see host.mjs for what goes through the pipe.
type host struct {
	in  io.Writer
	out *bufio.Reader
}

func startHost(t *testing.T) *host { return startHostOf(t, "engine.wasm") }

func startHostOf(t *testing.T, module string) *host {
	t.Helper()
	cmd := exec.Command("node", "host.mjs", filepath.Join(root, "build", "tinygo", module))
	cmd.Stderr = os.Stderr
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
	t.Cleanup(func() {
		in.Close() // which ends it
		if err := cmd.Wait(); err != nil {
			t.Errorf("node: %v", err)
		}
	})
	return &host{in, bufio.NewReader(out)}
}

func (h *host) call(letter byte, src []byte) ([]byte, error) {
	request := binary.LittleEndian.AppendUint32([]byte{letter}, uint32(len(src)))
	if _, err := h.in.Write(append(request, src...)); err != nil {
		return nil, err
	}
	var head [5]byte
	if _, err := io.ReadFull(h.out, head[:]); err != nil {
		return nil, err
	}
	answer := make([]byte, binary.LittleEndian.Uint32(head[1:]))
	if _, err := io.ReadFull(h.out, answer); err != nil {
		return nil, err
	}
	if head[0] != '=' {
		return nil, fmt.Errorf("the module threw: %s", answer)
	}
	return answer, nil
}

// pair is one session in the module and the same in this process.
type pair struct {
	t       *testing.T
	host    *host
	session wire.Session
	hasher  wire.Hasher
	calls   int
}

// newPair begins a new instance in h.
func newPair(t *testing.T, h *host) *pair {
	t.Helper()
	if _, err := h.call('n', nil); err != nil {
		t.Fatal(err)
	}
	return &pair{t: t, host: h}
}

// call gives src to both and returns what both answer.
func (p *pair) call(letter byte, src []byte) []wire.Frame {
	p.t.Helper()
	p.calls++
	want := p.native(letter, src)
	got, err := p.host.call(letter, src)
	if err != nil {
		p.t.Fatalf("call %d, %q of %s: %v; Go's engine answers %s", p.calls, letter, show(src), err, show(want))
	}
	if !bytes.Equal(got, want) {
		for common(got, want) {
			got, want = got[frameBytes(got):], want[frameBytes(want):]
		}
		p.t.Fatalf("call %d, %q of %s\nfrom where they differ, the module answers %s\nGo's engine answers %s", p.calls, letter, show(src), show(got), show(want))
	}
	return frames(want)
}

// native is the call in this process. A panic is the end of this test alone.
func (p *pair) native(letter byte, src []byte) (out []byte) {
	defer func() {
		if wrong := recover(); wrong != nil {
			p.t.Fatalf("call %d, %q of %s: Go's engine panics: %v\n%s", p.calls, letter, show(src), wrong, debug.Stack())
		}
	}()
	switch letter {
	case 'o':
		return p.session.Open(nil, src)
	case 's':
		return p.session.Step(nil, src)
	case 'a':
		return p.session.Ask(nil, src)
	case 'h':
		number := p.hasher.Begin(uint32(src[0]))
		p.hasher.Update(number, src[1:])
		return p.hasher.End(nil, number)
	}
	p.t.Fatalf("no such call: %q", letter)
	return nil
}

// common reports that both begin with the same frame.
func common(got, want []byte) bool {
	n := frameBytes(got)
	return n > 0 && n == frameBytes(want) && bytes.Equal(got[:n], want[:n])
}

// frameBytes returns the length of the frame at the start of src, or 0.
func frameBytes(src []byte) int {
	rest, ok := wire.Skip(src)
	if !ok {
		return 0
	}
	return len(src) - len(rest)
}

// step gives events to both and returns all that both ask for.
func (p *pair) step(now engine.Now, events ...[]byte) []wire.Frame {
	p.t.Helper()
	clocks := (&wire.Frame{Kind: wire.KindNow, X: int64(now.Mono), Y: int64(now.Wall)}).Append(nil)
	src := bytes.Join(append([][]byte{clocks}, events...), nil)
	var all []wire.Frame
	for range 1000 {
		answer := p.call('s', src)
		all = append(all, answer...)
		length := 0
		for i := range answer {
			length += len(answer[i].Append(nil))
		}
		if length < wire.StepBytes {
			return all
		}
		src = clocks
	}
	p.t.Fatal("a step does not come to its end")
	return nil
}

// maxQuery is more than any kind of query.
const maxQuery = 20

// ask puts every query there is, about file, to both.
func (p *pair) ask(now engine.Now, file uint32) {
	p.t.Helper()
	for kind := range uint8(maxQuery) {
		q := wire.Frame{Kind: kind, File: file, X: 10, Y: int64(now.Wall)}
		p.call('a', q.Append(nil))
		q.Fields = fields("key", "u/42/a b.mov")
		p.call('a', q.Append(nil))
		q.X |= 1 << 32
		p.call('a', q.Append(nil))
	}
}

// frames reads what both have answered, so it is well formed.
func frames(src []byte) []wire.Frame {
	var all []wire.Frame
	for len(src) > 0 {
		var f wire.Frame
		rest, err := f.Read(src)
		if err != nil {
			break
		}
		all, src = append(all, f), rest
	}
	return all
}

// show prints frames for a failure, and what is none as it is.
func show(src []byte) string {
	out := ""
	for i, f := range frames(src) {
		if i == 20 {
			return out + "\n  ..."
		}
		out += fmt.Sprintf("\n  kind %d a %d b %d file %d request %d x %d y %d %q body %q",
			f.Kind, f.A, f.B, f.File, f.Req, f.X, f.Y, f.Fields, f.Body)
		src = src[frameBytes(src):]
	}
	if len(src) > 0 {
		out += fmt.Sprintf("\n  %x", src)
	}
	return out
}
