package webdriver

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bucketline/bucketline/test/process"
)

// webkitgtk is WebKitGTK's MiniBrowser behind WebKitWebDriver, on a display of
// this package's own. Every session is a browser of its own, and private.
type webkitgtk struct {
	*httpConn
	key
	process *process.Process
}

func startWebKit(k key) (driver, error) {
	display, err := xDisplay()
	if err != nil {
		return nil, err
	}
	b := &webkitgtk{key: k}
	err = process.OnFreePort(func(port string) error {
		var err error
		b.process, err = process.Start(process.Command{
			Path: "WebKitWebDriver",
			Args: []string{"--host=127.0.0.1", "--port=" + port},
			Env:  []string{"DISPLAY=" + display, "NO_AT_BRIDGE=1"},
			Fill: map[string]string{".config/gtk-3.0/gtk.css": smallButtons},
		})
		if err != nil {
			return err
		}
		b.httpConn = newHTTPConn(port)
		return listening(b.process, port)
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// smallButtons is a style for GTK that makes the buttons of the window so small
// that the page can be 320 pixels wide.
const smallButtons = `toolbar *, headerbar *, entry, button {
	min-width: 0; min-height: 0; margin: 0; padding: 0; border-width: 0; font-size: 1px;
	-gtk-icon-transform: scale(0.5);
}
`

// listening waits until p listens on port. That it ends is put down to the
// port.
func listening(p *process.Process, port string) error {
	err := p.Await(startWithin, func() (bool, error) {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			return false, nil
		}
		c.Close()
		return true, nil
	})
	if err == nil {
		return nil
	}
	select {
	case <-p.Done():
		err = fmt.Errorf("%w: %w", process.ErrPortTaken, err)
	default:
	}
	p.Stop()
	return err
}

// xDisplay returns the name of the display, which it starts first if needed.
func xDisplay() (string, error) {
	display.Lock()
	defer display.Unlock()
	if display.Process != nil {
		return display.name, nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer read.Close()
	p, err := process.Start(process.Command{
		Path: "Xvfb",
		// The server finds a free display by itself and writes its number to 3.
		Args: []string{"-displayfd", "3", "-screen", "0", "1920x1440x24", "-nolisten", "tcp", "-noreset"},
		Pass: []*os.File{write},
	})
	write.Close()
	if err != nil {
		return "", err
	}
	read.SetReadDeadline(time.Now().Add(startWithin))
	// The whole line: the server dies when it cannot write the end of it.
	number, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		p.Stop()
		return "", fmt.Errorf("Xvfb names no display: %w\n%s", err, p.Output())
	}
	display.Process, display.name = p, ":"+strings.TrimSpace(number)
	return display.name, nil
}

func (b *webkitgtk) begin() error {
	found, err := filepath.Glob("/usr/lib/*/webkit2gtk-4.1/MiniBrowser")
	if err != nil || len(found) == 0 {
		return errors.New(`MiniBrowser is not installed: run "make setup"`)
	}
	args := []string{"--automation"}
	if b.dark {
		args = append(args, "--dark-mode")
	}
	err = b.open(params{
		"acceptInsecureCerts":      b.insecureTLS,
		"timeouts":                 timeouts,
		"webkitgtk:browserOptions": params{"binary": found[0], "args": args},
	})
	if err != nil {
		return err
	}
	return resize(b, defaultWidth, defaultHeight)
}

func (b *webkitgtk) end() error {
	_, err := b.httpConn.send(cmdDeleteSession, nil)
	b.session = ""
	return err
}

// send listens to the console after each command that may have brought a new
// page.
func (b *webkitgtk) send(cmd command, p params) (json.RawMessage, error) {
	v, err := b.httpConn.send(cmd, p)
	if err == nil {
		switch cmd {
		case cmdNavigate, cmdRefresh, cmdBack, cmdClick, cmdSwitchWindow:
			evaluate(b.httpConn, listenScript, nil) // where it fails, nothing is listened to
		}
	}
	return v, err
}

// listenScript keeps what the page says in a property that nobody lists.
const listenScript = `
const name = "bucketlineConsole";
if (window[name]) return;
const said = [];
Object.defineProperty(window, name, {value: said});
const say = a => { try { return typeof a === "object" && !(a instanceof Error) ? JSON.stringify(a) : String(a); } catch { return "?"; } };
for (const [method, level] of [["error", "error"], ["warn", "warning"], ["info", "info"], ["log", "info"], ["debug", "debug"]]) {
	const original = console[method];
	console[method] = function (...args) {
		said.push([level, args.map(say).join(" ")]);
		return original.apply(this, args);
	};
}
addEventListener("error", e => said.push(["error", e.filename + ":" + e.lineno + " " + e.message]));
addEventListener("unhandledrejection", e => said.push(["error", "unhandled rejection: " + say(e.reason)]));
addEventListener("securitypolicyviolation", e => said.push(["error", "blocked by " + e.violatedDirective + ": " + e.blockedURI]));`

func (b *webkitgtk) messages() ([]Message, error) {
	var lines [][2]string
	err := evaluateInto(&lines, b.httpConn, `return (window.bucketlineConsole ?? []).splice(0);`)
	if err != nil {
		return nil, err
	}
	var out []Message
	for _, l := range lines {
		out = append(out, Message{l[0], l[1]})
	}
	return out, nil
}

func (b *webkitgtk) setFolder(id, folder string) error {
	return fmt.Errorf("WebKitGTK lacks %s", FolderInput.Name)
}

func (b *webkitgtk) setQuota(string, int64) error {
	return fmt.Errorf("WebKitGTK lacks %s", SetQuota.Name)
}

func (b *webkitgtk) crash() error {
	return fmt.Errorf("WebKitGTK lacks %s", CrashTab.Name)
}

func (b *webkitgtk) setOffline(bool) error {
	return fmt.Errorf("WebKitGTK lacks %s", SetOffline.Name)
}

func (b *webkitgtk) drop(id string, files []string) error {
	return dropByScript(b, id, strings.Join(files, "\n"))
}

func (b *webkitgtk) output() string { return b.process.Output() }
func (b *webkitgtk) group() int     { return b.process.Pid() }
func (b *webkitgtk) stop()          { b.process.Stop() }
