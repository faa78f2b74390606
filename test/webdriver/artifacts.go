package webdriver

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/test/process"
)

// ArtifactsDir is the folder for what test t leaves for people to look at: in
// that of the environment variable BUCKETLINE_ARTIFACTS, or build/artifacts in
// the module, one that is named after the test. It need not exist.
func ArtifactsDir(t testing.TB) string {
	t.Helper()
	root := os.Getenv("BUCKETLINE_ARTIFACTS")
	if root == "" {
		module, err := process.ModuleRoot()
		if err != nil {
			t.Fatal(err)
		}
		root = filepath.Join(module, "build", "artifacts")
	}
	return filepath.Join(root, unfit.ReplaceAllString(t.Name(), "_"))
}

// unfit are characters that file systems or people stumble over.
var unfit = regexp.MustCompile(`[^A-Za-z0-9._/-]`)

// saveArtifacts writes all that may explain a failure. What cannot be had is
// left out: the browser itself may be what failed.
func (s *Session) saveArtifacts() {
	s.t.Helper()
	dir := ArtifactsDir(s.t)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		s.t.Logf("no artifacts: %v", err)
		return
	}
	s.t.Logf("the page as it was at the end: %s", dir)
	save := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			s.t.Logf("%v", err)
		}
	}
	save("browser.txt", []byte(s.b.output()))
	var png []byte
	if s.answer(&png, cmdScreenshot, params{"full": false}) {
		save("page.png", png)
	}
	var text string
	if s.answer(&text, cmdPageSource, nil) {
		save("page.html", []byte(text))
	}
	if v, err := s.eval(textScript); err == nil && json.Unmarshal(v, &text) == nil {
		save("page.txt", []byte(text+"\n"))
	}
	more, _ := s.b.messages()
	var lines strings.Builder
	for _, m := range append(*s.console, more...) {
		fmt.Fprintln(&lines, m)
	}
	save("console.txt", []byte(lines.String()))
}

// answer decodes a command's answer into v and reports whether there was one.
func (s *Session) answer(v any, cmd command, p params) bool {
	b, err := s.b.send(cmd, p)
	return err == nil && json.Unmarshal(b, v) == nil
}
