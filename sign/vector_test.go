package sign

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/s3"
)

// TestVectors runs every worked example in testdata, stage by stage.
func TestVectors(t *testing.T) {
	cases := 0
	err := filepath.WalkDir("testdata", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".txt" {
			return err
		}
		cases++
		t.Run(strings.TrimSuffix(filepath.ToSlash(path[len("testdata/"):]), ".txt"), func(t *testing.T) {
			runVector(t, readVector(t, path))
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if cases < 67 {
		t.Errorf("testdata has %d cases, want at least 67", cases)
	}
}

// vector is one file of testdata.
type vector struct {
	*testing.T
	input  []s3.Field
	stages map[string]string // those not checked yet
}

func runVector(t *testing.T, v *vector) {
	kinds := map[string]func(*vector){
		"v4 header":        (*vector).v4Header,
		"v4 presign":       (*vector).v4Presign,
		"v4 header stages": (*vector).v4Stages,
		"v4 query stages":  (*vector).v4Stages,
		"v4 chunked":       (*vector).v4Chunked,
		"v4 policy":        (*vector).v4Policy,
		"v4 policy string": (*vector).v4PolicyString,
		"v2 header":        (*vector).v2Header,
		"v2 presign":       (*vector).v2Presign,
		"v2 string":        (*vector).v2String,
		"v2 policy":        (*vector).v2Policy,
		"v2 policy string": (*vector).v2String,
	}
	run := kinds[v.one("sign")]
	if run == nil {
		t.Fatalf("sign: %q is not known", v.one("sign"))
	}
	run(v)
	for name := range v.stages {
		t.Errorf("stage %q was not checked", name)
	}
}

func readVector(t *testing.T, path string) *vector {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	v := &vector{T: t, stages: map[string]string{}}
	sections := strings.Split("\n"+strings.TrimSuffix(string(data), "\n"), "\n-- ")
	if !strings.HasPrefix(sections[0], "\n# Source: ") {
		t.Fatal("the file does not begin with its source")
	}
	for _, section := range sections[1:] {
		name, text, ok := strings.Cut(section, " --\n")
		if !ok {
			t.Fatalf("section %q has no end to its name", section)
		}
		v.stages[name] = text
	}
	for line := range strings.SplitSeq(v.stages["input"], "\n") {
		name, value, _ := strings.Cut(line, ":")
		v.input = append(v.input, s3.Field{Name: name, Value: strings.TrimPrefix(value, " ")})
	}
	delete(v.stages, "input")
	return v
}

// all are the values that the input gives for name.
func (v *vector) all(name string) (values []string) {
	for _, f := range v.input {
		if f.Name == name {
			values = append(values, f.Value)
		}
	}
	return values
}

// one is the value that the input gives for name, or empty.
func (v *vector) one(name string) string {
	if values := v.all(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (v *vector) pairs(name, separator string) (fields []s3.Field) {
	for _, value := range v.all(name) {
		before, after, ok := strings.Cut(value, separator)
		if !ok {
			v.Fatalf("%s: %q has no %q", name, value, separator)
		}
		fields = append(fields, s3.Field{Name: before, Value: after})
	}
	return fields
}

func (v *vector) request() *s3.Request {
	return &s3.Request{
		Method:        v.one("method"),
		Scheme:        "https",
		Host:          v.one("host"),
		VirtualBucket: v.one("virtual bucket"),
		Path:          v.one("path"),
		Query:         v.pairs("query", "="),
		Header:        v.pairs("header", ": "),
		PayloadHash:   v.one("payload hash"),
	}
}

func (v *vector) credentials() *Credentials {
	return &Credentials{v.one("access key ID"), v.one("secret access key"), v.one("session token")}
}

func (v *vector) time(name, layout string) UnixMilli {
	at, err := time.Parse(layout, v.one(name))
	if err != nil {
		v.Fatal(err)
	}
	return UnixMilli(at.UnixMilli())
}

func (v *vector) at() UnixMilli { return v.time("time", "20060102T150405Z") }

func (v *vector) number(name string) int {
	n, err := strconv.Atoi(v.one(name))
	if err != nil {
		v.Fatal(err)
	}
	return n
}

func (v *vector) check(stage string, got []byte) {
	v.Helper()
	want, ok := v.stages[stage]
	if !ok {
		v.Errorf("the file has no %s", stage)
	}
	if string(got) != want {
		v.Errorf("%s = \n%s\nwant\n%s", stage, got, want)
	}
	delete(v.stages, stage)
}

func (v *vector) v4Header() {
	r, c, signer := v.request(), v.credentials(), V4{Service: v.one("service")}
	signer.SignHeader(r, c, v.one("region"), v.at())
	v.checkV4(&signer, r, r.PayloadHash)
	v.check("authorization", r.Authorization)
}

func (v *vector) v4Presign() {
	r, c, signer := v.request(), v.credentials(), V4{Service: v.one("service")}
	if err := signer.Presign(r, c, v.one("region"), v.at(), v.number("expires")); err != nil {
		v.Fatal(err)
	}
	last := r.Query[len(r.Query)-1]
	if want := v.stages["signature"]; last.Name != "X-Amz-Signature" || last.Value != want {
		v.Errorf("last query parameter is %v, want X-Amz-Signature %s", last, want)
	}
	v.checkV4(&signer, r, r.PayloadHash)
}

// v4Stages does not add to the request, so that it can run cases that are not S3's.
func (v *vector) v4Stages() {
	r, signer := v.request(), V4{Service: v.one("service")}
	v.checkV4(&signer, r, r.PayloadHash)
	if want, ok := v.stages["authorization"]; ok {
		signature := want[strings.Index(want, "Signature=")+len("Signature="):]
		v.check("authorization", signer.AppendAuthorization(nil, r, v.one("access key ID"), v.one("region"), v.at(), []byte(signature)))
	}
}

// checkV4 feeds each stage with the one before it as the file has it, so that
// an error shows once.
func (v *vector) checkV4(signer *V4, r *s3.Request, payloadHash string) {
	c, region, at := v.credentials(), v.one("region"), v.at()
	request, toSign := []byte(v.stages["canonical request"]), []byte(v.stages["string to sign"])
	v.check("canonical request", signer.AppendCanonicalRequest(nil, r, payloadHash))
	digest := sha256.Sum256(request)
	v.check("canonical request SHA-256", hex.AppendEncode(nil, digest[:]))
	v.check("string to sign", signer.AppendStringToSign(nil, region, at, request))
	v.check("signing key", hex.AppendEncode(nil, signer.AppendSigningKey(nil, c, region, at)))
	v.check("signature", signer.AppendSignature(nil, c, region, at, toSign))
}

func (v *vector) v4Chunked() {
	r, c, signer := v.request(), v.credentials(), V4{Service: v.one("service")}
	count, text, _ := strings.Cut(v.one("body"), " times ")
	n, err := strconv.Atoi(count)
	if err != nil {
		v.Fatal(err)
	}
	body := bytes.Repeat([]byte(strings.Trim(text, `"`)), n)
	name, value, _ := strings.Cut(v.one("trailer"), ":")
	plan := Chunked{PayloadHash: r.PayloadHash, Size: int64(n), ChunkSize: int64(v.number("chunk size")), Trailer: name, TrailerLength: len(value)}
	if err := plan.Prepare(r); err != nil {
		v.Fatal(err)
	}
	signer.SignHeader(r, c, v.one("region"), v.at())
	chunks, err := signer.Chunks(&plan, r, c, v.one("region"), v.at())
	if err != nil {
		v.Fatal(err)
	}
	encoded := v.chunkStages(&signer, chunks, body, value)
	v.checkV4(&signer, r, r.PayloadHash)
	v.check("encoded length", strconv.AppendInt(nil, plan.EncodedLength(), 10))
	if int64(len(encoded)) != plan.EncodedLength() {
		v.Errorf("encoded body has %d bytes, EncodedLength is %d", len(encoded), plan.EncodedLength())
	}
}

// chunkStages checks each string to sign on its own and each signature in the
// encoded body, which it returns.
func (v *vector) chunkStages(signer *V4, chunks *Chunks, body []byte, trailer string) (encoded []byte) {
	previous := v.stages["signature"]
	for i, rest := 1, body; ; i++ {
		data := rest[:chunks.Next()]
		rest = rest[len(data):]
		digest, stage := sha256.Sum256(data), "chunk "+strconv.Itoa(i)
		v.check(stage+" string to sign", signer.AppendChunkStringToSign(nil, v.one("region"), v.at(), []byte(previous), digest[:]))
		previous = v.stages[stage+" signature"]
		start := len(encoded)
		var err error
		if len(data) == 0 {
			encoded, err = chunks.AppendEnd(encoded, trailer)
		} else {
			encoded, err = chunks.AppendChunk(encoded, data)
		}
		if err != nil {
			v.Fatal(err)
		}
		_, line, _ := bytes.Cut(encoded[start:], []byte(";chunk-signature="))
		v.check(stage+" signature", line[:64])
		if len(data) > 0 {
			continue
		}
		if trailer != "" {
			digest := sha256.Sum256([]byte(v.one("trailer") + "\n"))
			v.check("trailer string to sign", signer.AppendTrailerStringToSign(nil, v.one("region"), v.at(), []byte(previous), digest[:]))
			_, line, _ := bytes.Cut(encoded, []byte("x-amz-trailer-signature:"))
			v.check("trailer signature", line[:64])
		}
		return encoded
	}
}

// policy builds the Policy of the input.
func (v *vector) policy() *Policy {
	p := &Policy{Expiration: v.time("expiration", "2006-01-02T15:04:05.000Z")}
	for _, f := range v.pairs("equal", "=") {
		p.Equal(f.Name, f.Value)
	}
	for _, f := range v.pairs("starts with", "=") {
		p.StartsWith(f.Name, f.Value)
	}
	for _, f := range v.pairs("content length range", "-") {
		least, err := strconv.ParseInt(f.Name, 10, 64)
		most, err2 := strconv.ParseInt(f.Value, 10, 64)
		if err != nil || err2 != nil {
			v.Fatal(err, err2)
		}
		p.ContentLengthRange(least, most)
	}
	for _, f := range v.pairs("field", "=") {
		p.Field(f.Name, f.Value)
	}
	return p
}

func (v *vector) v4Policy() {
	p, c, signer := v.policy(), v.credentials(), V4{}
	if err := signer.Policy(p, c, v.one("region"), v.at()); err != nil {
		v.Fatal(err)
	}
	document := []byte(v.stages["policy document"])
	v.check("policy document", signer.AppendPolicyDocument(nil, p, c, v.one("region"), v.at()))
	v.check("form", formLines(p))
	toSign := v.stages["string to sign"]
	v.check("string to sign", base64.StdEncoding.AppendEncode(nil, document))
	v.stages["string to sign"] = toSign
	v.v4PolicyString()
}

// v4PolicyString signs a policy whose text no builder of ours would write.
func (v *vector) v4PolicyString() {
	signer, toSign := V4{}, v.stages["string to sign"]
	delete(v.stages, "string to sign")
	v.check("signing key", hex.AppendEncode(nil, signer.AppendSigningKey(nil, v.credentials(), v.one("region"), v.at())))
	v.check("signature", signer.AppendSignature(nil, v.credentials(), v.one("region"), v.at(), []byte(toSign)))
}

func formLines(p *Policy) []byte {
	var lines []string
	for _, f := range p.Form {
		lines = append(lines, f.Name+"="+f.Value)
	}
	return []byte(strings.Join(lines, "\n"))
}

// v2Header takes the request as it is: the documents sign a Date header, which
// SignHeader replaces.
func (v *vector) v2Header() {
	r, c, signer := v.request(), v.credentials(), V2{}
	toSign, signature := []byte(v.stages["string to sign"]), []byte(v.stages["signature"])
	v.check("string to sign", signer.AppendStringToSign(nil, r, 0))
	v.check("signature", signer.AppendSignature(nil, c, toSign))
	v.check("authorization", signer.AppendAuthorization(nil, c.AccessKeyID, signature))
}

func (v *vector) v2Presign() {
	r, c, signer := v.request(), v.credentials(), V2{}
	const valid = 900 // seconds: any number will do, for only the end is signed
	expires := v.number("expires")
	if err := signer.Presign(r, c, UnixMilli(expires-valid)*1000, valid); err != nil {
		v.Fatal(err)
	}
	want := []s3.Field{{Name: "AWSAccessKeyId", Value: c.AccessKeyID}, {Name: "Expires", Value: v.one("expires")}, {Name: "Signature", Value: v.stages["signature"]}}
	if !slices.Equal(r.Query, want) {
		v.Errorf("query = %v, want %v", r.Query, want)
	}
	toSign := []byte(v.stages["string to sign"])
	v.check("string to sign", signer.AppendStringToSign(nil, r, int64(expires)))
	v.check("signature", signer.AppendSignature(nil, c, toSign))
}

func (v *vector) v2Policy() {
	p, c, signer := v.policy(), v.credentials(), V2{}
	if err := signer.Policy(p, c, v.at()); err != nil {
		v.Fatal(err)
	}
	document, toSign := []byte(v.stages["policy document"]), []byte(v.stages["string to sign"])
	v.check("policy document", signer.AppendPolicyDocument(nil, p, c))
	v.check("form", formLines(p))
	v.check("string to sign", base64.StdEncoding.AppendEncode(nil, document))
	v.check("signature", signer.AppendSignature(nil, c, toSign))
}

// v2String signs a string that is given, with nothing before it to check.
func (v *vector) v2String() {
	signer, toSign := V2{}, v.stages["string to sign"]
	delete(v.stages, "string to sign")
	v.check("signature", signer.AppendSignature(nil, v.credentials(), []byte(toSign)))
}
