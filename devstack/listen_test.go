package devstack

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
)

// Everything over TLS, by every name, trusted through the CA file alone.
func TestTLS(t *testing.T) {
	s := open(t, Config{TLS: true})
	e := s.Endpoints()
	for _, endpoint := range []string{e.Page, e.S3, e.S3VirtualHost, e.STS, e.Issuer} {
		if !strings.HasPrefix(endpoint, "https://") {
			t.Errorf("%s is not https", endpoint)
		}
	}
	text, err := os.ReadFile(e.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) || strings.Contains(string(text), "PRIVATE") {
		t.Fatalf("the CA file is %q", text)
	}
	u, err := url.Parse(e.S3)
	if err != nil {
		t.Fatal(err)
	}
	for name, good := range map[string]bool{"127.0.0.1": true, "::1": true, "localhost": true, "s3.localhost": true, "photos.s3.localhost": true, "any.localhost": true, "evil.example": false} {
		conn, err := tls.Dial("tcp", u.Host, &tls.Config{RootCAs: pool, ServerName: name})
		if (err == nil) != good {
			t.Errorf("as %s: %v", name, err)
		}
		if err == nil {
			conn.Close()
		}
	}
	if _, err := tls.Dial("tcp", u.Host, nil); err == nil {
		t.Error("trusted without the CA file")
	}
	keys := assumeRole(t, s, login(t, s, "alice").IDToken)
	for style, path := range styles() {
		if _, err := awsClient(t, s, keys, path).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("photos"), Key: aws.String("users/alice/x"), Body: strings.NewReader("x")}); err != nil {
			t.Errorf("V4 %s: %v", style, err)
		}
		if _, err := minioClient(t, s, keys, 2, path).PutObject(t.Context(), "photos", "users/alice/x", strings.NewReader("x"), 1, minio.PutObjectOptions{}); err != nil {
			t.Errorf("V2 %s: %v", style, err)
		}
	}
}

// Two connections share the rate; what comes in at once at the beginning, the
// limiter's burst and the kernel's buffers, is small beside it.
func TestRate_isSharedByAllConnections(t *testing.T) {
	const rate, size = 2 << 20, 2 << 20
	s := open(t, Config{Rate: rate})
	c := credentialsOf(t, s, "alice")
	begun := time.Now()
	done := make(chan reply)
	for _, name := range []string{"a", "b"} {
		go func() { done <- put(t, s, c, s.Endpoints().S3+"/photos/users/alice/"+name, make([]byte, size)) }()
	}
	for range 2 {
		if got := <-done; got.StatusCode != http.StatusOK {
			t.Errorf("PUT: %d %s", got.StatusCode, got.body)
		}
	}
	took := time.Since(begun)
	if least, most := 1800*time.Millisecond, time.Minute; took < least || took > most {
		t.Errorf("4 MiB at 2 MiB/s took %v, want 2 s, at least %v and at most %v", took, least, most)
	}
}

// The sender can be no further ahead than what buffers hold: that is what makes
// progress worth watching.
func TestRate_senderIsHeldBack(t *testing.T) {
	s := open(t, Config{Rate: 64 << 10})
	u, err := url.Parse(s.Endpoints().S3)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// Its own kernel's buffer grows as that likes; what the store takes in is
	// what counts here.
	if err := conn.(*net.TCPConn).SetWriteBuffer(128 << 10); err != nil {
		t.Fatal(err)
	}
	head := "PUT /photos/users/alice/x HTTP/1.1\r\nHost: " + u.Host + "\r\nContent-Length: 104857600\r\n\r\n"
	if _, err := conn.Write([]byte(head)); err != nil {
		t.Fatal(err)
	}
	conn.SetWriteDeadline(time.Now().Add(time.Second))
	sent := 0
	for {
		n, err := conn.Write(make([]byte, 32<<10))
		if sent += n; err != nil {
			break
		}
	}
	t.Logf("%d KiB were taken in a second at 64 KiB/s", sent>>10)
	if sent > 1<<20 {
		t.Errorf("%d bytes were taken in a second at 64 KiB/s, want at most 1 MiB", sent)
	}
}

func TestRate_closeDoesNotWaitForTheLimiter(t *testing.T) {
	s := open(t, Config{Rate: 1})
	u, err := url.Parse(s.Endpoints().S3)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: localhost\r\n")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	begun := time.Now()
	s.Close()
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("Close() took %v, as if it waited for bytes", took)
	}
}
