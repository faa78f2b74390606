package fakes3

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// Options are what a Handler needs beside its Store.
type Options struct {
	// Now is the store's clock; nil is this machine's.
	Now func() sign.UnixMilli

	// Fault decides what goes wrong with a request, the attempt-th of its
	// operation, key and part, counted from 1; nil: nothing ever. It is called
	// under a lock.
	Fault func(op s3.Op, key string, part uint16, attempt int) Fault

	// Runs keeps the bytes of files, but for those in forms, as runs, so that
	// files of few and long ones may be of any size: of the real bytes, no more
	// than a piece is ever in memory. Sums says which digests are then real.
	Runs bool

	// Hidden are response headers that the bucket's CORS rule does not expose.
	Hidden []string
}

// MaxBody is the longest body, in bytes, that a Handler reads: all of it stays
// in memory, as it is or as runs.
const MaxBody = 1 << 30

// exposed is what the bucket's CORS rule exposes.
const exposed = "ETag, x-amz-request-id, x-amz-id-2, x-amz-version-id, x-amz-bucket-region, x-amz-checksum-crc32, " +
	"x-amz-checksum-crc32c, x-amz-checksum-crc64nvme, x-amz-checksum-sha1, x-amz-checksum-sha256, " +
	"x-amz-checksum-type, Date, Retry-After, x-amz-retry-after, Content-Length, Last-Modified"

// Handler serves s over HTTP, to any origin. Bodies stay in memory, as real bytes
// unless Options.Runs says otherwise. While it is in use, s is asked through Handler's Do alone.
func (s *Store) Handler(o Options) *Handler {
	if o.Now == nil {
		o.Now = func() sign.UnixMilli { return sign.UnixMilli(time.Now().UnixMilli()) }
	}
	return &Handler{store: s, options: o, attempts: make(map[Subject]int)}
}

// Handler is a Store over HTTP. It is safe for concurrent use.
type Handler struct {
	options Options

	mu       sync.Mutex
	store    *Store
	attempts map[Subject]int
}

// Do calls f with the store, while no request is being served.
func (h *Handler) Do(f func(s *Store)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f(h.store)
}

// ServeHTTP answers one request. A connection that a fault breaks is broken by
// the panic that net/http has for it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" {
		h.allow(w, r, origin)
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusOK)
			return
		}
	}
	path, query, _ := strings.Cut(r.RequestURI, "?") // as sent: URL may have been normalised
	request := &Request{Method: r.Method, Host: r.Host, Path: path, Query: query}
	for name, values := range r.Header {
		for _, v := range values {
			request.Header = append(request.Header, s3.Field{Name: strings.ToLower(name), Value: v})
		}
	}
	if r.ContentLength >= 0 {
		request.Header = append(request.Header, s3.Field{Name: "content-length", Value: strconv.FormatInt(r.ContentLength, 10)})
	}
	about, fault := h.fault(request)
	runs := h.options.Runs && (about.Op == s3.OpUploadPart || about.Op == s3.OpPutObject)
	body, err := readBody(r, &fault, runs)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if fault.Silent {
		<-r.Context().Done()
		return
	}
	request.Body = body
	var answer Answer
	h.Do(func(s *Store) { answer = s.Serve(h.options.Now(), request, &fault) })
	wait(r, fault.Late)
	if fault.Lose {
		panic(http.ErrAbortHandler)
	}
	respond(w, r, &answer)
}

// fault says what r is about, and asks for the next fault of that. The key of a
// form is in its body, which is not read yet: forms are counted together,
// without one.
func (h *Handler) fault(r *Request) (about Subject, fault Fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	about = h.store.Subject(r)
	about.UploadID = ""
	h.attempts[about]++
	if h.options.Fault != nil {
		fault = h.options.Fault(about.Op, about.Key, about.Part, h.attempts[about])
	}
	return about, fault
}

// pieceBytes is how much of a body is kept in one piece.
const pieceBytes = 256 << 10

// maxRuns bounds a body that is kept as runs: more of them are no sparse file.
const maxRuns = 1 << 20

func readBody(r *http.Request, fault *Fault, asRuns bool) (Body, error) {
	limit := int64(MaxBody)
	if fault.Broken {
		limit = fault.Cut
	}
	var real Real
	var runs Content
	piece := make([]byte, pieceBytes)
	from := io.LimitReader(r.Body, limit+1)
	if fault.Broken {
		from = io.LimitReader(r.Body, limit)
	}
	for arrived := int64(0); ; {
		n, err := io.ReadFull(from, piece)
		arrived += int64(n)
		switch {
		case asRuns:
			runs = runs.withBytes(piece[:n])
		case n > 0:
			real = append(real, piece[:n:n])
			piece = make([]byte, pieceBytes)
		}
		switch {
		case len(runs) > maxRuns:
			return nil, fmt.Errorf("a body of more than %d runs", maxRuns)
		case err == nil:
		case err != io.EOF && err != io.ErrUnexpectedEOF:
			return nil, err
		case fault.Broken:
			return nil, io.ErrUnexpectedEOF
		case arrived > limit:
			return nil, fmt.Errorf("a body of more than %d bytes", limit)
		case r.ContentLength >= 0 && arrived != r.ContentLength:
			return nil, io.ErrUnexpectedEOF
		case asRuns:
			return runs, nil
		default:
			return real, nil
		}
	}
}

// wait waits, or until the client has gone.
func wait(r *http.Request, long time.Duration) {
	if long <= 0 {
		return
	}
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

func respond(w http.ResponseWriter, r *http.Request, a *Answer) {
	header := w.Header()
	for _, f := range a.Header {
		header.Set(f.Name, f.Value)
	}
	if a.Object == nil {
		if r.Method != http.MethodHead {
			header.Set("Content-Length", strconv.Itoa(len(a.Body)))
		}
		w.WriteHeader(a.Status)
		w.Write(a.Body)
		return
	}
	w.WriteHeader(a.Status)
	for at := int64(0); at < a.Object.Len(); at += pieceBytes {
		w.Write(a.Object.Append(nil, at, min(pieceBytes, a.Object.Len()-at)))
	}
}

// allow is the bucket's CORS rule: any origin, all methods, the headers asked
// for (Fetch, "CORS protocol").
func (h *Handler) allow(w http.ResponseWriter, r *http.Request, origin string) {
	header := w.Header()
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Vary", "Origin")
	show := strings.Split(exposed, ", ")
	var kept []string
	for _, name := range show {
		hidden := false
		for _, no := range h.options.Hidden {
			hidden = hidden || strings.EqualFold(no, name)
		}
		if !hidden {
			kept = append(kept, name)
		}
	}
	header.Set("Access-Control-Expose-Headers", strings.Join(kept, ", "))
	if r.Method == http.MethodOptions {
		header.Set("Access-Control-Allow-Methods", "GET, HEAD, PUT, POST, DELETE")
		header.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
		header.Set("Access-Control-Max-Age", "600")
	}
}
