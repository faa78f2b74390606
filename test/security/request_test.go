package security

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// attack is one request as it goes onto the wire. Its path is written as it
// stands here; the query is escaped once.
type attack struct {
	method string
	path   string // absolute, with the bucket
	query  []s3.Field
	header []s3.Field // names in lower case
	body   string
	host   string // empty: the store's address
}

func (a attack) String() string {
	text := a.method + " " + a.path
	for _, f := range a.query {
		text += fmt.Sprintf(" %s=%q", f.Name, f.Value)
	}
	for _, f := range a.header {
		text += fmt.Sprintf(" %s: %q", f.Name, f.Value)
	}
	return text
}

// answer is what the store said.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) String() string { return fmt.Sprintf("%d %.400s", a.status, a.body) }

func (a answer) refused() bool { return a.status >= 400 }

// way is how a request is signed.
type way struct {
	name string
	sign func(w *world, c *sign.Credentials, r *s3.Request) error
}

// ways are all that a store accepts: it must not matter which.
var ways = []way{
	{"V4", func(w *world, c *sign.Credentials, r *s3.Request) error {
		var signer sign.V4
		signer.SignHeader(r, c, w.region, now())
		return nil
	}},
	{"V4 presigned", func(w *world, c *sign.Credentials, r *s3.Request) error {
		var signer sign.V4
		return signer.Presign(r, c, w.region, now(), 300)
	}},
	{"V2", func(w *world, c *sign.Credentials, r *s3.Request) error {
		var signer sign.V2
		signer.SignHeader(r, c, now())
		return nil
	}},
	{"V2 presigned", func(w *world, c *sign.Credentials, r *s3.Request) error {
		signer := sign.V2{Token: sign.TokenUnsigned}
		return signer.Presign(r, c, now(), 300)
	}},
}

func now() sign.UnixMilli { return sign.UnixMilli(time.Now().UnixMilli()) }

// readings are the paths that a signer may cover when p is on the wire: as it
// stands, and as stores that decode it, or tidy it up, compute the signature.
func readings(p string) []string {
	all := []string{p}
	if plain, err := url.PathUnescape(p); err == nil {
		all = append(all, escaped(plain), escaped(path.Clean(plain)))
		if again, err := url.PathUnescape(plain); err == nil {
			all = append(all, escaped(again), escaped(path.Clean(again)))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func escaped(p string) string { return string(s3.AppendEscaped(nil, p, true)) }

// send signs a as c does in one way, over signed instead of its path, and sends
// it.
func (w *world) send(t testing.TB, a attack, c sign.Credentials, by way, signed string) answer {
	t.Helper()
	host := a.host
	if host == "" {
		host = w.host
	}
	r := &s3.Request{
		Method: a.method, Scheme: "http", Host: host, SignedHost: host, Path: signed,
		Query: slices.Clone(a.query), Header: slices.Clone(a.header), PayloadHash: sign.UnsignedPayload,
	}
	if by.sign != nil {
		if err := by.sign(w, &c, r); err != nil {
			t.Fatal(err)
		}
	}
	target := a.path
	if url := string(r.AppendURL(nil)); strings.Contains(url, "?") {
		target += url[strings.Index(url, "?"):]
	}
	header := r.Header
	if len(r.Authorization) > 0 {
		header = append(header, s3.Field{Name: "authorization", Value: string(r.Authorization)})
	}
	return w.write(t, a.method, target, host, header, a.body)
}

// write puts a request onto a connection of its own, byte by byte. A store that
// hangs up without an answer refuses.
func (w *world) write(t testing.TB, method, target, host string, header []s3.Field, body string) answer {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n")
	for _, f := range header {
		b.WriteString(f.Name + ": " + f.Value + "\r\n")
	}
	if method != http.MethodGet && method != http.MethodHead {
		b.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n")
	}
	b.WriteString("\r\n" + body)
	conn, err := net.Dial("tcp", w.host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	go conn.Write(b.Bytes())
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		return answer{status: http.StatusBadRequest, body: "hung up: " + err.Error()}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		text = append(text, (" broken off: " + err.Error())...)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// must sends a as it stands, signed with Version 4, and wants an answer of 2xx:
// a store that refuses everything proves nothing.
func (w *world) must(t testing.TB, a attack, c sign.Credentials) answer {
	t.Helper()
	got := w.send(t, a, c, ways[0], a.path)
	if got.status < 200 || got.status > 299 {
		t.Fatalf("%v: %v, want it to be allowed", a, got)
	}
	return got
}

// refuses sends a in every way with every reading, signed by alice, and wants a
// refusal each time that tells nothing.
func (w *world) refuses(t *testing.T, a attack) {
	t.Helper()
	for _, by := range ways {
		for _, signed := range readings(a.path) {
			got := w.send(t, a, w.alice, by, signed)
			if !got.refused() {
				t.Errorf("%s, signed as %s: %v: %v, want a refusal", by.name, signed, a, got)
			}
			w.silent(t, a, got)
		}
	}
}

// silent wants an answer that has nothing of bob in it but what was asked for by
// name.
func (w *world) silent(t *testing.T, a attack, got answer) {
	t.Helper()
	if strings.Contains(got.body, secret) {
		t.Errorf("%v: the answer has bob's secret in it: %v", a, got)
	}
	if strings.Contains(got.body, w.bobsUpload) && !strings.Contains(a.String(), w.bobsUpload) {
		t.Errorf("%v: the answer has bob's upload in it: %v", a, got)
	}
	listed := within(got.body, "Contents", "Upload", "Version", "CommonPrefixes")
	for _, foreign := range []string{"users/bob", "users/alice2", ">secret.txt"} {
		if strings.Contains(listed, foreign) {
			t.Errorf("%v: the answer lists what is not hers: %v", a, got)
		}
	}
}

// within is the text of the elements with these names.
func within(body string, names ...string) string {
	var text strings.Builder
	for _, name := range names {
		for rest := body; ; {
			_, after, ok := strings.Cut(rest, "<"+name+">")
			if !ok {
				break
			}
			inner, end, _ := strings.Cut(after, "</"+name+">")
			text.WriteString(inner + "\n")
			rest = end
		}
	}
	return text.String()
}
