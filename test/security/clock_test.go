package security

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"strings"
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

// wrongClocks are the pages of computers with wrong clocks.
func wrongClocks() map[string]fs.FS {
	pages := map[string]fs.FS{}
	for _, clock := range clocks {
		pages[clockPath(clock.off)] = wrongClock{securityPage{harness.Files()}, clock.off}
	}
	return pages
}

// underWrongClocks is on a computer whose clock is wrong, in a tab for each such
// clock. People sign in and upload there, and credentials are renewed when they
// end by the clock of who gave them: never sent after it, and not renewed for
// nothing before.
func (p *page) underWrongClocks() {
	p.t.Helper()
	tabs := []webdriver.Window{p.Window()}
	for i := range clocks {
		if i > 0 {
			tabs = append(tabs, p.NewTab())
			p.Switch(tabs[i])
		}
		p.onClock(i).uploadUnderWrongClock()
	}
	for i := range clocks {
		p.Switch(tabs[i])
		p.onClock(i).renewUnderWrongClock()
	}
}

// clockPage is a page under clocks[which].
type clockPage struct {
	*page
	off          time.Duration
	name, folder string // of its sessions at the STS, and of what it stores
}

func (p *page) onClock(which int) *clockPage {
	off := clocks[which].off
	at := *p
	at.path = clockPath(off)
	name := fmt.Sprintf("%s%+d", p.Browser(), off/time.Minute)
	return &clockPage{&at, off, name, "users/alice/" + strings.ReplaceAll(name, "+", "plus") + "/"}
}

func (p *clockPage) uploadUnderWrongClock() {
	p.t.Helper()
	p.open()
	says := time.UnixMilli(webdriver.Eval[int64](p.Session, "return security.now()"))
	if d := says.Sub(time.Now().Add(p.off)); d < -time.Minute || d > time.Minute {
		p.t.Fatalf("the page's clock says %v, want it to be off by %v", says, p.off)
	}
	p.Run("security.create(4, arguments[0], arguments[1])", int(stsLife/time.Second), p.name)
	p.upload(p.folder+"one.bin", 1000, "done")
	p.upload(p.folder+"two.bin", 1000, "done")
	if n := p.recorder.exchanges(p.name); n != 1 && p.left() > 0 {
		p.t.Errorf("%v: credentials were asked for %d times, want once", p.off, n)
	}
	if left := p.left(); left > stsLife+2*time.Second {
		p.t.Errorf("%v: the credentials have %v left, want at most %v", p.off, left, stsLife)
	}
}

func (p *clockPage) renewUnderWrongClock() {
	p.t.Helper()
	p.WaitUntil("the credentials to end", pageWithin, func() bool { return p.left() <= 0 })
	p.upload(p.folder+"parts.bin", 17<<20, "done")
	if n := p.recorder.exchanges(p.name); n < 2 {
		p.t.Errorf("%v: credentials were asked for %d times, want again when they had ended", p.off, n)
	}
	if refused := p.recorder.refused("s3", p.folder); len(refused) > 0 {
		p.t.Errorf("%v: the store refused:\n%s", p.off, strings.Join(refused, "\n"))
	}
}

// left is how long the credentials last, as the uploader judges.
func (p *page) left() time.Duration {
	p.t.Helper()
	return time.Duration(webdriver.Eval[float64](p.Session, "return live.uploader.credentialsLife()?.remaining ?? 0")) * time.Millisecond
}
