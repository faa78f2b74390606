package devstack

import (
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
)

// built is the demo page as the web build leaves it; only its README is part of
// the repository.
//
//go:embed all:page
var built embed.FS

const pageMissing = `The demo page has not been built yet.

Run "make web" in the repository, then start this command again.
The other endpoints are up: see /config.json.
`

// newPage serves the demo page, /config.json, and the folders of pages under
// their paths. Answers are never cached without asking: a rebuilt page shows at
// once.
func newPage(self string, pages map[string]fs.FS, config []byte, policy string) (http.Handler, error) {
	files, err := fs.Sub(built, "page")
	if err != nil {
		return nil, err
	}
	tags, err := entityTags(files)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", folder(files, "/", tags))
	for at, files := range pages {
		mux.Handle(at, folder(files, at, nil))
	}
	mux.HandleFunc("/config.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.Write(config)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// One origin: the bucket's CORS rule and the redirect URI name it, so a
		// page opened under another name of this machine goes there.
		if "http://"+r.Host != self && "https://"+r.Host != self {
			http.Redirect(w, r, self+r.URL.RequestURI(), http.StatusTemporaryRedirect)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "This page is read only.", http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		mux.ServeHTTP(w, r)
	}), nil
}

// entityTags hashes every file. Embedded files have no modification time, and
// without a validator a browser could never be told "not modified".
func entityTags(files fs.FS) (map[string]string, error) {
	tags := make(map[string]string)
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		tags["/"+name] = fmt.Sprintf(`"%x"`, sha256.Sum256(data))
		return err
	})
	return tags, err
}

// folder serves files under the path at, with the media types that the page
// needs whatever this machine's own table of them says. tags may be nil.
func folder(files fs.FS, at string, tags map[string]string) http.Handler {
	server := http.StripPrefix(strings.TrimSuffix(at, "/"), http.FileServerFS(files))
	types := map[string]string{
		".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
		".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
		".wasm": "application/wasm", ".json": "application/json", ".map": "application/json",
		".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon",
		".webmanifest": "application/manifest+json", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8",
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, strings.TrimSuffix(at, "/"))
		if strings.HasSuffix(name, "/") {
			name += "index.html"
		}
		if name == "/index.html" {
			if _, err := fs.Stat(files, "index.html"); err != nil {
				w.Header().Set("Content-Type", "text/plain; charset=utf-8")
				w.WriteHeader(http.StatusNotFound)
				w.Write([]byte(pageMissing))
				return
			}
		}
		if kind, ok := types[path.Ext(name)]; ok {
			w.Header().Set("Content-Type", kind)
		}
		if tag := tags[name]; tag != "" {
			w.Header().Set("ETag", tag)
		}
		server.ServeHTTP(w, r)
	})
}

// pagePolicy is the Content-Security-Policy of the page: scripts from the page
// itself only, WebAssembly, and connections to the stack's own endpoints.
func pagePolicy(issuer string, connect ...string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' 'wasm-unsafe-eval'",
		"style-src 'self'",
		"img-src 'self' blob: data:",
		"font-src 'self'",
		"manifest-src 'self'",
		"worker-src 'self'",
		"connect-src 'self' " + issuer + " " + strings.Join(connect, " "),
		"form-action 'self' " + issuer,
		// A page may sign in silently in a frame, which comes back to the page.
		"frame-src 'self' " + issuer,
		"frame-ancestors 'self'",
		"base-uri 'none'",
	}, "; ")
}

// publicConfig is /config.json: the endpoints without the users' passwords.
func publicConfig(e Endpoints) ([]byte, error) {
	e.Users = slices.Clone(e.Users)
	for i := range e.Users {
		e.Users[i].Password = ""
	}
	e.CAFile = ""
	return json.MarshalIndent(e, "", "  ")
}
