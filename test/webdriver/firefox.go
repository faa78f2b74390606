package webdriver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/bucketline/bucketline/test/process"
)

// firefox is Firefox with its own Marionette server. Scripts in the "chrome"
// context run with the rights of the browser itself; they stand in for what a
// driver cannot reach.
type firefox struct {
	*marionetteConn
	key
	process *process.Process
	session bool
}

// firefoxPrefs go into the profile beside those that Firefox sets by itself
// when it is driven.
const firefoxPrefs = `user_pref("marionette.port", 0);
user_pref("app.normandy.enabled", false);
user_pref("browser.startup.page", 0);
user_pref("browser.newtabpage.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("security.dialog_enable_delay", 0);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.dns.localDomains", "` + Name + `");
user_pref("layout.css.prefers-color-scheme.content-override", %d);
`

func startFirefox(k key) (driver, error) {
	scheme := 1 // light
	if k.dark {
		scheme = 0
	}
	p, err := process.Start(process.Command{
		Path: "firefox-esr",
		Args: []string{
			"--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", "profile",
		},
		Env:  []string{"MOZ_CRASHREPORTER_DISABLE=1"},
		Fill: map[string]string{"profile/user.js": fmt.Sprintf(firefoxPrefs, scheme)},
	})
	if err != nil {
		return nil, err
	}
	b := &firefox{key: k, process: p}
	err = p.Await(startWithin, func() (bool, error) {
		port, err := os.ReadFile(filepath.Join(p.Dir, "profile", "MarionetteActivePort"))
		if err != nil || len(port) == 0 {
			return false, nil
		}
		b.marionetteConn, err = dialMarionette(strings.TrimSpace(string(port)))
		return err == nil, err
	})
	if err != nil {
		p.Stop()
		return nil, err
	}
	return b, nil
}

func (b *firefox) begin() error {
	if !b.session {
		_, err := b.send(cmdNewSession, params{
			"acceptInsecureCerts": b.insecureTLS,
			"timeouts":            timeouts,
		})
		if err != nil {
			return err
		}
		b.session = true
		if err := b.inBrowser(nil, firefoxBeginScript); err != nil {
			return err
		}
	}
	return resize(b, defaultWidth, defaultHeight)
}

// firefoxBeginScript lets windows be narrower than the 500 pixels that
// Firefox's own buttons need, and has what pages log sent to the browser's
// console, where errors arrive by themselves.
const firefoxBeginScript = `
document.documentElement.style.setProperty("min-width", "0", "important");
Services.ppmm.loadProcessScript("data:," + encodeURIComponent(` + "`" + `
Cc["@mozilla.org/consoleAPI-storage;1"].getService(Ci.nsIConsoleAPIStorage).addLogEventListener(m => {
	const e = m.wrappedJSObject ?? m;
	if (typeof e.innerID !== "number") return; // the browser's own
	const say = a => { try { return typeof a === "object" && !(a instanceof Error) ? JSON.stringify(a) : String(a); } catch { return "?"; } };
	Services.console.logStringMessage("page:" + JSON.stringify([e.level, e.arguments.map(say).join(" ")]));
}, Cc["@mozilla.org/systemprincipal;1"].createInstance(Ci.nsIPrincipal));
` + "`" + `), true);`

func (b *firefox) messages() ([]Message, error) {
	var lines [][2]string
	if err := b.inBrowser(&lines, firefoxMessagesScript); err != nil {
		return nil, err
	}
	var out []Message
	for _, l := range lines {
		switch l[0] {
		case "error", "info", "debug":
		case "assert", "exception":
			l[0] = "error"
		case "warn":
			l[0] = "warning"
		default:
			l[0] = "info"
		}
		out = append(out, Message{l[0], l[1]})
	}
	return out, nil
}

// firefoxMessagesScript takes all messages of pages, and none of the browser's
// own, out of its console.
const firefoxMessagesScript = `
const out = [];
for (const m of Services.console.getMessageArray()) {
	if (m instanceof Ci.nsIScriptError) {
		if (m.isFromChromeContext || /^(chrome|resource|moz-extension|jar):/.test(m.sourceName)) continue;
		const level = m.flags & m.warningFlag ? "warn" : m.flags & m.infoFlag ? "info" : "error";
		out.push([level, m.sourceName + ":" + m.lineNumber + " " + m.errorMessage]);
	} else if (m.message.startsWith("page:")) {
		out.push(JSON.parse(m.message.slice(5)));
	}
}
Services.console.reset();
return out;`

func (b *firefox) end() error {
	if err := leavePages(b); err != nil {
		return err
	}
	return b.inBrowser(nil, `
await new Promise(done => Services.clearData.deleteData(Ci.nsIClearDataService.CLEAR_ALL, done));
Services.console.reset();`)
}

var cmdSetContext = command{name: "Marionette:SetContext"}

// inBrowser runs script in the chrome context and decodes its result into v
// unless that is nil.
func (b *firefox) inBrowser(v any, script string, args ...any) (err error) {
	if _, err := b.send(cmdSetContext, params{"value": "chrome"}); err != nil {
		return err
	}
	defer func() {
		_, back := b.send(cmdSetContext, params{"value": "content"})
		err = errors.Join(err, back)
	}()
	if v == nil {
		v = new(any)
	}
	return evaluateInto(v, b, script, args...)
}

// setFolder lets the page open the real dialog, whose window is replaced by one
// that has the folder chosen already, and answers the real question whether the
// page may have all its files.
func (b *firefox) setFolder(id, folder string) (err error) {
	if err := b.inBrowser(nil, pickerScript, folder); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.inBrowser(nil, `window.restorePicker();`)) }()
	_, err = b.send(cmdScript, params{
		"script":  `document.notifyUserGestureActivation(); arguments[0].click();`,
		"args":    []any{reference(id)},
		"sandbox": "system",
	})
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(defaultWait); ; time.Sleep(pollEvery) {
		_, err := b.send(cmdAcceptAlert, nil)
		if err == nil {
			break
		}
		if !hasCode(err, "no such alert") {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("Firefox opened no dialog for a folder: has the input webkitdirectory?")
		}
	}
	_, err = evaluate(b, `
const [input] = arguments;
for (const start = Date.now(); !input.files.length && Date.now() - start < 10000;) {
	await new Promise(r => setTimeout(r, 10));
}`, []any{reference(id)})
	return err
}

const pickerScript = `
const folder = new FileUtils.File(arguments[0]);
const contract = "@mozilla.org/filepicker;1";
const registrar = Components.manager.QueryInterface(Ci.nsIComponentRegistrar);
const original = registrar.contractIDToCID(contract);
const id = Services.uuid.generateUUID();
const picker = {
	QueryInterface: ChromeUtils.generateQI(["nsIFilePicker"]),
	init(context, title, mode) { this.mode = mode; },
	isModeSupported() { return Promise.resolve(true); },
	appendFilters() {}, appendFilter() {}, appendRawFilter() {},
	open(callback) {
		const wanted = this.mode === Ci.nsIFilePicker.modeGetFolder;
		Services.tm.dispatchToMainThread(() => callback.done(
			wanted ? Ci.nsIFilePicker.returnOK : Ci.nsIFilePicker.returnCancel));
	},
	file: folder,
	defaultString: "", defaultExtension: "", filterIndex: 0, displayDirectory: null,
	displaySpecialDirectory: "", addToRecentDocs: false, okButtonLabel: "", capture: 0,
};
const factory = {
	QueryInterface: ChromeUtils.generateQI(["nsIFactory"]),
	createInstance(iid) { return picker.QueryInterface(iid); },
};
registrar.registerFactory(id, "a folder chosen already", contract, factory);
window.restorePicker = () => {
	registrar.unregisterFactory(id, factory);
	registrar.registerFactory(original, "", contract, null);
};`

func (b *firefox) setQuota(string, int64) error {
	return fmt.Errorf("Firefox lacks %s", SetQuota.Name)
}

func (b *firefox) crash() error {
	var pid int
	if err := b.inBrowser(&pid, `return gBrowser.selectedBrowser.frameLoader.remoteTab.osPid;`); err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	_, err := b.send(cmdCloseWindow, nil)
	return err
}

func (b *firefox) setOffline(offline bool) error {
	return b.inBrowser(nil, `Services.io.offline = arguments[0];`, offline)
}

func (b *firefox) drop(id string, files []string) error {
	return dropByScript(b, id, strings.Join(files, "\n"))
}

func (b *firefox) output() string { return b.process.Output() }
func (b *firefox) group() int     { return b.process.Pid() }

func (b *firefox) stop() {
	b.conn.Close()
	b.process.Stop()
}
