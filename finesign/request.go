package finesign

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

const (
	algorithm = "AWS4-HMAC-SHA256"

	// maxHeaders bounds the headers of a request to be signed.
	maxHeaders = 100
)

// A demand is one request that the page wants a signature for, as its text says
// it and before anything is believed.
type demand struct {
	date  string // x-amz-date
	scope string // Version 4 only

	// request is what would be sent. Its path is as in the text: of the host in
	// Version 4, with the bucket in front in Version 2.
	request s3.Request
}

// parseV4 reads the string to sign of Version 4 with the whole canonical
// request where its hash belongs, which is what Fine Uploader sends.
//
// S3 API Reference, "Signature Calculations for the Authorization Header",
// Task 1 and Task 2.
func parseV4(text string) (*demand, error) {
	lines := strings.Split(text, "\n")
	// Algorithm, date, scope, method, path, query; the headers; an empty line,
	// the signed headers, the payload hash.
	const before, after = 6, 3
	if len(lines) < before+after+1 || len(lines) > before+after+maxHeaders {
		return nil, errors.New("version 4: the text has too few lines, or too many")
	}
	if !printable(strings.ReplaceAll(text, "\n", "")) {
		return nil, errors.New("version 4: the text has control characters or is not UTF-8")
	}
	if lines[0] != algorithm {
		return nil, fmt.Errorf("version 4: the algorithm is %.40q", lines[0])
	}
	d := &demand{scope: lines[2]}
	d.request.Method, d.request.Path = lines[3], lines[4]
	var err error
	if d.request.Query, err = parseQuery(lines[5]); err != nil {
		return nil, err
	}
	end := len(lines) - after
	header, err := parseHeader(lines[before:end])
	if err != nil {
		return nil, err
	}
	d.request.PayloadHash = lines[end+2]
	d.request.SignedHost, _ = s3.HeaderValue(header, "host")
	d.request.Header = slices.DeleteFunc(header, func(f s3.Field) bool { return f.Name == "host" })
	d.date, _ = s3.HeaderValue(header, "x-amz-date")
	if d.date != lines[1] {
		return nil, errors.New("version 4: the date is not that of the header x-amz-date")
	}
	// Word it again: what was read is all that the text says, or it is refused.
	again := new(sign.V4).AppendCanonicalRequest(nil, &d.request, d.request.PayloadHash)
	if string(again) != strings.Join(lines[3:], "\n") {
		return nil, errors.New("version 4: the text is not the canonical request of what it says")
	}
	return d, nil
}

// parseV2 reads the string to sign of Version 2.
//
// S3 Developer Guide, "Signing and Authenticating REST Requests", section
// "Constructing the CanonicalizedResource Element" and those around it.
func parseV2(text string) (*demand, error) {
	lines := strings.Split(text, "\n")
	// Method, MD5, content type, date; the headers; the resource.
	const before, after = 4, 1
	if len(lines) < before+after+1 || len(lines) > before+after+maxHeaders {
		return nil, errors.New("version 2: the text has too few lines, or too many")
	}
	if !printable(strings.ReplaceAll(text, "\n", "")) {
		return nil, errors.New("version 2: the text has control characters or is not UTF-8")
	}
	if lines[3] != "" {
		// The expiry of a presigned URL, or a date that x-amz-date overrides.
		return nil, errors.New("version 2: the line of the date is not empty")
	}
	end := len(lines) - after
	header, err := parseHeader(lines[before:end])
	if err != nil {
		return nil, err
	}
	d := new(demand)
	var found bool
	if d.date, found = s3.HeaderValue(header, "x-amz-date"); !found {
		return nil, errors.New("version 2: there is no x-amz-date")
	}
	d.request.Method, d.request.Header = lines[0], header
	for i, name := range []string{"content-md5", "content-type"} {
		if _, twice := s3.HeaderValue(header, name); twice {
			return nil, fmt.Errorf("version 2: %s does not stand where it belongs", name)
		}
		if value := lines[i+1]; value != "" {
			d.request.Header = append(d.request.Header, s3.Field{Name: name, Value: value})
		}
	}
	path, query, _ := strings.Cut(lines[end], "?")
	d.request.Path = path
	if d.request.Query, err = parseQuery(query); err != nil {
		return nil, err
	}
	again := new(sign.V2).AppendStringToSign(nil, &d.request, 0)
	if string(again) != text {
		return nil, errors.New("version 2: the text is not the string to sign of what it says")
	}
	return d, nil
}

// parseHeader reads lines of the form name:value.
func parseHeader(lines []string) ([]s3.Field, error) {
	var header []s3.Field
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		if !ok || !headerName(name) {
			return nil, fmt.Errorf("the line %.60q is no header", line)
		}
		if _, twice := s3.HeaderValue(header, name); twice {
			return nil, fmt.Errorf("the header %q comes twice", name)
		}
		header = append(header, s3.Field{Name: name, Value: value})
	}
	return header, nil
}

// queries are the parameters of what can be asked for.
var queries = []string{"uploads", "uploadId", "partNumber", "max-parts", "part-number-marker"}

// parseQuery reads "uploads", "uploadId=ID" or "partNumber=1&uploadId=ID" and
// their like, with escapes or without.
func parseQuery(text string) ([]s3.Field, error) {
	var query []s3.Field
	for pair := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if !slices.Contains(queries, name) {
			return nil, fmt.Errorf("the query %.60q is of no request that is signed here", text)
		}
		value, err := url.PathUnescape(value)
		if err != nil {
			return nil, fmt.Errorf("the query %.60q is not escaped well", text)
		}
		query = append(query, s3.Field{Name: name, Value: value})
	}
	return query, nil
}

// signRequest answers with the signature of one of the four requests of an
// upload in parts.
func (h *Handler) signRequest(v version, text string, s *Scope) (*signedRequest, error) {
	parse := parseV4
	if v == sign2 {
		parse = parseV2
	}
	d, err := parse(text)
	if err != nil {
		return nil, err
	}
	at, err := h.date(d.date, sign.UnixMilli(h.config.Now().UnixMilli()))
	if err != nil {
		return nil, err
	}
	if v == sign4 {
		if err := h.checkV4(d, at); err != nil {
			return nil, err
		}
	}
	key, err := h.key(v, &d.request, s.Bucket)
	if err != nil {
		return nil, err
	}
	if err := s.allowsKey(key); err != nil {
		return nil, err
	}
	if err := s.allowsRequest(&d.request); err != nil {
		return nil, err
	}
	if v == sign2 {
		return &signedRequest{string(new(sign.V2).AppendSignature(nil, h.credentials, []byte(text)))}, nil
	}
	var signer sign.V4
	canonical := signer.AppendCanonicalRequest(nil, &d.request, d.request.PayloadHash)
	toSign := signer.AppendStringToSign(nil, h.config.Region, at, canonical)
	return &signedRequest{string(signer.AppendSignature(nil, h.credentials, h.config.Region, at, toSign))}, nil
}

// checkV4 holds what only Version 4 says: the credential scope, and that the
// payload hash is that of the header.
func (h *Handler) checkV4(d *demand, at sign.UnixMilli) error {
	if scope := new(sign.V4).AppendScope(nil, h.config.Region, at); d.scope != string(scope) {
		return fmt.Errorf("the credential scope is %.80q: its day, region or service is another", d.scope)
	}
	if hash, _ := s3.HeaderValue(d.request.Header, "x-amz-content-sha256"); hash != d.request.PayloadHash {
		return errors.New("the payload hash is not that of x-amz-content-sha256")
	}
	if !isDigest(d.request.PayloadHash) {
		return fmt.Errorf("the payload hash %.80q is no SHA-256", d.request.PayloadHash)
	}
	return nil
}

func isDigest(text string) bool {
	return len(text) == 2*sign.DigestSize && strings.Trim(text, "0123456789abcdef") == ""
}

// key is the key of the object that r is about, when it is about one in bucket.
func (h *Handler) key(v version, r *s3.Request, bucket string) (string, error) {
	path, ok := strings.CutPrefix(r.Path, "/")
	inPath := v == sign2
	if v == sign4 {
		i := slices.IndexFunc(h.addresses, func(a address) bool { return a.host(bucket) == r.SignedHost })
		if i < 0 {
			return "", fmt.Errorf("the host %.100q is not one of bucket %q", r.SignedHost, bucket)
		}
		inPath = h.addresses[i].path
	}
	if ok && inPath {
		path, ok = strings.CutPrefix(path, bucket+"/")
	}
	if !ok {
		return "", fmt.Errorf("the path %.100q is not one in bucket %q", r.Path, bucket)
	}
	key, err := url.PathUnescape(path)
	if err != nil || string(s3.AppendEscaped(nil, key, true)) != path {
		return "", fmt.Errorf("the path %.100q is not escaped as the store does it", r.Path)
	}
	return key, nil
}
