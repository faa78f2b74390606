package webdriver_test

import (
	"fmt"
	"image/png"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/test/webdriver"
)

// serve serves testdata under a strict policy and returns the page's address.
func serve(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(pages())
	t.Cleanup(srv.Close)
	return srv.URL + "/page.html"
}

func pages() http.Handler {
	files := http.FileServer(http.Dir("testdata"))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; script-src 'self'; connect-src *")
		if r.URL.Path == "/favicon.ico" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		files.ServeHTTP(w, r)
	})
}

// open opens the page in a session and waits for its script.
func open(s *webdriver.Session, page string) {
	s.Open(page)
	s.WaitFor("the page's script", 10*time.Second, "return window.ready")
}

// lines are what the page has logged.
func lines(s *webdriver.Session) []string {
	return webdriver.Eval[[]string](s, `return [...document.querySelectorAll("#log li")].map(e => e.textContent)`)
}

func wantLines(t *testing.T, s *webdriver.Session, want ...string) {
	t.Helper()
	s.WaitFor(fmt.Sprintf("%d lines", len(want)), 10*time.Second,
		`return document.querySelectorAll("#log li").length >= arguments[0]`, len(want))
	if got := lines(s); !slices.Equal(got, want) {
		t.Errorf("the page logged %q, want %q", got, want)
	}
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// write writes a file and returns its path.
func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEach_namesItsSubtestsAfterTheBrowsers(t *testing.T) {
	var ran []string
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
		want(t, "name", t.Name(), "TestEach_namesItsSubtestsAfterTheBrowsers/"+string(s.Browser()))
		ran = append(ran, string(s.Browser()))
		agent := webdriver.Eval[string](s, "return navigator.userAgent")
		mark := map[webdriver.Browser]string{
			webdriver.Chromium: "Chrome/", webdriver.Firefox: "Firefox/", webdriver.WebKitGTK: "Version/",
		}[s.Browser()]
		if !strings.Contains(agent, mark) {
			t.Errorf("this is %s, want one with %s", agent, mark)
		}
	})
	if want := []string{"Chromium", "Firefox", "WebKitGTK"}; !slices.Equal(ran, want) {
		t.Errorf("ran in %v, want %v", ran, want)
	}
}

func TestEach_parallel(t *testing.T) {
	together := make(chan string, len(webdriver.Browsers))
	t.Run("browsers", func(t *testing.T) {
		webdriver.Each(t, webdriver.Config{Parallel: true}, func(t *testing.T, s *webdriver.Session) {
			together <- string(s.Browser())
		})
		want(t, "run before the test function has returned", len(together), 0)
	})
	want(t, "run after it", len(together), len(webdriver.Browsers))
}

func TestSession_navigation(t *testing.T) {
	page := serve(t)
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		want(t, "address", s.URL(), page)
		want(t, "title", s.Title(), "Every command")
		if !strings.Contains(s.Source(), `<button id="save"`) {
			t.Errorf("source: %s", s.Source())
		}
		s.Find("#next").Click()
		s.WaitURL("second.html")
		s.WaitText("The second page")
		s.Back()
		s.Find("#save").Click()
		wantLines(t, s, "saved")
		s.Reload()
		s.WaitFor("the page's script", 10*time.Second, "return window.ready")
		wantLines(t, s)
	})
}

func TestElement_questions(t *testing.T) {
	page := serve(t)
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		want(t, "text", s.Find("h1").Text(), "A page to drive")
		want(t, "attribute", s.Find("#one").Attribute("type"), "file")
		want(t, "boolean attribute", s.Find("#off").Attribute("disabled"), "true")
		want(t, "absent attribute", s.Find("#one").Attribute("disabled"), "")
		want(t, "property", webdriver.Property[string](s.Find("#name"), "value"), "x")
		want(t, "property that is an object's", webdriver.Property[int](s.Find("#log"), "childElementCount"), 0)
		want(t, "role", s.Find("#save").Role(), "button")
		want(t, "label", s.Find("#save").Label(), "Save all")
		want(t, "heading's role", s.Find("h1").Role(), "heading")
		want(t, "displayed", s.Find("#save").Displayed(), true)
		want(t, "hidden is displayed", s.Find("#many").Displayed(), false)
		want(t, "enabled", s.Find("#save").Enabled(), true)
		want(t, "disabled is enabled", s.Find("#off").Enabled(), false)
		want(t, "right-to-left text", s.Find("#rtl").Text(), "שלום مرحبا 📦")
		want(t, "exists", s.Find("#save").Exists(), true)
		want(t, "exists", s.Find("#nothing").Exists(), false)
		want(t, "buttons", len(s.All("button")), 2)
		want(t, "second button", s.All("button")[1].Text(), "Off")
		want(t, "found by its text", webdriver.Property[string](s.FindText("A page to drive", "*"), "id"), "heading")
		want(t, "found by its label", s.FindText("Save all", "button").Attribute("id"), "save")
		s.Find("#nothing").WaitGone()
	})
}

func TestElement_throughShadowRoots(t *testing.T) {
	page := serve(t)
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		want(t, "buttons inside", len(s.All("demo-card", "button")), 2)
		s.Find("demo-card", "button").Click()
		s.Find("demo-card[data-n='2']", "button").Click()
		s.All("demo-card", "button")[1].Click()
		wantLines(t, s, "took 1, trusted true", "took 2, trusted true", "took 2, trusted true")
		want(t, "two roots deep", s.Find("demo-card", "inner-part", "i").Text(), "deep inside")
		want(t, "not in the light", s.Find("i").Exists(), false)
		if !strings.Contains(s.Text(), "deep inside") || strings.Contains(s.Text(), "customElements") {
			t.Errorf("page text: %s", s.Text())
		}
		want(t, "focus", s.Focused(), "button")
	})
}

func TestElement_waitsForWhatComesLateAndAgain(t *testing.T) {
	page := serve(t)
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		b := s.Find("#late")
		s.Run("late()")
		want(t, "there at once", b.Exists(), false)
		b.Click()
		time.Sleep(350 * time.Millisecond) // by now it is another one
		b.Click()
		wantLines(t, s, "late", "late")
	})
}

func TestElement_typing(t *testing.T) {
	page := serve(t)
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		name := s.Find("#name")
		name.Clear()
		name.Type("yéש")
		want(t, "value", webdriver.Property[string](name, "value"), "yéש")
		want(t, "focus", s.Focused(), "input#name")
		s.Reload()
		s.WaitFor("the page's script", 10*time.Second, "return window.ready")
		s.Run(`document.querySelector("#name").focus()`)
		s.Press("a")
		s.Press(webdriver.Shift, webdriver.ArrowLeft)
		wantLines(t, s, "key a", "key Shift+Shift", "key Shift+ArrowLeft")
		s.Reload()
		s.WaitFor("the page's script", 10*time.Second, "return window.ready")
		s.Run(`document.querySelector("#save").focus()`)
		s.Press(webdriver.Tab)
		want(t, "focus after Tab", s.Focused(), "input#name")
		s.Run(`document.querySelector("#name").onkeydown = null`)
		s.Press(webdriver.Shift, webdriver.Tab)
		want(t, "focus after Shift+Tab", s.Focused(), "button#save")
		s.Press(webdriver.Enter)
		wantLines(t, s, "saved")
	})
}

func TestElement_typeEmoji(t *testing.T) {
	page := serve(t)
	needs := webdriver.Config{Needs: []webdriver.Feature{webdriver.TypeEmoji}}
	webdriver.Each(t, needs, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		s.Find("#name").Type("📦")
		want(t, "value", webdriver.Property[string](s.Find("#name"), "value"), "x📦")
	})
}

func TestEval(t *testing.T) {
	page := serve(t)
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		type point struct{ X, Y int }
		want(t, "a struct", webdriver.Eval[point](s, "return {X: arguments[0], Y: arguments[1].length}", 3, "four"), point{3, 4})
		want(t, "a promise", webdriver.Eval[string](s, "await new Promise(r => setTimeout(r, 50)); return 'later'"), "later")
		want(t, "an element", webdriver.Eval[string](s, "return arguments[0].id", s.Find("#save")), "save")
		want(t, "undefined", webdriver.Eval[*int](s, "return undefined"), nil)
		want(t, "a fetch", webdriver.Eval[int](s, "return (await fetch('second.html')).status"), 200)
		want(t, "what the page defines", webdriver.Eval[string](s, "return typeof speak"), "function")
		want(t, "the page's own eval under its policy", webdriver.Eval[string](s, "return ownEval"), "EvalError")
		s.WaitFor("a second try", 10*time.Second, "window.tries = (window.tries ?? 0) + 1; return tries > 1")
	})
}

func TestElement_setFiles(t *testing.T) {
	page := serve(t)
	dir := t.TempDir()
	a, b, c := write(t, dir+"/a b.txt", "one"), write(t, dir+"/ü📦.txt", ""), write(t, dir+"/c'%.txt", "three")
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		s.Find("#one").SetFiles(a)
		wantLines(t, s, `one: a b.txt 3 "one"`)
		s.Find("#many").SetFiles(a, b, c)
		wantLines(t, s, `one: a b.txt 3 "one"`, `many: a b.txt 3 "one"`, `many: ü📦.txt 0 ""`, `many: c'%.txt 5 "three"`)
	})
}

func TestElement_setFolder(t *testing.T) {
	page := serve(t)
	dir := filepath.Join(t.TempDir(), "album")
	write(t, dir+"/a.txt", "one")
	write(t, dir+"/sub/b.txt", "two")
	needs := webdriver.Config{Needs: []webdriver.Feature{webdriver.FolderInput}}
	webdriver.Each(t, needs, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		for range 2 { // the second time shows that the first left nothing behind
			s.Find("#folder").SetFolder(dir)
			got := webdriver.Eval[[]string](s, `return [...document.querySelector("#folder").files].map(f => f.webkitRelativePath)`)
			slices.Sort(got)
			if want := []string{"album/a.txt", "album/sub/b.txt"}; !slices.Equal(got, want) {
				t.Errorf("files %q, want %q", got, want)
			}
			s.Run(`document.querySelector("#folder").value = ""`)
		}
	})
}

func TestElement_drop(t *testing.T) {
	page := serve(t)
	dir := t.TempDir()
	a, b := write(t, dir+"/a.txt", "one"), write(t, dir+"/b.txt", "two")
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		s.Find("#drop").Drop(a, b)
		wantLines(t, s, `dropped a.txt 3 "one"`, `dropped b.txt 3 "two"`)
	})
}

func TestElement_dropFolder(t *testing.T) {
	page := serve(t)
	dir := filepath.Join(t.TempDir(), "album")
	write(t, dir+"/a.txt", "one")
	write(t, dir+"/sub/b.txt", "two")
	needs := webdriver.Config{Needs: []webdriver.Feature{webdriver.FolderDrop}}
	webdriver.Each(t, needs, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		s.Find("#drop").Drop(dir)
		wantLines(t, s, "folder album with a.txt sub")
	})
}

func TestSession_screenshot(t *testing.T) {
	page := serve(t)
	dir := t.TempDir()
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		file := filepath.Join(dir, string(s.Browser()), "page.png")
		for _, width := range []int{1280, 400, 320} {
			s.Resize(width, width)
			s.Screenshot(file)
			size, colours := picture(t, file)
			want(t, "size", size, fmt.Sprintf("%dx%d", width, width))
			if colours < 10 {
				t.Errorf("a page of text, %d pixels wide, has %d colours", width, colours)
			}
		}
		s.Find("#drop").Screenshot(file)
		size, _ := picture(t, file)
		want(t, "size of the element", size, "204x84")
	})
}

// picture decodes a PNG and returns its size and how many colours it has.
func picture(t *testing.T, file string) (size string, colours int) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[any]bool{}
	r := img.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			seen[img.At(x, y)] = true
		}
	}
	return fmt.Sprintf("%dx%d", r.Dx(), r.Dy()), len(seen)
}

func TestSession_resize(t *testing.T) {
	page := serve(t)
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		for _, size := range [][2]int{{320, 640}, {390, 844}, {1280, 800}} {
			s.Resize(size[0], size[1])
			want(t, "inner size", webdriver.Eval[[2]int](s, "return [innerWidth, innerHeight]"), size)
			want(t, "what styles see", webdriver.Eval[bool](s,
				"return matchMedia(`(width: ${arguments[0]}px)`).matches", size[0]), true)
		}
	})
}

func TestConfig_dark(t *testing.T) {
	page := serve(t)
	webdriver.Each(t, webdriver.Config{Dark: true}, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		want(t, "background", webdriver.Eval[string](s, "return getComputedStyle(document.body).backgroundColor"), "rgb(0, 0, 0)")
	})
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		want(t, "background", webdriver.Eval[string](s, "return getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
	})
}

func TestSession_console(t *testing.T) {
	page := serve(t)
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		s.Run("speak()")
		wanted := []struct{ level, text string }{
			{"info", "a line"}, {"warning", "a warning"}, {"error", "an error"}, {"error", "nobody catches me"},
		}
		s.WaitUntil("four messages", 10*time.Second, func() bool { return len(s.Console()) >= len(wanted) })
		for _, w := range wanted {
			if !slices.ContainsFunc(s.Console(), func(m webdriver.Message) bool {
				return m.Level == w.level && strings.Contains(m.Text, w.text)
			}) {
				t.Errorf("no %s with %q in %q", w.level, w.text, s.Console())
			}
		}
	})
}

func TestSession_windows(t *testing.T) {
	page := serve(t)
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		first := s.Window()
		second := s.NewTab()
		want(t, "the new tab is looked at", s.Window(), second)
		s.Open(strings.Replace(page, "page.html", "second.html", 1))
		s.CloseWindow()
		s.Switch(first)
		want(t, "title", s.Title(), "Every command")

		s.Find("#popup").Click()
		s.WaitUntil("a tab that the page opens", 10*time.Second, func() bool { return len(s.Windows()) == 2 })
		for _, w := range s.Windows() {
			if w != first {
				s.Switch(w)
			}
		}
		s.WaitText("The second page")
	})
}

func TestSession_crash(t *testing.T) {
	page := serve(t)
	needs := webdriver.Config{Needs: []webdriver.Feature{webdriver.CrashTab}}
	webdriver.Each(t, needs, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		first := s.Window()
		s.NewTab()
		open(s, page)
		s.Run(`localStorage.crashes = "1"; addEventListener("pagehide", () => localStorage.crashes = "a farewell");`)
		s.Crash()
		s.Switch(first)
		want(t, "tabs", len(s.Windows()), 1)
		s.NewTab()
		open(s, page)
		want(t, "what the tab had stored", webdriver.Eval[string](s, "return localStorage.crashes"), "1")
	})
}

func TestSession_offline(t *testing.T) {
	page := serve(t)
	needs := webdriver.Config{Needs: []webdriver.Feature{webdriver.SetOffline}}
	webdriver.Each(t, needs, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		s.Run(`window.heard = []; for (const name of ["offline", "online"]) addEventListener(name, () => heard.push(name));`)
		for _, offline := range []bool{true, false} {
			s.SetOffline(offline)
			s.WaitFor("the browser's word about it", 10*time.Second, "return navigator.onLine !== arguments[0]", offline)
		}
		s.WaitFor("both events", 10*time.Second, `return heard.join() === "offline,online"`)
	})
}

func TestSession_memory(t *testing.T) {
	page := serve(t)
	webdriver.Each(t, webdriver.Config{Fresh: true}, func(t *testing.T, s *webdriver.Session) {
		most := func() (all int64) {
			for _, m := range s.Memory() {
				all = max(all, m.Resident)
			}
			return all
		}
		open(s, page)
		before := most()
		s.Run(`window.much = new Uint8Array(512 << 20).fill(1)`)
		if after := most(); after < 512<<20 || after < before {
			t.Errorf("the largest process has had %d bytes, and %d after a page took 512 MiB", before, after)
		}
	})
}

func TestSession_with(t *testing.T) {
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
		t.Run("inner", func(t *testing.T) {
			s := s.With(t)
			s.Open("about:blank")
		})
		want(t, "address", s.URL(), "about:blank")
	})
}

// TestFailure runs this test binary again with a test that fails, for what a
// person then finds.
func TestFailure_showsThePage(t *testing.T) {
	const env = "BUCKETLINE_TEST_FAILING"
	if page := os.Getenv(env); page != "" {
		webdriver.Each(t, webdriver.Config{Wait: 300 * time.Millisecond}, func(t *testing.T, s *webdriver.Session) {
			open(s, page)
			s.Run("speak()")
			s.Find("demo-card", "button.none").Click()
			t.Error("went on after a click on nothing")
		})
		return
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), env+"="+serve(t), "BUCKETLINE_ARTIFACTS="+dir)
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("the failing test passes:\n%s", out)
	}
	if strings.Contains(string(out), "went on") {
		t.Errorf("%s", out)
	}
	for _, b := range webdriver.Browsers {
		dir := filepath.Join(dir, t.Name(), string(b))
		for _, line := range []string{
			"click demo-card >>> button.none: no such element: not on the page",
			"the page as it was at the end: " + dir,
		} {
			if !strings.Contains(string(out), line) {
				t.Errorf("%s: no %q in\n%s", b, line, out)
			}
		}
		picture(t, filepath.Join(dir, "page.png"))
		for file, text := range map[string]string{
			"page.html": `id="heading"`, "page.txt": "deep inside", "console.txt": "error: ", "browser.txt": "",
		} {
			content, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil || !strings.Contains(string(content), text) {
				t.Errorf("%s: %v, no %q in %s:\n%s", b, err, text, file, content)
			}
		}
	}
}

// Between tests nothing may remain: storage, cookies, caches, pages. The same
// origin is used twice to show it.
func TestPool_forgetsEverything(t *testing.T) {
	page := serve(t)
	for _, b := range webdriver.Browsers {
		t.Run(string(b), func(t *testing.T) {
			for range 2 {
				t.Run("", func(t *testing.T) {
					s := webdriver.Start(t, b, webdriver.Config{})
					want(t, "pages", len(s.Windows()), 1)
					want(t, "size", webdriver.Eval[[2]int](s, "return [innerWidth, innerHeight]"), [2]int{1280, 800})
					open(s, page)
					want(t, "what is stored", webdriver.Eval[string](s, `
						const dbs = await indexedDB.databases();
						return [localStorage.x, sessionStorage.x, document.cookie, dbs.length, history.length].join();`),
						map[webdriver.Browser]string{webdriver.Chromium: ",,,0,2", webdriver.Firefox: ",,,0,1", webdriver.WebKitGTK: ",,,0,2"}[b])
					if c := fmt.Sprint(s.Console()); strings.Contains(c, "a line") {
						t.Errorf("console: %s", c)
					}
					s.Run(`
						localStorage.x = sessionStorage.x = "1";
						document.cookie = "x=1; max-age=1000";
						await new Promise((y, n) => { const r = indexedDB.open("x"); r.onsuccess = y; r.onerror = n; });
						speak();`)
					s.Resize(400, 500)
					s.Find("#popup").Click()
				})
			}
		})
	}
}

func TestConfig_insecureTLS(t *testing.T) {
	srv := httptest.NewTLSServer(pages())
	t.Cleanup(srv.Close)
	srv.Config.ErrorLog = nil
	webdriver.Each(t, webdriver.Config{InsecureTLS: true}, func(t *testing.T, s *webdriver.Session) {
		open(s, srv.URL+"/page.html")
		want(t, "title", s.Title(), "Every command")
		want(t, "secure context", webdriver.Eval[bool](s, "return isSecureContext && location.protocol === 'https:'"), true)
		want(t, "fetch", webdriver.Eval[int](s, "return (await fetch('second.html')).status"), 200)
	})
}

// Stores are addressed as bucket.s3.localhost: browsers must find such names on
// this machine by themselves.
func TestBrowsers_findNamesUnderLocalhost(t *testing.T) {
	page := serve(t)
	webdriver.Each(t, webdriver.Config{}, func(t *testing.T, s *webdriver.Session) {
		open(s, page)
		_, port, err := net.SplitHostPort(strings.Split(page, "/")[2])
		if err != nil {
			t.Fatal(err)
		}
		url := "http://photos.s3.localhost:" + port + "/page.html"
		want(t, "fetch", webdriver.Eval[string](s, "return (await fetch(arguments[0], {mode: 'no-cors'})).type", url), "opaque")
		s.Open(url)
		want(t, "title", s.Title(), "Every command")
		want(t, "secure context", webdriver.Eval[bool](s, "return isSecureContext"), true)
	})
}
