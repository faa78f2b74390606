package security

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/test/e2e/harness"
	"github.com/bucketline/bucketline/test/webdriver"
)

// clocks are how wrong the clock of a computer may be.
var clocks = []struct {
	name string
	off  time.Duration
}{
	{"a day ahead", 24 * time.Hour}, {"a day behind", -24 * time.Hour}, {"20 minutes ahead", 20 * time.Minute}, {"20 minutes behind", -20 * time.Minute},
}

// clockPath is where the page is on a computer with that clock.
func clockPath(off time.Duration) string { return fmt.Sprintf("/clock%+d/", off/time.Minute) }

// wrongClock is the page of this folder with scripts, of its workers too, for
// which the clock on the wall is off. performance.now is as it was: a monotonic
// clock is not wrong.
type wrongClock struct {
	fs.FS
	off time.Duration
}

const clockScript = `globalThis.Date = class extends Date {
	constructor(...given) { given.length > 0 ? super(...given) : super(Date.now()); }
	static now() { return super.now() + (%d); }
};
`

func (c wrongClock) Open(name string) (fs.File, error) {
	file, err := c.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".js") {
		return file, err
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	text = append(fmt.Appendf(nil, clockScript, c.off.Milliseconds()), text...)
	return &script{bytes.NewReader(text), info, int64(len(text))}, nil
}

// script is a file with something added.
type script struct {
	*bytes.Reader
	fs.FileInfo
	size int64
}

func (s *script) Stat() (fs.FileInfo, error) { return s, nil }
func (s *script) Close() error               { return nil }
func (s *script) Size() int64                { return s.size }

// On a computer whose clock is wrong, people sign in and upload, and credentials
// are renewed when they end by the clock of who gave them: never sent after it,
// and not renewed for nothing before.
func TestClock_wrong(t *testing.T) {
	r := new(recorder)
	c := stackConfig()
	c.Wrap = r.wrap
	c.Pages = map[string]fs.FS{}
	for _, clock := range clocks {
		c.Pages[clockPath(clock.off)] = wrongClock{securityPage{harness.Files()}, clock.off}
	}
	stack, _ := startStack(t, c)
	webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, s *webdriver.Session) {
		for _, clock := range clocks {
			t.Run(clock.name, func(t *testing.T) {
				p := &page{s.With(t), t, stack.Endpoints(), r, clockPath(clock.off)}
				p.underWrongClock(clock.off)
			})
		}
	})
}

func (p *page) underWrongClock(off time.Duration) {
	p.t.Helper()
	p.open()
	says := time.UnixMilli(webdriver.Eval[int64](p.Session, "return security.now()"))
	if d := says.Sub(time.Now().Add(off)); d < -time.Minute || d > time.Minute {
		p.t.Fatalf("the page's clock says %v, want it to be off by %v", says, off)
	}
	const life = 15
	name := fmt.Sprintf("%s%+d", p.Browser(), off/time.Minute)
	folder := "users/alice/" + strings.ReplaceAll(name, "+", "plus") + "/"
	p.Run("security.create(4, arguments[0], arguments[1])", life, name)
	p.upload(folder+"one.bin", 1000, "done")
	p.upload(folder+"two.bin", 1000, "done")
	if n := p.recorder.exchanges(name); n != 1 && p.left() > 0 {
		p.t.Errorf("credentials were asked for %d times, want once", n)
	}
	if left := p.left(); left <= 0 || left > life*time.Second+2*time.Second {
		p.t.Errorf("the credentials have %v left, want at most %d s", left, life)
	}
	p.WaitUntil("the credentials to end", pageWithin, func() bool { return p.left() <= 0 })
	p.upload(folder+"parts.bin", 17<<20, "done")
	if n := p.recorder.exchanges(name); n < 2 {
		p.t.Errorf("credentials were asked for %d times, want again when they had ended", n)
	}
	if refused := p.recorder.refused("s3", folder); len(refused) > 0 {
		p.t.Errorf("the store refused:\n%s", strings.Join(refused, "\n"))
	}
}

// left is how long the credentials last, as the uploader judges.
func (p *page) left() time.Duration {
	p.t.Helper()
	return time.Duration(webdriver.Eval[float64](p.Session, "return live.uploader.credentialsLife()?.remaining ?? 0")) * time.Millisecond
}
