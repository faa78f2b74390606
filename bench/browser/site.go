package browser

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// Site is the page's own server.
type Site struct {
	*httptest.Server
	reports chan Report
}

// Report is what the page says of one run.
type Report struct {
	Millis       float64 // from the call that uploads to the promise that all is stored
	Error        string
	LongTasks    int     // of the page's thread, over 50 ms
	LongestTask  float64 // of those, in milliseconds
	LongestFrame float64 // how late a frame came at most, in milliseconds
}

// maxReport bounds what the page sends.
const maxReport = 64 << 10

// serve serves folder, and takes the page's reports.
func serve(folder string) *Site {
	s := &Site{reports: make(chan Report, 1)}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(folder)))
	mux.HandleFunc("POST /report", func(_ http.ResponseWriter, r *http.Request) {
		var report Report
		text, err := io.ReadAll(io.LimitReader(r.Body, maxReport))
		if err == nil {
			err = json.Unmarshal(text, &report)
		}
		if err != nil {
			report.Error = "report: " + err.Error()
		}
		s.reports <- report
	})
	s.Server = httptest.NewServer(mux)
	return s
}

// build makes the page in folder: contestants bundled from this checkout and
// from what npm has put into web/node_modules, all of them as tools/build
// bundles ours, and the modules, by TinyGo only if asked for.
func build(root, folder string, scripts []string, tinygo bool) error {
	page := filepath.Join(root, "bench", "browser", "page")
	for _, name := range []string{"index.html", "bench.js"} {
		if err := copyFile(filepath.Join(page, name), filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	var entries []api.EntryPoint
	for _, name := range scripts {
		entries = append(entries, api.EntryPoint{InputPath: filepath.Join(page, name+".js"), OutputPath: name})
	}
	if err := bundle(root, folder, api.FormatESModule, entries...); err != nil {
		return err
	}
	worker := api.EntryPoint{InputPath: filepath.Join(root, "web", "core", "worker.ts"), OutputPath: "bucketline-worker"}
	if err := bundle(root, folder, api.FormatIIFE, worker); err != nil {
		return err
	}
	err := run(root, []string{"GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0"},
		"go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(folder, "go", "engine.wasm"), "./cmd/engine")
	if err != nil || !tinygo {
		return err
	}
	if err := run(root, nil, "go", "run", "./tools/build", "tinygo"); err != nil {
		return err
	}
	return copyFile(filepath.Join(root, "build", "tinygo", "engine.wasm"), filepath.Join(folder, "tinygo", "engine.wasm"))
}

func bundle(root, folder string, format api.Format, entries ...api.EntryPoint) error {
	result := api.Build(api.BuildOptions{
		AbsWorkingDir: root, EntryPointsAdvanced: entries, Outdir: folder, Write: true,
		Bundle: true, Format: format, Platform: api.PlatformBrowser, Target: api.ES2022,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true,
		NodePaths: []string{filepath.Join(root, "web", "node_modules")},
		LogLevel:  api.LogLevelSilent,
	})
	if len(result.Errors) > 0 {
		text := api.FormatMessages(result.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return errors.New(strings.TrimSpace(strings.Join(text, "")) + "\n(npm ci in web/ installs what is missing)")
	}
	return nil
}

func run(root string, environ []string, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), environ...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}
