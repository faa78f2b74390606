package transporttest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

const (
	proxyAnswer = "HTTP/1.1 200 OK\r\nServer: proxy\r\nContent-Length: 0\r\n\r\n"
	emptyAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
)

// wire is a server that notes what is on the wire, byte by byte, and answers each
// request with the same bytes.
type wire struct {
	answer string

	mu          sync.Mutex
	heads       []string // each request's line and headers
	body        []byte   // of the last one
	connections int
}

func newWire(answer string) *wire { return &wire{answer: answer} }

// startWire returns a wire and its address.
func startWire(t *testing.T, answer string) (*wire, string) {
	t.Helper()
	w, l := newWire(answer), listen(t)
	go w.serve(l)
	return w, l.Addr().String()
}

func (w *wire) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		w.connections++
		w.mu.Unlock()
		go w.talk(c)
	}
}

func (w *wire) talk(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		head, length, err := readHead(r)
		if err != nil {
			return
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		w.mu.Lock()
		w.heads, w.body = append(w.heads, head), body
		w.mu.Unlock()
		if _, err := io.WriteString(c, w.answer); err != nil {
			return
		}
	}
}

// readHead reads a request up to its body, of which it returns the length.
func readHead(r *bufio.Reader) (head string, length int, err error) {
	var text strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return "", 0, err
		}
		if line == "\r\n" {
			return text.String(), length, nil
		}
		text.WriteString(line)
		fmt.Sscanf(strings.ToLower(line), "content-length: %d", &length)
	}
}

func (w *wire) last() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.heads) == 0 {
		return ""
	}
	return w.heads[len(w.heads)-1]
}

// count returns how many requests and connections there were.
func (w *wire) count() (requests, connections int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.heads), w.connections
}

// eachConnection has handle talk to whoever connects.
func eachConnection(l net.Listener, handle func(c net.Conn, r *bufio.Reader)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			handle(c, bufio.NewReader(c))
		}()
	}
}
