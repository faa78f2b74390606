package devstack

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/signer"
)

// fields is a form's fields in the order to send.
type fields [][2]string

func (f *fields) add(name, value string) { *f = append(*f, [2]string{name, value}) }

// policyText is a POST policy that demands each of the fields as it is, and
// that the key begins with prefix.
func policyText(t testing.TB, expires time.Time, prefix string, exact fields) string {
	t.Helper()
	conditions := []any{map[string]string{"bucket": "photos"}, []string{"starts-with", "$key", prefix}}
	for _, f := range exact {
		conditions = append(conditions, map[string]string{f[0]: f[1]})
	}
	text, err := json.Marshal(map[string]any{"expiration": expires.UTC().Format(time.RFC3339), "conditions": conditions})
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(text)
}

// formV4 signs a form for key with minio-go's Version 4 policy signer.
func formV4(t testing.TB, s *Stack, c Credentials, key string, extra ...[2]string) fields {
	t.Helper()
	now := time.Now().UTC()
	signed := append(fields{
		{"x-amz-algorithm", "AWS4-HMAC-SHA256"},
		{"x-amz-credential", signer.GetCredential(c.AccessKeyID, s.Endpoints().Region, now, "s3")},
		{"x-amz-date", now.Format("20060102T150405Z")},
		{"x-amz-security-token", c.SessionToken},
	}, extra...)
	policy := policyText(t, now.Add(time.Minute), "", signed)
	out := append(fields{{"key", key}}, signed...)
	out.add("policy", policy)
	out.add("x-amz-signature", signer.PostPresignSignatureV4(policy, now, c.SecretAccessKey, s.Endpoints().Region))
	return out
}

// formV2 signs a form for key with minio-go's Version 2 policy signer.
func formV2(t testing.TB, c Credentials, key string, extra ...[2]string) fields {
	t.Helper()
	signed := append(fields{{"x-amz-security-token", c.SessionToken}}, extra...)
	policy := policyText(t, time.Now().Add(time.Minute), "", signed)
	out := append(fields{{"key", key}}, signed...)
	out.add("AWSAccessKeyId", c.AccessKeyID)
	out.add("policy", policy)
	out.add("signature", signer.PostPresignSignatureV2(policy, c.SecretAccessKey))
	return out
}

// encodeForm is the form as Go's own writer has it.
func encodeForm(t testing.TB, f fields, fileName, file string) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, one := range f {
		if err := w.WriteField(one[0], one[1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", fileName)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(part, file)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), w.FormDataContentType()
}

func sendForm(t testing.TB, s *Stack, target string, f fields, fileName, file string) reply {
	t.Helper()
	body, contentType := encodeForm(t, f, fileName, file)
	r := request(t, http.MethodPost, target, bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return do(t, client(t, s), r)
}

func forms(t testing.TB, s *Stack, c Credentials) map[string]func(key string, extra ...[2]string) fields {
	return map[string]func(string, ...[2]string) fields{
		"V4": func(key string, extra ...[2]string) fields { return formV4(t, s, c, key, extra...) },
		"V2": func(key string, extra ...[2]string) fields { return formV2(t, c, key, extra...) },
	}
}

func TestPost_storesTheFile(t *testing.T) {
	s := open(t, Config{})
	targets := map[string]string{"path style": s.Endpoints().S3 + "/photos", "path style with a slash": s.Endpoints().S3 + "/photos/", "virtual-hosted style": s.Endpoints().S3VirtualHost + "/"}
	for version, form := range forms(t, s, credentialsOf(t, s, "alice")) {
		for style, target := range targets {
			for name, file := range map[string]string{"empty": "", "a byte": "x", "lines": "a\r\n--b\r\n\r\nc\n", "more than a buffer": strings.Repeat("0123456789abcdef", 1<<14)} {
				f := form("users/alice/post/"+name, [2]string{"success_action_status", "201"}, [2]string{"Content-Type", "text/x-test"}, [2]string{"x-amz-meta-album", "ü"})
				got := sendForm(t, s, target, f, "client.bin", file)
				if got.StatusCode != http.StatusCreated || got.Header.Get("ETag") == "" {
					t.Fatalf("%s %s, %s: %d %s", version, style, name, got.StatusCode, got.body)
				}
				if stored(t, s, "users/alice/post/"+name) != file {
					t.Errorf("%s %s, %s: the object is not what was sent", version, style, name)
				}
			}
		}
	}
}

// minio-go builds the policies itself.
func TestPost_minioPolicies(t *testing.T) {
	s := open(t, Config{})
	c := credentialsOf(t, s, "alice")
	p := minio.NewPostPolicy()
	p.SetBucket("photos")
	p.SetKeyStartsWith("users/alice/")
	p.SetExpires(time.Now().Add(time.Minute))
	p.SetContentLengthRange(1, 10)
	target, data, err := minioClient(t, s, c, 4, true).PresignedPostPolicy(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	data["key"] = "users/alice/by-minio"
	var f fields
	for name, value := range data {
		if name != "bucket" {
			f.add(name, value)
		}
	}
	if got := sendForm(t, s, target.String(), f, "x", "0123456789"); got.StatusCode != http.StatusNoContent {
		t.Errorf("10 bytes of 1 to 10: %d %s", got.StatusCode, got.body)
	}
	if got := sendForm(t, s, target.String(), f, "x", "0123456789a"); got.StatusCode != 400 || got.code(t) != "EntityTooLarge" {
		t.Errorf("11 bytes of 1 to 10: %d %s", got.StatusCode, got.body)
	}
	if got := sendForm(t, s, target.String(), f, "x", ""); got.StatusCode != 400 || got.code(t) != "EntityTooSmall" {
		t.Errorf("0 bytes of 1 to 10: %d %s", got.StatusCode, got.body)
	}
}

// S3 API Reference, "POST Object": ${filename} stands for the last component of
// the client's file name, in any field; the policy judges what it became.
func TestPost_expandsFileName(t *testing.T) {
	s := open(t, Config{})
	for version, form := range forms(t, s, credentialsOf(t, s, "alice")) {
		for sent, want := range map[string]string{
			"cat.jpg":           "cat.jpg",
			`C:\photos\cat.jpg`: "cat.jpg",
			"holiday/cat.jpg":   "cat.jpg",
			"ünï 🎉.txt":         "ünï 🎉.txt",
		} {
			f := form("users/alice/up/${filename}")
			if got := sendForm(t, s, s.Endpoints().S3+"/photos/", f, sent, version); got.StatusCode != http.StatusNoContent {
				t.Fatalf("%s %q: %d %s", version, sent, got.StatusCode, got.body)
			}
			if stored(t, s, "users/alice/up/"+want) != version {
				t.Errorf("%s %q: not stored under %q", version, sent, want)
			}
		}
		// The prefix is checked after expansion, not before.
		if got := sendForm(t, s, s.Endpoints().S3+"/photos/", form("users/${filename}"), "alice", version); got.StatusCode != http.StatusForbidden {
			t.Errorf("%s users/${filename}: %d, want 403", version, got.StatusCode)
		}
	}
}

func TestPost_refusals(t *testing.T) {
	s := open(t, Config{})
	alice := credentialsOf(t, s, "alice")
	wrong := alice
	wrong.SecretAccessKey = "no"
	target := s.Endpoints().S3 + "/photos/"
	replaced := func(f fields, name, value string) fields {
		out := make(fields, 0, len(f))
		for _, one := range f {
			if strings.EqualFold(one[0], name) {
				one[1] = value
			}
			if value != "" || !strings.EqualFold(one[0], name) {
				out = append(out, one)
			}
		}
		return out
	}
	for version, form := range forms(t, s, alice) {
		unsigned := forms(t, s, wrong)[version]
		late := policyText(t, time.Now().Add(-time.Second), "", nil)
		for name, test := range map[string]struct {
			f      fields
			status int
			code   string
		}{
			"wrong secret":          {unsigned("users/alice/x"), 403, "SignatureDoesNotMatch"},
			"bob's key":             {form("users/bob/x"), 403, "AccessDenied"},
			"key that climbs":       {form("users/alice/../bob/x"), 403, "AccessDenied"},
			"unknown access key":    {replaced(replaced(form("users/alice/x"), "AWSAccessKeyId", "ASIAAAAAAAAAAAAAAAAA"), "x-amz-credential", "ASIAAAAAAAAAAAAAAAAA/20260101/eu-central-1/s3/aws4_request"), 403, "InvalidAccessKeyId"},
			"tampered token":        {replaced(form("users/alice/x"), "x-amz-security-token", "no"), 400, "InvalidToken"},
			"policy of another":     {replaced(form("users/alice/x"), "policy", late), 403, "SignatureDoesNotMatch"},
			"a field not in policy": {append(form("users/alice/x"), [2]string{"x-amz-meta-more", "x"}), 403, "AccessDenied"},
			"another value":         {replaced(form("users/alice/x", [2]string{"Content-Type", "a/b"}), "Content-Type", "a/c"), 403, "AccessDenied"},
			"the key twice":         {append(form("users/alice/x"), [2]string{"Key", "users/bob/x"}), 400, "InvalidArgument"},
			"no fields":             {nil, 400, "InvalidArgument"},
		} {
			got := sendForm(t, s, target, test.f, "x", "x")
			if got.StatusCode != test.status || got.code(t) != test.code {
				t.Errorf("%s, %s: %d %s, want %d %s", version, name, got.StatusCode, got.body, test.status, test.code)
			}
		}
	}
}

// A file name that ends its header's line could add fields after the check.
func TestPost_fileNameCannotAddFields(t *testing.T) {
	s := open(t, Config{})
	f := formV4(t, s, credentialsOf(t, s, "alice"), "users/alice/${filename}")
	body, contentType := encodeForm(t, f, "NAME", "x")
	_, boundary, _ := strings.Cut(contentType, "boundary=")
	var evil strings.Builder
	for _, c := range []byte("x\r\n--" + boundary + "\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nusers/bob/x") {
		fmt.Fprintf(&evil, "%%%02X", c)
	}
	body = bytes.Replace(body, []byte(`filename="NAME"`), []byte("filename*=UTF-8''"+evil.String()), 1)
	r := request(t, http.MethodPost, s.Endpoints().S3+"/photos/", bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	if got := do(t, client(t, s), r); got.StatusCode != 400 || got.code(t) != "MalformedPOSTRequest" {
		t.Errorf("%d %s, want 400 MalformedPOSTRequest", got.StatusCode, got.body)
	}
}

// S3 API Reference, "POST Object": all that precedes the file is at most 20 KB.
func TestPost_boundsTheFields(t *testing.T) {
	s := open(t, Config{})
	c := credentialsOf(t, s, "alice")
	size := func(f fields) (n int) {
		for _, one := range f {
			n += len(one[0]) + len(one[1])
		}
		return n
	}
	ignored := "x-ignore-filler" // needs no condition
	room := maxFormBytes - size(formV4(t, s, c, "users/alice/x")) - len(ignored)
	for extra, want := range map[int]int{-1: http.StatusNoContent, 0: http.StatusNoContent, 1: http.StatusBadRequest} {
		f := append(formV4(t, s, c, "users/alice/x"), [2]string{ignored, strings.Repeat("x", room+extra)})
		got := sendForm(t, s, s.Endpoints().S3+"/photos/", f, "x", "x")
		if got.StatusCode != want {
			t.Errorf("%d bytes of fields: %d %s, want %d", size(f), got.StatusCode, got.body, want)
		}
		if want == http.StatusBadRequest && got.code(t) != "MaxPostPreDataLengthExceededError" {
			t.Errorf("%d bytes of fields: %s", size(f), got.code(t))
		}
	}
}

func TestReadForm_malformed(t *testing.T) {
	const field = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n"
	for name, test := range map[string]struct{ boundary, body, code string }{
		"nothing":                {"b", "", "MalformedPOSTRequest"},
		"no boundary":            {"", field, "MalformedPOSTRequest"},
		"boundary of two lines":  {"b\r\nc", field, "MalformedPOSTRequest"},
		"boundary of 71":         {strings.Repeat("b", 71), field, "MalformedPOSTRequest"},
		"other boundary":         {"c", field, "MalformedPOSTRequest"},
		"ends in a field":        {"b", field, "MalformedPOSTRequest"},
		"no file":                {"b", field + "--b--\r\n", "IncorrectNumberOfFilesInPostRequest"},
		"no file, no line end":   {"b", field + "--b--", "IncorrectNumberOfFilesInPostRequest"},
		"part without a name":    {"b", "--b\r\nContent-Disposition: form-data\r\n\r\nk\r\n--b--\r\n", "MalformedPOSTRequest"},
		"part without a header":  {"b", "--b\r\n\r\nk\r\n--b--\r\n", "MalformedPOSTRequest"},
		"two dispositions":       {"b", "--b\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=key\r\n\r\nk\r\n--b--\r\n", "MalformedPOSTRequest"},
		"an attachment":          {"b", "--b\r\nContent-Disposition: attachment; name=\"key\"\r\n\r\nk\r\n--b--\r\n", "MalformedPOSTRequest"},
		"an endless header":      {"b", "--b\r\n" + strings.Repeat("X: y\r\n", maxFormHeadBytes/6+1), "MaxPostPreDataLengthExceededError"},
		"an endless header line": {"b", "--b\r\nX: " + strings.Repeat("y", maxFormHeadBytes), "MaxPostPreDataLengthExceededError"},
	} {
		_, refused := readForm(bufio.NewReaderSize(strings.NewReader(test.body), maxFormHeadBytes), test.boundary)
		if refused == nil || refused.code != test.code {
			t.Errorf("%s: %+v, want %s", name, refused, test.code)
		}
	}
}

// Whatever is read is written so that it reads the same, and the file's first
// byte is found where it is.
func FuzzReadForm(f *testing.F) {
	f.Add("--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\ndata\r\n--b--\r\n")
	f.Add("--b\r\nContent-Disposition: form-data; name=\"a\\\"b\"\r\nX: y\r\n\r\n1\r\n2\n3\r\n--b\r\ncontent-disposition:form-data;name=FILE\r\n\r\n")
	f.Fuzz(func(t *testing.T, body string) {
		head, refused := readForm(bufio.NewReaderSize(strings.NewReader(body), maxFormHeadBytes), "b")
		if refused != nil {
			return
		}
		text := string(head.encode())
		again, refused := readForm(bufio.NewReaderSize(strings.NewReader(text), maxFormHeadBytes), "b")
		if refused != nil {
			t.Fatalf("%q was read, and written as %q, which is refused: %s", body, text, refused.message)
		}
		if fmt.Sprint(again.fields) != fmt.Sprint(head.fields) || again.fileName != head.fileName || again.size != int64(len(text)) {
			t.Fatalf("%q was read as %+v, written, and read as %+v", body, head, again)
		}
		if head.size > int64(len(body)) {
			t.Fatalf("%d bytes taken of %d", head.size, len(body))
		}
	})
}

// A large file goes through the front and the gateway without being held.
func TestPost_memoryDoesNotGrowWithTheFile(t *testing.T) {
	s := open(t, Config{})
	const size = 300 << 20
	for version, form := range forms(t, s, credentialsOf(t, s, "alice")) {
		text, contentType := encodeForm(t, form("users/alice/large-"+version), "x", "")
		tail := bytes.LastIndex(text, []byte("\r\n--"))
		file := &counted{Reader: io.LimitReader(zeros{}, size)}
		r := request(t, http.MethodPost, s.Endpoints().S3+"/photos/", io.MultiReader(bytes.NewReader(text[:tail]), file, bytes.NewReader(text[tail:])))
		r.ContentLength = int64(len(text)) + size
		r.Header.Set("Content-Type", contentType)
		runtime.GC()
		var before runtime.MemStats
		runtime.ReadMemStats(&before)
		peak := watchHeap(t)
		if got := do(t, client(t, s), r); got.StatusCode != http.StatusNoContent {
			t.Fatalf("%s: %d %s", version, got.StatusCode, got.body)
		}
		grown := int64(peak()) - int64(before.HeapInuse)
		t.Logf("%s: %d MB sent, heap grew by %d MB at most", version, file.n>>20, grown>>20)
		if grown > 32<<20 || file.n != size {
			t.Errorf("%s: heap grew by %d bytes while %d were sent, want at most 32 MiB", version, grown, file.n)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// watchHeap notes the largest heap until the function it returns is called.
func watchHeap(t *testing.T) func() uint64 {
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() uint64 { close(stop); return <-peak }
}
