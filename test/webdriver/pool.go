package webdriver

import (
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/bucketline/bucketline/test/process"
)

// startWithin bounds how long a browser may take to come up, on a machine that
// is busy with other things.
const startWithin = 60 * time.Second

// driver is one running browser and what is particular about it.
type driver interface {
	conn

	// begin makes the browser ready for a test, with one empty page.
	begin() error
	// end leaves all pages and forgets what they stored.
	end() error
	// messages returns what the console has said since the last call.
	messages() ([]Message, error)
	// setFolder chooses a folder in the file input with the id.
	setFolder(id, folder string) error
	// drop drops files on the element with the id.
	drop(id string, files []string) error
	// setQuota bounds what an origin may store; negative: as the browser does.
	setQuota(origin string, bytes int64) error
	// crash ends the process of the tab that is looked at, without a word to it.
	crash() error
	// setOffline takes the network from all pages, or gives it back.
	setOffline(offline bool) error
	// group is the process group of all processes.
	group() int
	// output is what the browser's processes have printed.
	output() string
	stop()
}

// key is what browsers in the pool differ by.
type key struct {
	kind        Browser
	insecureTLS bool
	dark        bool
}

// pool holds the browsers of this test binary that no test uses just now. It
// is a package variable because its life is the binary's: test functions share
// nothing else.
var pool struct {
	sync.Mutex
	idle map[key][]driver
}

func take(k key) driver {
	pool.Lock()
	defer pool.Unlock()
	idle := pool.idle[k]
	if len(idle) == 0 {
		return nil
	}
	pool.idle[k] = idle[:len(idle)-1]
	return idle[len(idle)-1]
}

func put(k key, b driver) {
	pool.Lock()
	defer pool.Unlock()
	if pool.idle == nil {
		pool.idle = map[key][]driver{}
	}
	pool.idle[k] = append(pool.idle[k], b)
}

// start starts a browser.
func start(k key) (driver, error) {
	var b driver
	var err error
	switch k.kind {
	case Chromium:
		b, err = startChromium(k)
	case Firefox:
		b, err = startFirefox(k)
	case WebKitGTK:
		b, err = startWebKit(k)
	default:
		err = fmt.Errorf("no such browser")
	}
	if errors.Is(err, exec.ErrNotFound) {
		err = fmt.Errorf("%w: run \"make setup\"", err)
	}
	return b, err
}

// ready returns a browser in which a test can begin: an idle one if there is
// one in order, a new one otherwise.
func ready(k key, fresh bool) (driver, error) {
	if !fresh {
		for b := take(k); b != nil; b = take(k) {
			if b.begin() == nil {
				return b, nil
			}
			b.stop()
		}
	}
	b, err := start(k)
	if err != nil {
		return nil, err
	}
	if err := b.begin(); err != nil {
		err = fmt.Errorf("%w\n%s", err, b.output())
		b.stop()
		return nil, err
	}
	return b, nil
}

// Start gives t a browser for as long as t runs; Each is the usual way to it.
func Start(t testing.TB, kind Browser, c Config) *Session {
	t.Helper()
	k := key{kind, c.InsecureTLS, c.Dark}
	b, err := ready(k, c.Fresh)
	if err != nil {
		t.Fatalf("start %s: %v", kind, err)
	}
	s := &Session{t: t, kind: kind, wait: c.Wait, b: b, console: new([]Message)}
	if s.wait == 0 {
		s.wait = defaultWait
	}
	t.Cleanup(func() {
		switch {
		case t.Failed():
			s.saveArtifacts()
			b.stop()
		case c.Fresh || b.end() != nil:
			b.stop()
		default:
			put(k, b)
		}
	})
	return s
}

// display is the X server of this test binary, for WebKitGTK; it ends with it.
var display struct {
	sync.Mutex
	name string
	*process.Process
}
