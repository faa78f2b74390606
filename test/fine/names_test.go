package fine

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/test/webdriver"
)

// inert are options that are accepted and have no effect, which the guide says; those
// whose names others have too are left out.
var inert = []string{
	"request.totalFileSizeName", "request.forceMultipart", "request.paramsInBody", "request.omitDefaultParams",
	"request.requireSuccessJson", "disableCancelForFormUploads",
	"chunking.paramNames.partByteOffset", "chunking.paramNames.chunkSize", "chunking.paramNames.totalFileSize",
	"cors.allowXdr", "messages.unsupportedBrowserIos8Safari",
	"workarounds.iosEmptyVideos", "workarounds.ios8SafariUploads", "workarounds.ios8BrowserCrash", "iframeSupport.localBlankPagePath",
}

// Every option, method and function that a page can name is in some case, here or
// side by side with Fine Uploader.
func TestContract_everyNameIsInACase(t *testing.T) {
	var cases strings.Builder
	for _, pattern := range []string{"page/*.js", "sidebyside/page/*.js"} {
		files, err := filepath.Glob(filepath.Join(built.Root, "test", "fine", filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			cases.Write(data)
		}
	}
	text := cases.String()
	w := newWorld(t)
	s := webdriver.Start(t, webdriver.Chromium, webdriver.Config{})
	s.Open(w.URL() + "/")
	s.WaitFor("the drop-in", 20*time.Second, "return typeof qq === 'function'")
	names := webdriver.Eval[[]string](s, `
		const leaves = (value, path) => qq.isObject(value) && Object.keys(value).length > 0 ? Object.entries(value).flatMap(([name, one]) => leaves(one, path ? path + "." + name : name)) : [path];
		const methods = Object.getOwnPropertyNames(qq.s3.FineUploaderBasic.prototype).filter((name) => name !== "constructor");
		return [...leaves(new qq.s3.FineUploaderBasic()._options, ""), ...methods.map((name) => "method." + name),
			...Object.keys(qq).map((name) => "qq." + name), ...Object.keys(qq(document.body)).map((name) => "qq()." + name), ...Object.keys(qq.s3.util).map((name) => "qq.s3.util." + name)];`)
	if len(names) < 200 {
		t.Fatalf("%d names", len(names))
	}
	for _, name := range names {
		last := name[strings.LastIndex(name, ".")+1:]
		used := regexp.MustCompile(`\b` + regexp.QuoteMeta(last) + `\b`).MatchString(text)
		switch {
		case slices.Contains(inert, name) == used:
			t.Errorf("%s: in a case %v, among those without effect %v", name, used, !used)
		}
	}
}
