package transporttest

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/s3"
)

// What was signed is what is sent: the path and the query to the last byte.
func (s suite) exactlyAsWorded(t *testing.T) {
	w, host := startWire(t, emptyAnswer)
	tr := s.transport(t, nil)
	for _, path := range []string{
		"/", "/box/a", "/box//a", "//box/a", "/box/a//", "/box/./a", "/box/../a", "/box/%2E/a", "/box/a%2Fb", "/box/a%20b",
		"/box/%2B%26%3D%3A%40%2C%3B", "/box/%21%27%28%29%2A", "/box/~-._", "/box/%25%3F%23", "/box/%F0%9F%8F%96",
		"/box/%D8%B9", "/box/%5C%22%7B%7C%7D%5E%60", "/box/%C3%A9%00", "/" + strings.Repeat("%F0%9F%8F%96", 256),
	} {
		for _, query := range [][]s3.Field{
			nil,
			{{Name: "uploads", Value: ""}},
			{{Name: "partNumber", Value: "7"}, {Name: "uploadId", Value: "a+b/c=d e&f~é"}},
		} {
			r := put(host, path)
			r.Query = query
			if _, err := send(t.Context(), tr, r, []byte("hello")); err != nil {
				t.Fatalf("Send(%q) = %v", path, err)
			}
			target := strings.TrimPrefix(string(r.AppendURL(nil)), "http://"+host)
			got := w.last()
			if line, _, _ := strings.Cut(got, "\r\n"); line != "PUT "+target+" HTTP/1.1" {
				t.Errorf("sent %q, want %q", line, target)
			}
			if !strings.Contains(got, "Host: "+host+"\r\n") {
				t.Errorf("no Host %s in %q", host, got)
			}
		}
	}
}

// Nothing is added that a signature would have to cover, nor an Expect, which
// costs a round trip; and the length is always there.
func (s suite) headers(t *testing.T) {
	w, host := startWire(t, emptyAnswer)
	tr := s.transport(t, nil)
	for _, size := range []int{0, 1, 20_000, 100_000, 1 << 20} {
		body := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		if _, err := send(t.Context(), tr, put(host, "/box/a"), body); err != nil {
			t.Fatal(err)
		}
		var names []string
		for line := range strings.Lines(w.last()) {
			if name, value, ok := strings.Cut(line, ": "); ok {
				names = append(names, strings.ToLower(name))
				if name == "Content-Length" && value != fmt.Sprintf("%d\r\n", size) {
					t.Errorf("Content-Length = %q, want %d", value, size)
				}
			}
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != "authorization content-length content-type host user-agent x-amz-date" {
			t.Errorf("headers of %d bytes = %s", size, got)
		}
		if !bytes.Equal(w.body, body) {
			t.Errorf("body differs: %d bytes, want %d", len(w.body), size)
		}
	}
}

func (s suite) unencodedPath(t *testing.T) {
	for _, path := range []string{"/a b", "/%zz", "/%2", "/a?b", "/a#b", "/é", "/a\r\nHost: elsewhere", ""} {
		if _, err := send(t.Context(), s.transport(t, nil), put("127.0.0.1:1", path), nil); err == nil || strings.Contains(err.Error(), "refused") {
			t.Errorf("Send(%q) = %v, want that it is not encoded", path, err)
		}
	}
}

// Nothing in a header may begin another one.
func (s suite) brokenHeader(t *testing.T) {
	w, host := startWire(t, emptyAnswer)
	for _, value := range []string{"a\r\nx-amz-acl: public-read", "a\nb", "a\rb", "a\x00b"} {
		r := put(host, "/box/a")
		r.Header = append(r.Header, s3.Field{Name: "x-amz-meta-a", Value: value})
		if _, err := send(t.Context(), s.transport(t, nil), r, nil); err == nil {
			t.Errorf("Send with %q was accepted", value)
		}
	}
	if n, _ := w.count(); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// What is not on this machine goes by the proxy, which is told the whole URL.
func (s suite) byProxy(t *testing.T) {
	a, err := send(t.Context(), s.transport(t, nil), put("store.example:8080", "/box/a%2Fb"), []byte("hello"))
	if server, _ := s3.HeaderValue(a.Header, "server"); err != nil || server != "proxy" {
		t.Errorf("answer of %q, %v, want the proxy's", server, err)
	}
}

// A name under localhost is this machine, whatever the resolver and the proxy
// say.
func (s suite) namesOfThisMachine(t *testing.T) {
	w, address := startWire(t, "HTTP/1.1 204 No Content\r\n\r\n")
	_, port, _ := net.SplitHostPort(address)
	for _, name := range []string{"localhost", "photos.s3.localhost", "Photos.LOCALHOST", "photos.localhost."} {
		a, err := send(t.Context(), s.transport(t, nil), put(name+":"+port, "/a"), nil)
		if err != nil || a.Status != 204 || !strings.Contains(w.last(), "Host: "+name+":"+port+"\r\n") {
			t.Errorf("%s: %d, %v, %q", name, a.Status, err, w.last())
		}
	}
}
