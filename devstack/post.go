package devstack

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bucketline/bucketline/sign"
)

const (
	// maxFormBytes bounds the fields before the file (S3 API Reference,
	// "Creating an HTML Form").
	maxFormBytes = 20 << 10

	// maxFormHeadBytes bounds all that precedes the file's bytes, boundaries and
	// part headers included.
	maxFormHeadBytes = 4 * maxFormBytes
)

// A form is the beginning of a POST Object request: the fields, and what the
// file is called. The file's bytes stay in the request's body.
type form struct {
	fields   []field // in the order sent, names in lower case and each only once
	boundary string
	fileName string // as the client sent it
	size     int64  // bytes of the body that the above took
}

type field struct{ name, value string }

func isForm(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind == "multipart/form-data"
}

// postForm reads the fields of a POST Object form, checks what the gateway does
// not, and returns the request with the fields written anew before the file's
// bytes, which are never held.
func (f *front) postForm(r *http.Request, at place) (*http.Request, *refusal) {
	if r.ContentLength < 0 {
		return nil, refusedLength
	}
	_, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	b := bufio.NewReaderSize(r.Body, maxFormHeadBytes)
	head, refused := readForm(b, params["boundary"])
	if refused != nil {
		return nil, refused
	}
	head.expandFileName()
	if head.get("awsaccesskeyid") != "" && head.get("x-amz-signature") == "" {
		if refused := f.formV2(head); refused != nil {
			return nil, refused
		}
	}
	if refused := f.authoriseForm(head, at); refused != nil {
		return nil, refused
	}
	text := head.encode()
	out := r.Clone(r.Context())
	out.Header.Set("User-Agent", f.hooks.formMark)
	// Without this the gateway's HTTP server (fasthttp) reads the whole form, to
	// a temporary file and then into memory, before the gateway sees any of it.
	out.Header.Set("Content-Encoding", "identity")
	out.ContentLength = r.ContentLength - head.size + int64(len(text))
	out.Header.Set("Content-Length", decimal(out.ContentLength))
	out.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(text), b), r.Body}
	return out, nil
}

// authoriseForm checks the key against the rights of the session, because the
// gateway asks about the bucket only. Forms that are not signed by a session
// are the gateway's to refuse.
func (f *front) authoriseForm(head *form, at place) *refusal {
	access, _, _ := strings.Cut(head.get("x-amz-credential"), "/")
	s, err := f.vault.open(access, head.get("x-amz-security-token"))
	if access == rootAccessKey || access == "" {
		return nil
	}
	if err != nil {
		return refusedSession(err)
	}
	if !f.hooks.mayPut(f.gateway, s, at.bucket, head.get("key")) {
		return &refusal{http.StatusForbidden, "AccessDenied",
			sessionARN + s.Name + " is not authorized to perform s3:PutObject on " + arnPrefix + at.bucket + "/" + head.get("key") + "."}
	}
	return nil
}

// formV2 verifies a form signed with Signature Version 2 and signs it again
// with Version 4. The policy document grows by one condition for each field
// that is new, and the gateway judges all the others as they were.
func (f *front) formV2(head *form) *refusal {
	access := head.get("awsaccesskeyid")
	s, err := f.vault.open(access, head.get("x-amz-security-token"))
	if err != nil {
		return refusedSession(err)
	}
	text := head.get("policy")
	var v2 sign.V2
	if want := v2.AppendSignature(nil, s.credentials(), []byte(text)); !hmac.Equal(want, []byte(head.get("signature"))) {
		return refusedSignature
	}
	now := sign.UnixMilli(time.Now().UnixMilli()) // the gateway's clock is the machine's
	var v4 sign.V4
	added := []field{
		{"x-amz-algorithm", "AWS4-HMAC-SHA256"},
		{"x-amz-credential", access + "/" + string(v4.AppendScope(nil, f.region, now))},
		{"x-amz-date", string(now.AppendAMZDate(nil))},
	}
	text = extendPolicy(text, append(added, field{"awsaccesskeyid", access}))
	head.remove("signature")
	head.set("policy", text)
	for _, a := range added {
		head.set(a.name, a.value)
	}
	head.set("x-amz-signature", string(v4.AppendSignature(nil, s.credentials(), f.region, now, []byte(text))))
	return nil
}

// extendPolicy adds an exact condition for each of fields to the base64 policy
// document. A document that is not a policy comes back as it is, for the
// gateway to refuse in its own words.
func extendPolicy(text string, fields []field) string {
	plain, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return text
	}
	var document map[string]json.RawMessage
	var conditions []json.RawMessage
	if json.Unmarshal(plain, &document) != nil || json.Unmarshal(document["conditions"], &conditions) != nil {
		return text
	}
	for _, f := range fields {
		condition, err := json.Marshal(map[string]string{f.name: f.value})
		if err != nil {
			return text
		}
		conditions = append(conditions, condition)
	}
	if document["conditions"], err = json.Marshal(conditions); err != nil {
		return text
	}
	if plain, err = json.Marshal(document); err != nil {
		return text
	}
	return base64.StdEncoding.EncodeToString(plain)
}

// readForm reads b, which buffers at least maxFormHeadBytes, up to the first
// byte of the file.
func readForm(b *bufio.Reader, boundary string) (*form, *refusal) {
	if !isBoundary(boundary) {
		return nil, refusedMalformed
	}
	f := &form{boundary: boundary}
	first, refused := f.line(b)
	if refused != nil {
		return nil, refused
	}
	if string(first) != "--"+boundary+"\r\n" {
		return nil, refusedMalformed
	}
	total := 0
	for {
		params, refused := f.partHead(b)
		if refused != nil {
			return nil, refused
		}
		name := strings.ToLower(params["name"])
		if name == "file" {
			f.fileName = params["filename"]
			if strings.ContainsAny(f.fileName, "\r\n") {
				return nil, refusedMalformed // it would end a field's line in encode
			}
			return f, nil
		}
		value, refused := f.value(b)
		if refused != nil {
			return nil, refused
		}
		if total += len(name) + len(value); total > maxFormBytes {
			return nil, refusedFieldBytes
		}
		if f.has(name) {
			return nil, &refusal{http.StatusBadRequest, "InvalidArgument", "The field " + name + " comes twice."}
		}
		f.fields = append(f.fields, field{name, value})
	}
}

// isBoundary reports whether s is a boundary (RFC 2046, section 5.1.1), without
// the space that may stand inside one: no client sends it.
func isBoundary(s string) bool {
	for _, c := range []byte(s) {
		if !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("'()+_,-./:=?", c) >= 0) {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 70
}

// partHead reads the header of one part, which must be that of a form field. Of
// what it says only the parameters of the disposition are kept: encode writes
// them anew, so that the gateway cannot read another name there.
func (f *form) partHead(b *bufio.Reader) (params map[string]string, refused *refusal) {
	for {
		line, refused := f.line(b)
		if refused != nil {
			return nil, refused
		}
		text := strings.TrimSpace(string(line))
		if text == "" {
			break
		}
		name, value, _ := strings.Cut(text, ":")
		if !strings.EqualFold(strings.TrimSpace(name), "Content-Disposition") {
			continue
		}
		kind, p, err := mime.ParseMediaType(value)
		if err != nil || kind != "form-data" || params != nil {
			return nil, refusedMalformed
		}
		params = p
	}
	if params["name"] == "" {
		return nil, refusedMalformed
	}
	return params, nil
}

// value reads a field's value and the boundary after it.
func (f *form) value(b *bufio.Reader) (string, *refusal) {
	var value []byte
	for {
		line, refused := f.line(b)
		if refused != nil {
			return "", refused
		}
		switch strings.TrimSuffix(string(line), "\r\n") {
		case "--" + f.boundary:
			return strings.TrimSuffix(string(value), "\r\n"), nil
		case "--" + f.boundary + "--":
			return "", refusedFiles
		}
		value = append(value, line...)
	}
}

// line reads one line, with the line feed unless the body ends there. It counts
// what it reads and stops at maxFormHeadBytes. The slice is b's own.
func (f *form) line(b *bufio.Reader) ([]byte, *refusal) {
	line, err := b.ReadSlice('\n')
	f.size += int64(len(line))
	if err == bufio.ErrBufferFull || f.size > maxFormHeadBytes {
		return nil, refusedFieldBytes
	}
	if err != nil && len(line) == 0 {
		return nil, refusedMalformed
	}
	return line, nil
}

func (f *form) find(name string) int {
	return slices.IndexFunc(f.fields, func(have field) bool { return have.name == name })
}

func (f *form) has(name string) bool { return f.find(name) >= 0 }

func (f *form) get(name string) string {
	if i := f.find(name); i >= 0 {
		return f.fields[i].value
	}
	return ""
}

func (f *form) set(name, value string) {
	f.remove(name)
	f.fields = append(f.fields, field{name, value})
}

func (f *form) remove(name string) {
	f.fields = slices.DeleteFunc(f.fields, func(have field) bool { return have.name == name })
}

// expandFileName puts the last component of the client's file name in the place
// of ${filename} in every field but the policy and its signature (S3 API
// Reference, "POST Object", Form Fields).
func (f *form) expandFileName() {
	name := f.fileName[strings.LastIndexAny(f.fileName, `/\`)+1:]
	for i, have := range f.fields {
		switch have.name {
		case "policy", "signature", "x-amz-signature":
		default:
			f.fields[i].value = strings.ReplaceAll(have.value, "${filename}", name)
		}
	}
}

// encode writes the fields and the header of the file's part, as a browser
// does: the file's bytes follow. Nothing stands as the client wrote it.
func (f *form) encode() []byte {
	var b bytes.Buffer
	quote := strings.NewReplacer("\\", "\\\\", `"`, `\"`, "\r", "%0D", "\n", "%0A")
	for _, have := range f.fields {
		b.WriteString("--" + f.boundary + "\r\nContent-Disposition: form-data; name=\"" + quote.Replace(have.name) + "\"\r\n\r\n")
		b.WriteString(have.value + "\r\n")
	}
	b.WriteString("--" + f.boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + quote.Replace(f.fileName) + "\"\r\n\r\n")
	return b.Bytes()
}
