package judge

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"testing"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
	"github.com/bucketline/bucketline/test/e2e/harness"
)

// crc32c is the checksum of data as a trailer has it.
func crc32c(data []byte) string {
	sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return base64.StdEncoding.EncodeToString([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
}

// chunked puts data as aws-chunked; with a trailer when k has one.
func (h *hand) chunked(t *testing.T, o *s3.Object, data []byte, k sign.Chunked) answer {
	t.Helper()
	trailer := ""
	if k.Trailer != "" {
		trailer = crc32c(data)
		k.TrailerLength = len(trailer)
	}
	return h.chunkedAs(t, o, data, k, trailer)
}

func (h *hand) chunkedAs(t *testing.T, o *s3.Object, data []byte, k sign.Chunked, trailer string) answer {
	t.Helper()
	k.Size = int64(len(data))
	var r s3.Request
	if err := h.address.PutObject(&r, o); err != nil {
		t.Fatal(err)
	}
	if err := k.Prepare(&r); err != nil {
		t.Fatal(err)
	}
	at := now()
	h.v4.SignHeader(&r, &h.credentials, h.address.Region, at)
	chunks, err := h.v4.Chunks(&k, &r, &h.credentials, h.address.Region, at)
	if err != nil {
		t.Fatal(err)
	}
	var body []byte
	for rest := data; len(rest) > 0; {
		n := chunks.Next()
		if body, err = chunks.AppendChunk(body, rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if body, err = chunks.AppendEnd(body, trailer); err != nil {
		t.Fatal(err)
	}
	if int64(len(body)) != k.EncodedLength() {
		t.Errorf("the body has %d bytes, EncodedLength says %d", len(body), k.EncodedLength())
	}
	return send(t, &r, body)
}

var chunkings = []sign.Chunked{
	{PayloadHash: sign.StreamingPayload},
	{PayloadHash: sign.StreamingPayload, ChunkSize: sign.MinChunkSize},
	{PayloadHash: sign.StreamingPayloadTrailer, Trailer: "x-amz-checksum-crc32c"},
	{PayloadHash: sign.StreamingUnsignedTrailer, Trailer: "x-amz-checksum-crc32c"},
}

func TestChunked_isStored(t *testing.T) {
	c := convene(t)
	for _, h := range c.hands(t) {
		if h.version == 2 {
			continue // Version 2 has no chunks
		}
		for i, k := range chunkings {
			for _, size := range []int{0, 1, sign.MinChunkSize, sign.DefaultChunkSize, sign.DefaultChunkSize + 1, mib + 7} {
				o := described(fmt.Sprintf("chunked/%s/%d/%d %s", h.name, i, size, oddNames[2]))
				data := harness.Bytes(uint32(size), size)
				h.chunked(t, &o, data, k).must(t, fmt.Sprintf("%s, %s, %d bytes", h.name, k.PayloadHash, size), 200)
				c.check(t, &o, data)
			}
		}
	}
}

// A trailer that is not the checksum of the data must not be believed.
func TestChunked_wrongTrailerIsRefused(t *testing.T) {
	c := convene(t)
	for _, h := range c.hands(t) {
		if h.version == 2 {
			continue
		}
		for _, k := range chunkings[2:] {
			o := described("damaged/" + h.name)
			trailer := crc32c([]byte("other"))
			k.TrailerLength = len(trailer)
			if a := h.chunkedAs(t, &o, []byte("data"), k, trailer); a.status != 400 {
				t.Errorf("%s, %s: %v, want 400", h.name, k.PayloadHash, a)
			}
		}
	}
	c.absent(t, "damaged/")
}
