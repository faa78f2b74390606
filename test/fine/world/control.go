package world

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/finesign"
	"github.com/bucketline/bucketline/internal/fakes3"
)

// reply is what the page's own server says on one path.
type reply struct {
	Status int    `json:"status"`
	Body   string `json:"body"`
}

// object is what is stored under one key.
type object struct {
	Key     string            `json:"key"`
	Headers map[string]string `json:"headers"`
	Size    int               `json:"size"`
	SHA256  string            `json:"sha256"`
	Parts   int               `json:"parts"`
	ETag    string            `json:"etag"`
}

// routes are the page's own server.
func (w *World) routes(t testing.TB) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", w.servePage)
	mux.HandleFunc("GET /control/world", func(out http.ResponseWriter, _ *http.Request) {
		respond(out, map[string]string{
			"store": "http://" + w.host(), "virtual": "http://" + bucket + "." + w.host(), "bucket": bucket, "region": region,
			"accessKey": accessKey, "secretKey": secretKey, "token": token, "serverKey": serverKey,
		})
	})
	mux.HandleFunc("POST /control/reset", func(out http.ResponseWriter, _ *http.Request) { w.reset(); respond(out, true) })
	mux.HandleFunc("GET /control/wire", func(out http.ResponseWriter, _ *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		respond(out, map[string]any{"store": w.wire, "server": w.asked})
	})
	mux.HandleFunc("POST /control/troubles", func(out http.ResponseWriter, r *http.Request) {
		var all []trouble
		if err := json.NewDecoder(r.Body).Decode(&all); err != nil {
			t.Errorf("troubles: %v", err)
		}
		w.setTroubles(all)
		respond(out, true)
	})
	mux.HandleFunc("POST /control/reply", func(out http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if err := json.NewDecoder(r.Body).Decode(&w.replies); err != nil {
			t.Errorf("reply: %v", err)
		}
		respond(out, true)
	})
	mux.HandleFunc("GET /control/held", func(out http.ResponseWriter, _ *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		respond(out, w.held)
	})
	w.routeStored(mux)
	mux.HandleFunc("/server/", w.serveOwn)
	mux.HandleFunc("/server/hold", func(_ http.ResponseWriter, r *http.Request) {
		w.note(r)
		<-r.Context().Done() // it answers nobody
	})
	w.routeSigner(t, mux, "/sign", true)
	w.routeSigner(t, mux, "/sign/older", false) // signs only what Fine Uploader itself asks for
	return mux
}

// routeStored lets pages ask what is in the store.
func (w *World) routeStored(mux *http.ServeMux) {
	mux.HandleFunc("GET /control/object", func(out http.ResponseWriter, r *http.Request) {
		var found any
		w.inStore(func(s *fakes3.Store) {
			if o := s.Object(r.URL.Query().Get("key")); o != nil {
				found = describe(o)
			}
		})
		respond(out, found)
	})
	mux.HandleFunc("GET /control/objects", func(out http.ResponseWriter, _ *http.Request) {
		all := []object{}
		w.inStore(func(s *fakes3.Store) {
			for _, key := range s.Keys() {
				all = append(all, describe(s.Object(key)))
			}
		})
		respond(out, all)
	})
	mux.HandleFunc("GET /control/uploads", func(out http.ResponseWriter, _ *http.Request) {
		count := 0
		w.inStore(func(s *fakes3.Store) { count = len(s.Uploads()) })
		respond(out, count)
	})
}

func describe(o *fakes3.Object) object {
	about := object{Key: o.Key, Headers: map[string]string{}, Parts: len(o.Parts), ETag: o.ETag}
	for _, f := range o.Header {
		about.Headers[f.Name] = f.Value
	}
	sum := sha256.New()
	if pieces, ok := o.Body.(fakes3.Real); ok {
		for _, piece := range pieces {
			about.Size += len(piece)
			sum.Write(piece)
		}
	}
	about.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return about
}

// servePage serves the scripts, and then the folders.
func (w *World) servePage(out http.ResponseWriter, r *http.Request) {
	if script, ok := w.config.Scripts[r.URL.Path]; ok {
		http.ServeFile(out, r, script)
		return
	}
	for _, folder := range w.config.Folders {
		if _, err := os.Stat(filepath.Join(folder, filepath.FromSlash(r.URL.Path))); err == nil {
			http.FileServerFS(os.DirFS(folder)).ServeHTTP(out, r)
			return
		}
	}
	http.NotFound(out, r)
}

// serveOwn answers what the page asks of its server as the case wants.
func (w *World) serveOwn(out http.ResponseWriter, r *http.Request) {
	answer := reply{Status: 200, Body: "{}"}
	w.mu.Lock()
	for path, known := range w.replies {
		if strings.HasPrefix(r.URL.Path, path) {
			answer = known
		}
	}
	w.mu.Unlock()
	w.note(r)
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(answer.Status)
	_, _ = io.WriteString(out, answer.Body)
}

// note records what the page has asked of its server.
func (w *World) note(r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, record(r, body))
}

// routeSigner puts finesign's handler behind path.
func (w *World) routeSigner(t testing.TB, mux *http.ServeMux, path string, lists bool) {
	host := w.host()
	signer, err := finesign.New(finesign.Config{
		AccessKeyID: serverKey, SecretAccessKey: secretKey, Region: region, Addresses: []string{"{bucket}." + host, host + "/{bucket}"}, AllowV2: true,
		Scope: func(*http.Request) (finesign.Scope, error) {
			return finesign.Scope{Bucket: bucket, AnyKey: true, ListParts: lists, MaxSize: 50 << 20, ACLs: []string{"private", "public-read"}}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux.HandleFunc("POST "+path, func(out http.ResponseWriter, r *http.Request) {
		w.note(r)
		signer.ServeHTTP(out, r)
	})
}

func respond(out http.ResponseWriter, v any) {
	out.Header().Set("Content-Type", "application/json")
	out.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(out).Encode(v)
}
