package nethttp

import (
	"bufio"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/driver"
	"github.com/bucketline/bucketline/driver/transporttest"
	"github.com/bucketline/bucketline/engine"
)

func TestMain(m *testing.M) { os.Exit(transporttest.Main(m)) }

func TestTransport(t *testing.T) {
	transporttest.Run(t, func(roots *x509.CertPool) transporttest.Transport { return New(Options{RootCAs: roots}) })
}

func TestLocalName(t *testing.T) {
	for name, want := range map[string]bool{
		"localhost": true, "photos.s3.localhost": true, "Photos.LOCALHOST": true, "photos.localhost.": true,
		"localhost.example": false, "notlocalhost": false,
	} {
		if got := localName(name); got != want {
			t.Errorf("localName(%q) = %v", name, got)
		}
	}
}

// What package http1 asks about a host before it connects by itself.
func TestProxied(t *testing.T) {
	for host, want := range map[string]bool{"store.example": true, "store.example:8080": true, "127.0.0.1:9000": false, "a.localhost": false} {
		if got := Proxied("http", host); got != want {
			t.Errorf("Proxied(%q) = %v", host, got)
		}
	}
	for _, c := range []struct{ scheme, host, address, name string }{
		{"https", "store.example", "store.example:443", "store.example"}, {"http", "store.example", "store.example:80", "store.example"},
		{"http", "127.0.0.1:9000", "127.0.0.1:9000", "127.0.0.1"}, {"https", "[::1]", "[::1]:443", "::1"}, {"https", "[::1]:9", "[::1]:9", "::1"},
	} {
		if got := address(c.scheme, c.host); got != c.address || ServerName(c.host) != c.name {
			t.Errorf("address(%s, %s) = %s, named %s", c.scheme, c.host, got, ServerName(c.host))
		}
	}
}

func causeOf(err error) engine.Cause {
	var broke *driver.BrokeError
	if errors.As(err, &broke) {
		return broke.Cause
	}
	return 0
}

func TestPost_form(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	sent := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		var all strings.Builder
		for r := bufio.NewReader(c); !strings.HasSuffix(all.String(), "\r\n\r\na=b"); {
			b, err := r.ReadByte()
			if err != nil {
				break
			}
			all.WriteByte(b)
		}
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		sent <- all.String()
	}()
	tr := New(Options{})
	defer tr.Close()
	a, err := tr.Post(t.Context(), "http://"+l.Addr().String()+"/sts", "application/x-www-form-urlencoded", []byte("a=b"))
	if err != nil || a.Status != 200 || string(a.Body) != "ok" {
		t.Errorf("answer %+v, %v", a, err)
	}
	if text := <-sent; !strings.HasPrefix(text, "POST /sts HTTP/1.1\r\n") || !strings.Contains(text, "Content-Type: application/x-www-form-urlencoded\r\n") {
		t.Errorf("sent %q", text)
	}
	if _, err := tr.Post(t.Context(), "http://127.0.0.1:1/", "x", nil); causeOf(err) != engine.CauseUnreachable {
		t.Errorf("Post to nobody = %v", err)
	}
}

func TestSniff_bytes(t *testing.T) {
	for head, want := range map[string]string{
		"": "application/octet-stream", "%PDF-1.7": "application/pdf", "hello": "text/plain; charset=utf-8",
		"\x00\x01": "application/octet-stream",
	} {
		if got := Sniff([]byte(head)); got != want {
			t.Errorf("Sniff(%q) = %s, want %s", head, got, want)
		}
	}
}
