package webdriver

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"regexp"

	"github.com/bucketline/bucketline/test/process"
)

// chromium is Chromium behind ChromeDriver.
type chromium struct {
	*httpConn
	key
	process *process.Process
}

var chromedriverPort = regexp.MustCompile(`started successfully on port (\d+)`)

func startChromium(k key) (driver, error) {
	p, err := process.Start(process.Command{
		Path: "chromedriver",
		Args: []string{"--port=0", "--allowed-ips=127.0.0.1"},
	})
	if err != nil {
		return nil, err
	}
	b := &chromium{key: k, process: p}
	err = p.Await(startWithin, func() (bool, error) {
		m := chromedriverPort.FindStringSubmatch(p.Output())
		if m == nil {
			return false, nil
		}
		b.httpConn = newHTTPConn(m[1])
		return true, nil
	})
	if err != nil {
		p.Stop()
		return nil, err
	}
	return b, nil
}

// flags keep Chromium from the GPU, from its sandbox, which needs rights that
// containers lack, and from hosts of its maker. Over a pipe instead of a port
// for debugging, it ends when ChromeDriver does.
var chromiumFlags = []string{
	"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
	"--disable-quic", "--no-first-run", "--disable-sync",
	"--disable-background-networking", "--disable-component-update",
	"--disable-breakpad", "--remote-debugging-pipe",
	"--host-resolver-rules=MAP " + Name + " 127.0.0.1",
}

func (b *chromium) begin() error {
	if b.session == "" {
		flags := append([]string{"--user-data-dir=" + filepath.Join(b.process.Dir, "profile")}, chromiumFlags...)
		if b.dark {
			flags = append(flags, "--force-dark-mode")
		}
		err := b.open(params{
			"acceptInsecureCerts": b.insecureTLS,
			"timeouts":            timeouts,
			"goog:loggingPrefs":   params{"browser": "ALL"},
			"goog:chromeOptions":  params{"binary": "/usr/bin/chromium", "args": flags},
		})
		if err != nil {
			return err
		}
	}
	return resize(b, defaultWidth, defaultHeight)
}

func (b *chromium) end() error {
	if err := leavePages(b); err != nil {
		return err
	}
	if _, err := b.devtools("Storage.clearDataForOrigin", params{"origin": "*", "storageTypes": "all"}); err != nil {
		return err
	}
	if _, err := b.devtools("Network.clearBrowserCache", params{}); err != nil {
		return err
	}
	if _, err := b.devtools("Network.clearBrowserCookies", params{}); err != nil {
		return err
	}
	_, err := b.messages()
	return err
}

// leavePages opens a new tab and closes all others.
func leavePages(b conn) error {
	v, err := b.send(cmdWindows, nil)
	if err != nil {
		return err
	}
	var old []Window
	if err := json.Unmarshal(v, &old); err != nil {
		return err
	}
	fresh, err := newTab(b)
	if err != nil {
		return err
	}
	for _, w := range old {
		if _, err := b.send(cmdSwitchWindow, params{"handle": w}); err != nil {
			return err
		}
		if _, err := b.send(cmdCloseWindow, nil); err != nil {
			return err
		}
	}
	_, err = b.send(cmdSwitchWindow, params{"handle": fresh})
	return err
}

// ChromeDriver's own commands.
var (
	cmdDevtools = command{method: "POST", path: "/goog/cdp/execute"}
	cmdLog      = command{method: "POST", path: "/se/log"}
)

// devtools sends a command of the Chrome DevTools Protocol.
func (b *chromium) devtools(name string, p params) (json.RawMessage, error) {
	return b.send(cmdDevtools, params{"cmd": name, "params": p})
}

func (b *chromium) messages() ([]Message, error) {
	v, err := b.send(cmdLog, params{"type": "browser"})
	if err != nil {
		return nil, err
	}
	var entries []struct{ Level, Message string }
	if err := json.Unmarshal(v, &entries); err != nil {
		return nil, err
	}
	levels := map[string]string{"SEVERE": "error", "WARNING": "warning", "INFO": "info"}
	var out []Message
	for _, e := range entries {
		level := levels[e.Level]
		if level == "" {
			level = "debug"
		}
		out = append(out, Message{level, e.Message})
	}
	return out, nil
}

func (b *chromium) setQuota(origin string, bytes int64) error {
	p := params{"origin": origin}
	if bytes >= 0 {
		p["quotaSize"] = bytes
	}
	_, err := b.devtools("Storage.overrideQuotaForOrigin", p)
	return err
}

func (b *chromium) crash() error {
	_, err := b.devtools("Page.crash", params{})
	switch {
	case err == nil:
		return errors.New("the tab lives on")
	case !hasCode(err, "tab crashed"):
		return err
	}
	_, err = b.send(cmdCloseWindow, nil)
	return err
}

func (b *chromium) setOffline(offline bool) error {
	_, err := b.devtools("Network.overrideNetworkState", params{
		"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
	})
	return err
}

func (b *chromium) setFolder(id, folder string) error {
	_, err := b.send(cmdSendKeys, params{"id": id, "text": folder})
	return err
}

func (b *chromium) drop(id string, files []string) error {
	var at [2]float64
	if err := evaluateInto(&at, b, centreScript, reference(id)); err != nil {
		return err
	}
	for _, step := range []string{"dragEnter", "dragOver", "drop"} {
		_, err := b.devtools("Input.dispatchDragEvent", params{
			"type": step, "x": at[0], "y": at[1],
			"data": params{"items": []any{}, "files": files, "dragOperationsMask": 1},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// centreScript scrolls its argument into view and returns its middle in the
// viewport.
const centreScript = `
const e = arguments[0];
e.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
const r = e.getBoundingClientRect();
return [r.x + r.width / 2, r.y + r.height / 2];`

func (b *chromium) output() string { return b.process.Output() }
func (b *chromium) group() int     { return b.process.Pid() }
func (b *chromium) stop()          { b.process.Stop() }
