// Package stub is the other end of the browser benchmark: an S3 store over TLS
// and HTTP/1.1 that takes uploads at full speed or as a distant one would, and
// keeps nothing of them but their sizes. It believes every signature; what it
// does check is that the bytes that a client calls stored have come.
//
// Next: operation.go for what it answers, model.go for how slowly.
package stub

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Bucket is the one that there is, in the host's name or in the path.
const Bucket = "bench"

// Server is a store that listens.
type Server struct {
	model  Model
	server *httptest.Server

	mu     sync.Mutex
	seen   Seen
	now    int // requests under way
	parts  map[string]map[int]int64
	stored map[string]int64
	next   int // number of the next multipart upload
}

// Seen is what came since Forget.
type Seen struct {
	Requests    int // without preflights
	Preflights  int
	MostAtOnce  int // requests whose head had come, and whose answer had not left
	Connections int
	Bytes       int64 // of bodies
	Objects     int
	Stored      int64 // bytes in those objects
	Refused     int   // requests that were answered with 4xx
}

// New starts a store that behaves as model says. Close it.
func New(model Model) *Server {
	s := &Server{model: model}
	s.Forget()
	s.server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.server.Listener = &listener{Listener: s.server.Listener, server: s}
	s.server.Config.ErrorLog = log.New(io.Discard, "", 0) // of browsers that hang up
	s.server.TLS = &tls.Config{NextProtos: []string{"http/1.1"}}
	s.server.StartTLS()
	return s
}

// Close ends the store and its connections.
func (s *Server) Close() {
	s.server.CloseClientConnections()
	s.server.Close()
}

// Host is the store's host and port under a name that ends in .localhost, which
// browsers look up nowhere.
func (s *Server) Host(name string) string {
	_, port, _ := net.SplitHostPort(s.server.Listener.Addr().String())
	return name + ".localhost:" + port
}

// Forget empties the store.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = Seen{}
	s.parts, s.stored = map[string]map[int]int64{}, map[string]int64{}
}

// Seen is what has come so far.
func (s *Server) Seen() Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	seen.Objects = len(s.stored)
	for _, size := range s.stored {
		seen.Stored += size
	}
	return seen
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.enter(r)
	allow(w.Header())
	status, body := s.answer(w, r)
	time.Sleep(s.model.Delay)
	s.leave(status)
	if body != "" {
		w.Header().Set("Content-Type", "application/xml")
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func (s *Server) enter(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodOptions {
		s.seen.Preflights++
	} else {
		s.seen.Requests++
	}
	s.now++
	s.seen.MostAtOnce = max(s.seen.MostAtOnce, s.now)
}

func (s *Server) leave(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now--
	if status >= http.StatusBadRequest {
		s.seen.Refused++
	}
}

// allow lets every page read the answer, as a bucket's CORS rule does.
func allow(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "ETag, Date, x-amz-request-id, x-amz-version-id, "+
		"x-amz-checksum-crc32, x-amz-checksum-crc32c, x-amz-checksum-crc64nvme, x-amz-checksum-sha256, x-amz-checksum-type")
	h.Set("X-Amz-Request-Id", "4442587FB7D0A2F9")
	h.Set("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method")
}
