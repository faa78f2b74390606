package harness

import (
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/bucketline/bucketline/test/process"
	"github.com/bucketline/bucketline/test/webdriver"
)

// Main builds the page, runs the tests of m and returns the exit code. All
// browsers may run at the same time, however few processors there are, and more
// where -parallel says so: their tests wait more than they work. It also pins down where artifacts go, since
// the dev stack changes the process's working directory.
func Main(m *testing.M) int {
	flag.Parse()
	root, err := process.ModuleRoot()
	if parallel, _ := flag.Lookup("test.parallel").Value.(flag.Getter).Get().(int); err == nil && parallel < len(webdriver.Browsers) {
		err = flag.Set("test.parallel", strconv.Itoa(len(webdriver.Browsers)))
	}
	if err == nil && os.Getenv("BUCKETLINE_ARTIFACTS") == "" {
		err = os.Setenv("BUCKETLINE_ARTIFACTS", filepath.Join(root, "build", "artifacts"))
	}
	if err == nil {
		err = build(root)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "harness:", err)
		return 1
	}
	built = filepath.Join(root, "build", "e2e")
	return m.Run()
}

// built is the folder of the page, once Main has built it: the working
// directory, from which it could be found, changes.
var built string

// Files are those of the page.
func Files() fs.FS { return os.DirFS(built) }

// build makes build/e2e, one test binary at a time.
func build(root string) error {
	if err := os.MkdirAll(filepath.Join(root, "build"), 0o777); err != nil {
		return err
	}
	lock, err := os.Create(filepath.Join(root, "build", "e2e.lock"))
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	cmd := exec.Command("go", "run", "./tools/build", "e2e")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return nil
}

// Site is the page on a server of its own, for what the dev stack does not do.
type Site struct {
	// Policy is the Content-Security-Policy.
	Policy string

	// WasmType is the media type of engine.wasm; empty means the right one.
	WasmType string
}

// Policy is one as strict as the demo page's, for a page that may connect to
// the origins.
func Policy(connect ...string) string {
	return "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; img-src data:; connect-src 'self' " + strings.Join(connect, " ")
}

// Serve serves the page at Path until t ends and returns its origin. What c says
// may change until a browser opens the page.
func (c *Site) Serve(t testing.TB) (origin string) {
	t.Helper()
	files := http.StripPrefix(strings.TrimSuffix(Path, "/"), http.FileServerFS(Files()))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", c.Policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if strings.HasSuffix(r.URL.Path, ".wasm") && c.WasmType != "" {
			w.Header().Set("Content-Type", c.WasmType)
		}
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
