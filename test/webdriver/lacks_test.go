package webdriver

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A browser that learns one of these things must lose its place in the list.
func TestLacks_areTrue(t *testing.T) {
	srv := httptest.NewServer(http.FileServer(http.Dir("testdata")))
	t.Cleanup(srv.Close)
	album := filepath.Join(t.TempDir(), "album")
	for _, name := range []string{"a.txt", "b.txt"} {
		if err := os.MkdirAll(album, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(album, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	folderInput := func(s *Session) bool {
		// Some refuse, some take the folder for a file.
		s.b.send(cmdSendKeys, params{"id": s.id("#folder"), "text": album})
		return Eval[int](s, `return document.querySelector("#folder").files.length`) == 2
	}
	folderDrop := func(s *Session) bool {
		s.b.drop(s.id("#drop"), []string{album})
		return Eval[bool](s, `return document.querySelector("#log").textContent.startsWith("folder album")`)
	}
	typeEmoji := func(s *Session) bool {
		s.b.send(cmdSendKeys, params{"id": s.id("#name"), "text": "📦"})
		return Property[string](s.Find("#name"), "value") == "x📦"
	}
	setQuota := func(s *Session) bool { return s.b.setQuota(srv.URL, 1<<20) == nil }
	crashTab := func(s *Session) bool { return s.b.crash() == nil }
	setOffline := func(s *Session) bool { return s.b.setOffline(true) == nil }
	paintTab := func(s *Session) bool {
		s.NewTab()
		s.Open(srv.URL + "/page.html")
		return Eval[bool](s, `return Promise.race([
			new Promise(r => requestAnimationFrame(() => r(true))), new Promise(r => setTimeout(() => r(false), 2000))])`)
	}
	ownName := func(s *Session) bool {
		// Some fail, some show a page of their own that says so.
		s.b.send(cmdNavigate, params{"url": strings.Replace(srv.URL, "127.0.0.1", Name, 1) + "/page.html"})
		return Eval[bool](s, `return document.querySelector("demo-card") !== null`)
	}
	for _, x := range []struct {
		Feature
		has func(*Session) bool
	}{
		{FolderInput, folderInput}, {FolderDrop, folderDrop}, {TypeEmoji, typeEmoji}, {SetQuota, setQuota},
		{CrashTab, crashTab}, {SetOffline, setOffline}, {PaintTab, paintTab}, {OwnName, ownName},
	} {
		for _, b := range x.LackedBy {
			t.Run(string(b)+" lacks "+x.Name, func(t *testing.T) {
				s := Start(t, b, Config{})
				s.Open(srv.URL + "/page.html")
				s.Find("demo-card", "button").Wait()
				if x.has(s) {
					t.Errorf("%s has learnt %s", b, x.Name)
				}
			})
		}
	}
}

// id is WebDriver's id of the first element that css selects.
func (s *Session) id(css string) (id string) {
	s.Find(css).act("find", func(found string) error { id = found; return nil })
	return id
}
