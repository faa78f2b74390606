package sign_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

func trailerPlan(size int64) *sign.Chunked {
	return &sign.Chunked{PayloadHash: sign.StreamingPayloadTrailer, Size: size, Trailer: "x-amz-checksum-crc32c", TrailerLength: 8}
}

// signedChunks is the body of a request that is signed for plan.
func signedChunks(t *testing.T, plan *sign.Chunked) *sign.Chunks {
	t.Helper()
	r, v := uploadPart(), new(sign.V4)
	must(t, plan.Prepare(r))
	v.SignHeader(r, exampleCredentials, "r", exampleTime)
	chunks, err := v.Chunks(plan, r, exampleCredentials, "r", exampleTime)
	must(t, err)
	return chunks
}

// The bounds of S3 API Reference, "Signature Calculations for the Authorization
// Header: Transferring Payload in Multiple Chunks", and of one PUT.
func TestChunkedPrepare_bounds(t *testing.T) {
	cases := []struct {
		name string
		plan sign.Chunked
		ok   bool
	}{
		{"nothing", sign.Chunked{}, false},
		{"a payload hash that is a hash", sign.Chunked{PayloadHash: sign.EmptyPayload}, false},
		{"an empty body", sign.Chunked{PayloadHash: sign.StreamingPayload}, true},
		{"a negative size", sign.Chunked{PayloadHash: sign.StreamingPayload, Size: -1}, false},
		{"the largest body", sign.Chunked{PayloadHash: sign.StreamingPayload, Size: sign.MaxChunkedSize}, true},
		{"one byte more", sign.Chunked{PayloadHash: sign.StreamingPayload, Size: sign.MaxChunkedSize + 1}, false},
		{"chunks one byte too small", sign.Chunked{PayloadHash: sign.StreamingPayload, ChunkSize: sign.MinChunkSize - 1}, false},
		{"the smallest chunks", sign.Chunked{PayloadHash: sign.StreamingPayload, ChunkSize: sign.MinChunkSize}, true},
		{"chunks one byte larger", sign.Chunked{PayloadHash: sign.StreamingPayload, ChunkSize: sign.MinChunkSize + 1}, true},
		{"a trailer that the hash does not announce", sign.Chunked{PayloadHash: sign.StreamingPayload, Trailer: "a", TrailerLength: 1}, false},
		{"a trailer missing", sign.Chunked{PayloadHash: sign.StreamingUnsignedTrailer}, false},
		{"a trailer without a value", sign.Chunked{PayloadHash: sign.StreamingPayloadTrailer, Trailer: "a"}, false},
		{"a trailer", sign.Chunked{PayloadHash: sign.StreamingUnsignedTrailer, Trailer: "a", TrailerLength: 1}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := uploadPart()
			err := c.plan.Prepare(r)
			if (err == nil) != c.ok || (c.plan.EncodedLength() > 0) != c.ok {
				t.Errorf("Prepare = %v, EncodedLength = %d, want success %v", err, c.plan.EncodedLength(), c.ok)
			}
			if err != nil && (r.PayloadHash != sign.UnsignedPayload || len(r.Header) != 2) {
				t.Errorf("a refused Prepare changed the request: %v", r.Header)
			}
		})
	}
}

func TestChunkedPrepare_headers(t *testing.T) {
	r := uploadPart()
	r.Header = append(r.Header, s3.Field{Name: "Content-Encoding", Value: " br "}, s3.Field{Name: "content-encoding"}, s3.Field{Name: "content-encoding", Value: "gzip"})
	for range 2 { // the second time, for a retry, changes nothing
		must(t, trailerPlan(123).Prepare(r))
		want := []s3.Field{{Name: "content-type", Value: "video/quicktime"}, {Name: "x-amz-checksum-crc32c", Value: "sOO8/Q=="},
			{Name: "content-encoding", Value: "aws-chunked,br,gzip"}, {Name: "x-amz-decoded-content-length", Value: "123"}, {Name: "x-amz-trailer", Value: "x-amz-checksum-crc32c"}}
		if !slices.Equal(r.Header, want) || r.PayloadHash != sign.StreamingPayloadTrailer {
			t.Errorf("header = %v\nwant %v", r.Header, want)
		}
	}
}

// Lengths that no test would care to encode.
func TestChunkedEncodedLength_largest(t *testing.T) {
	const chunks = sign.MaxChunkedSize / sign.DefaultChunkSize
	signed := sign.Chunked{PayloadHash: sign.StreamingPayload, Size: sign.MaxChunkedSize}
	want := sign.MaxChunkedSize + int64(chunks*(len("10000;chunk-signature=\r\n\r\n")+64)+len("0;chunk-signature=\r\n\r\n")+64)
	if got := signed.EncodedLength(); got != want {
		t.Errorf("signed: EncodedLength = %d, want %d", got, want)
	}
	whole := trailerPlan(sign.MaxChunkedSize)
	whole.PayloadHash, whole.ChunkSize = sign.StreamingUnsignedTrailer, sign.MaxChunkedSize
	want = sign.MaxChunkedSize + int64(len("140000000\r\n\r\n0\r\nx-amz-checksum-crc32c:12345678\r\n\r\n"))
	if got := whole.EncodedLength(); got != want {
		t.Errorf("one unsigned chunk: EncodedLength = %d, want %d", got, want)
	}
}

func TestChunks_needASignedRequest(t *testing.T) {
	r, v, plan := uploadPart(), new(sign.V4), trailerPlan(1)
	must(t, plan.Prepare(r))
	if _, err := v.Chunks(plan, r, exampleCredentials, "r", exampleTime); err == nil {
		t.Error("an unsigned request got chunks")
	}
	must(t, v.Presign(r, exampleCredentials, "r", exampleTime, 1))
	if _, err := v.Chunks(plan, r, exampleCredentials, "r", exampleTime); err == nil {
		t.Error("a presigned request got chunks")
	}
	v.SignHeader(r, exampleCredentials, "r", exampleTime)
	if _, err := v.Chunks(&sign.Chunked{}, r, exampleCredentials, "r", exampleTime); err == nil {
		t.Error("an empty plan got chunks")
	}
}

func TestChunks_refuseOtherLengths(t *testing.T) {
	body := make([]byte, sign.DefaultChunkSize+1)
	chunks := signedChunks(t, trailerPlan(int64(len(body))))
	refused := func(what string, got []byte, err error) {
		t.Helper()
		if !errors.Is(err, sign.ErrChunkLength) || len(got) != 0 {
			t.Errorf("%s: %d bytes, error %v, want ErrChunkLength", what, len(got), err)
		}
	}
	got, err := chunks.AppendChunk(nil, body)
	refused("a chunk too long", got, err)
	got, err = chunks.AppendChunk(nil, body[:sign.DefaultChunkSize-1])
	refused("a chunk too short", got, err)
	got, err = chunks.AppendEnd(nil, "sOO8/Q==")
	refused("an end too early", got, err)
	_, err = chunks.AppendChunk(nil, body[:sign.DefaultChunkSize])
	must(t, err)
	_, err = chunks.AppendChunk(nil, body[sign.DefaultChunkSize:])
	must(t, err)
	got, err = chunks.AppendChunk(nil, nil)
	refused("a chunk after the last", got, err)
	got, err = chunks.AppendEnd(nil, "sOO8/Q=")
	refused("another trailer length", got, err)
	_, err = chunks.AppendEnd(nil, "sOO8/Q==")
	must(t, err)
}

// A driver that never holds the data sends the heads around it: the same bytes.
func TestChunksAppendHead_isAppendChunkWithoutData(t *testing.T) {
	body := bytes.Repeat([]byte("abc"), 50000)
	plan := trailerPlan(int64(len(body)))
	want, got := signedChunks(t, plan), signedChunks(t, plan)
	var wantBytes, gotBytes []byte
	for rest := body; len(rest) > 0; {
		data := rest[:want.Next()]
		rest = rest[len(data):]
		var err error
		wantBytes, err = want.AppendChunk(wantBytes, data)
		must(t, err)
		gotBytes = append(append(got.AppendHead(gotBytes, sha256.Sum256(data)), data...), "\r\n"...)
	}
	wantEnd, err := want.AppendEnd(wantBytes, "sOO8/Q==")
	must(t, err)
	gotEnd, err := got.AppendEnd(gotBytes, "sOO8/Q==")
	must(t, err)
	if !bytes.Equal(gotEnd, wantEnd) {
		t.Error("the bodies differ")
	}
}
