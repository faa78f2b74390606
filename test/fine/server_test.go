package fine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketline/bucketline/finesign"
	"github.com/bucketline/bucketline/internal/fakes3"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

const (
	bucket    = "photos"
	region    = "us-east-1"
	accessKey = "AKIDFINEEXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	token     = "FwoGZXIvYXdzEXAMPLETOKEN=="
	serverKey = "AKIDSERVEREXAMPLE"
)

// seen is one request as it arrived.
type seen struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"` // with its query
	Headers map[string]string `json:"headers"`
	Fields  [][2]string       `json:"fields"` // of a form, in order; the file's is its name
	Body    string            `json:"body"`   // up to 64 KiB of another body
	Size    int               `json:"size"`
}

// trouble is what goes wrong with requests of one kind.
type trouble struct {
	Op       string `json:"op"`
	Part     uint16 `json:"part"` // 0: any
	From, To int    // attempts, counted from 1
	Code     string `json:"code"`
	Status   int    `json:"status"`
	Lose     bool   `json:"lose"`
	Broken   bool   `json:"broken"`
	InBody   bool   `json:"inBody"`
	Forget   bool   `json:"forget"`
	Late     int    `json:"late"` // milliseconds
}

// reply is what the page's own server says on one path.
type reply struct {
	Status int    `json:"status"`
	Body   string `json:"body"`
}

// world is a store, a page's server and what both have seen.
type world struct {
	mu       sync.Mutex
	handler  *fakes3.Handler
	store    *httptest.Server
	page     *httptest.Server
	wire     []seen // by the store
	asked    []seen // by the page's server
	troubles []trouble
	replies  map[string]reply
	counts   map[string]int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{replies: map[string]reply{}, counts: map[string]int{}}
	w.store = httptest.NewServer(http.HandlerFunc(w.serveStore))
	w.page = httptest.NewServer(w.routes(t))
	t.Cleanup(w.store.Close)
	t.Cleanup(w.page.Close)
	w.reset()
	return w
}

// host is the store's, under a name in which a bucket can stand.
func (w *world) host() string {
	return strings.Replace(strings.TrimPrefix(w.store.URL, "http://"), "127.0.0.1", "localhost", 1)
}

// reset empties the store.
func (w *world) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	host := w.host()
	store := fakes3.New(fakes3.Config{Host: host, Region: region, Bucket: bucket})
	later := sign.UnixMilli(time.Now().Add(time.Hour).UnixMilli())
	store.Grant(sign.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}, later)
	store.Grant(sign.Credentials{AccessKeyID: accessKey + "T", SecretAccessKey: secretKey, SessionToken: token}, later)
	store.Grant(sign.Credentials{AccessKeyID: serverKey, SecretAccessKey: secretKey}, later)
	w.handler = store.Handler(fakes3.Options{Fault: w.fault})
	w.wire, w.asked, w.troubles, w.replies, w.counts = []seen{}, []seen{}, nil, map[string]reply{}, map[string]int{}
}

// fault is called under the store's lock.
func (w *world) fault(op s3.Op, _ string, part uint16, attempt int) fakes3.Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if op == s3.OpPostObject || op == s3.OpCreateMultipartUpload {
		w.counts[op.String()]++
		attempt = w.counts[op.String()]
	}
	for _, f := range w.troubles {
		if f.Op != op.String() || f.Part != 0 && f.Part != part || attempt < f.From || f.To > 0 && attempt > f.To {
			continue
		}
		return fakes3.Fault{
			Code: f.Code, Status: f.Status, Lose: f.Lose, Broken: f.Broken, InBody: f.InBody, Forget: f.Forget,
			Late: time.Duration(f.Late) * time.Millisecond,
		}
	}
	return fakes3.Fault{}
}

func (w *world) serveStore(out http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodOptions {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the page has broken it off
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		s := record(r, body)
		w.mu.Lock()
		w.wire = append(w.wire, s)
		w.mu.Unlock()
	}
	w.mu.Lock()
	handler := w.handler
	w.mu.Unlock()
	handler.ServeHTTP(out, r)
}

func record(r *http.Request, body []byte) seen {
	s := seen{Method: r.Method, Path: r.RequestURI, Headers: map[string]string{}, Size: len(body)}
	for name := range r.Header {
		s.Headers[strings.ToLower(name)] = r.Header.Get(name)
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		s.Body = string(body[:min(len(body), 64<<10)])
		return s
	}
	form := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := form.NextRawPart()
		if err != nil {
			return s
		}
		value, _ := io.ReadAll(part)
		if part.FileName() != "" {
			value = []byte(part.FileName())
		}
		s.Fields = append(s.Fields, [2]string{part.FormName(), string(value)})
	}
}

// routes are the page's own server.
func (w *world) routes(t *testing.T) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServerFS(os.DirFS(filepath.Join(root, "test", "fine", "page"))))
	mux.HandleFunc("GET /fine-uploader.js", func(out http.ResponseWriter, r *http.Request) {
		path := filepath.Join(root, "dist", "fine-uploader.js")
		if *script != "" {
			path = *script
		}
		http.ServeFile(out, r, path)
	})
	mux.HandleFunc("GET /control/world", func(out http.ResponseWriter, _ *http.Request) {
		respond(out, map[string]string{
			"store": "http://" + w.host(), "virtual": "http://" + bucket + "." + w.host(), "bucket": bucket, "region": region, "accessKey": accessKey, "secretKey": secretKey,
			"token": token, "serverKey": serverKey,
		})
	})
	mux.HandleFunc("POST /control/reset", func(out http.ResponseWriter, _ *http.Request) { w.reset(); respond(out, true) })
	mux.HandleFunc("GET /control/wire", func(out http.ResponseWriter, _ *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		respond(out, map[string]any{"store": w.wire, "server": w.asked})
	})
	mux.HandleFunc("POST /control/troubles", func(out http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.troubles = nil
		if err := json.NewDecoder(r.Body).Decode(&w.troubles); err != nil {
			t.Errorf("troubles: %v", err)
		}
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
	mux.HandleFunc("GET /control/object", func(out http.ResponseWriter, r *http.Request) { respond(out, w.object(r.URL.Query().Get("key"))) })
	mux.HandleFunc("GET /control/uploads", func(out http.ResponseWriter, _ *http.Request) {
		w.mu.Lock()
		handler := w.handler
		w.mu.Unlock()
		count := 0
		handler.Do(func(s *fakes3.Store) { count = len(s.Uploads()) })
		respond(out, count)
	})
	mux.HandleFunc("/server/", w.serveOwn)
	w.routeSigners(t, mux)
	return mux
}

// serveOwn answers what the page asks of its server as the case wants.
func (w *world) serveOwn(out http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	w.asked = append(w.asked, record(r, body))
	answer := reply{Status: 200, Body: "{}"}
	for path, known := range w.replies {
		if strings.HasPrefix(r.URL.Path, path) {
			answer = known
		}
	}
	w.mu.Unlock()
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(answer.Status)
	_, _ = io.WriteString(out, answer.Body)
}

// routeSigners puts finesign's handler behind /sign, and behind /sign/older one
// that signs only what Fine Uploader itself asks for.
func (w *world) routeSigners(t *testing.T, mux *http.ServeMux) {
	w.routeSigner(t, mux, "/sign", true)
	w.routeSigner(t, mux, "/sign/older", false)
}

func (w *world) routeSigner(t *testing.T, mux *http.ServeMux, path string, lists bool) {
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
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		w.mu.Lock()
		w.asked = append(w.asked, record(r, body))
		w.mu.Unlock()
		signer.ServeHTTP(out, r)
	})
}

// object is what is stored under key; nil when nothing is.
func (w *world) object(key string) any {
	w.mu.Lock()
	handler := w.handler
	w.mu.Unlock()
	var found any
	handler.Do(func(s *fakes3.Store) {
		o := s.Object(key)
		if o == nil {
			return
		}
		headers := map[string]string{}
		for _, f := range o.Header {
			headers[f.Name] = f.Value
		}
		real, ok := o.Body.(fakes3.Real)
		sum := sha256.New()
		size := 0
		if ok {
			for _, piece := range real {
				size += len(piece)
				sum.Write(piece)
			}
		}
		found = map[string]any{"headers": headers, "size": size, "sha256": hex.EncodeToString(sum.Sum(nil)), "parts": len(o.Parts), "etag": o.ETag}
	})
	return found
}

func respond(out http.ResponseWriter, v any) {
	out.Header().Set("Content-Type", "application/json")
	out.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(out).Encode(v)
}
