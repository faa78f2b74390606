package devstack

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
)

// gatewayTransport carries one request over one connection to the gateway's
// socket. It differs from http.Transport in the one point that matters here:
// when the gateway refuses a request before it has read the body and hangs up,
// the refusal is still delivered. http.Transport reports the broken write
// instead, and a 403 would reach the browser as a 502.
type gatewayTransport struct {
	socket string
}

func (t gatewayTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(r.Context(), "unix", t.socket)
	if err != nil {
		return nil, err
	}
	release := context.AfterFunc(r.Context(), func() { conn.Close() })
	go send(conn, r)
	response, err := readAnswer(bufio.NewReader(conn), r)
	if err != nil {
		release()
		conn.Close()
		return nil, err
	}
	response.Body = &answerBody{response.Body, conn, release}
	return response, nil
}

// send writes the request. A failed write is the gateway's refusal to read on,
// which its answer explains; a failed read of the body means that the client
// has gone, and the gateway must not wait for the rest.
func send(conn net.Conn, r *http.Request) {
	source := &bodySource{ReadCloser: r.Body}
	if r.Body != nil {
		r = r.WithContext(r.Context())
		r.Body = source
	}
	if err := r.Write(conn); err != nil && source.failed {
		conn.Close()
	}
}

// readAnswer reads the final answer and skips interim ones: the gateway sends
// 100 Continue when the client asked for it, and net/http has already done so.
func readAnswer(b *bufio.Reader, r *http.Request) (*http.Response, error) {
	for {
		response, err := http.ReadResponse(b, r)
		if err != nil || response.StatusCode >= 200 {
			return response, err
		}
	}
}

type bodySource struct {
	io.ReadCloser
	failed bool
}

func (s *bodySource) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		s.failed = true
	}
	return n, err
}

type answerBody struct {
	io.ReadCloser
	conn    net.Conn
	release func() bool
}

func (b *answerBody) Close() error {
	b.release()
	b.ReadCloser.Close()
	return b.conn.Close()
}
