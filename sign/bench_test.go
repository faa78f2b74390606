package sign_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// twin is r as net/http has it.
func twin(r *s3.Request) *http.Request {
	theirs := sdkTwin(r, http.Header{})
	theirs.URL.Opaque, theirs.URL.Path = "", "/users/alice/holiday film.mov"
	for _, f := range r.Header {
		theirs.Header.Add(f.Name, f.Value)
	}
	theirs.Header.Set("X-Amz-Content-Sha256", r.PayloadHash)
	return theirs
}

// BenchmarkV4SignHeader signs one UploadPart with a session token, over and
// over: the way of every request of an upload.
func BenchmarkV4SignHeader(b *testing.B) {
	b.Run("bucketline", func(b *testing.B) {
		r, v, at := uploadPart(), new(sign.V4), exampleTime
		b.ReportAllocs()
		for b.Loop() {
			at++
			v.SignHeader(r, exampleCredentials, "eu-west-1", at)
		}
	})
	b.Run("aws-sdk-go-v2", func(b *testing.B) {
		r, signer, c, at := twin(uploadPart()), sdkSigner(), awsCredentials(exampleCredentials), time.UnixMilli(int64(exampleTime))
		b.ReportAllocs()
		for b.Loop() {
			at = at.Add(time.Millisecond)
			if err := signer.SignHTTP(context.Background(), c, r, sign.UnsignedPayload, "s3", "eu-west-1", at); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("minio-go", func(b *testing.B) {
		r, c := twin(uploadPart()), exampleCredentials
		b.ReportAllocs()
		for b.Loop() {
			signer.SignV4(*r, c.AccessKeyID, c.SecretAccessKey, c.SessionToken, "eu-west-1")
		}
	})
}

// BenchmarkV4SignHeader_newDay derives the key each time.
func BenchmarkV4SignHeader_newDay(b *testing.B) {
	r, v, at := uploadPart(), new(sign.V4), exampleTime
	b.ReportAllocs()
	for b.Loop() {
		at += 86400000
		v.SignHeader(r, exampleCredentials, "eu-west-1", at)
	}
}

func BenchmarkV4Presign(b *testing.B) {
	b.Run("bucketline", func(b *testing.B) {
		r, v := uploadPart(), new(sign.V4)
		b.ReportAllocs()
		for b.Loop() {
			must(b, v.Presign(r, exampleCredentials, "eu-west-1", exampleTime, 900))
		}
	})
	b.Run("aws-sdk-go-v2", func(b *testing.B) {
		r, signer, c, at := twin(uploadPart()), sdkSigner(), awsCredentials(exampleCredentials), time.UnixMilli(int64(exampleTime))
		r.URL.RawQuery += "&X-Amz-Expires=900"
		b.ReportAllocs()
		for b.Loop() {
			_, _, err := signer.PresignHTTP(context.Background(), c, r, sign.UnsignedPayload, "s3", "eu-west-1", at)
			must(b, err)
		}
	})
	b.Run("minio-go", func(b *testing.B) {
		r, c := twin(uploadPart()), exampleCredentials
		b.ReportAllocs()
		for b.Loop() {
			fresh := *r.URL // PreSignV4 writes the signature into it
			again := *r
			again.URL = &fresh
			signer.PreSignV4(again, c.AccessKeyID, c.SecretAccessKey, c.SessionToken, "eu-west-1", 900)
		}
	})
}

func BenchmarkV2SignHeader(b *testing.B) {
	b.Run("bucketline", func(b *testing.B) {
		r, v, at := uploadPart(), new(sign.V2), exampleTime
		b.ReportAllocs()
		for b.Loop() {
			at++
			v.SignHeader(r, exampleCredentials, at)
		}
	})
	b.Run("minio-go", func(b *testing.B) {
		r, c := twin(uploadPart()), exampleCredentials
		r.Header.Set("X-Amz-Security-Token", c.SessionToken)
		b.ReportAllocs()
		for b.Loop() {
			signer.SignV2(*r, c.AccessKeyID, c.SecretAccessKey, true)
		}
	})
}

func BenchmarkV4Policy(b *testing.B) {
	p, v := simplePolicy(), new(sign.V4)
	p.ContentLengthRange(0, 5<<30)
	b.ReportAllocs()
	for b.Loop() {
		must(b, v.Policy(p, exampleCredentials, "eu-west-1", 1))
	}
}

// BenchmarkV4SignHeader_limits signs 2 KB of metadata, the most that S3 takes,
// in headers of the worst order, with the longest key.
func BenchmarkV4SignHeader_limits(b *testing.B) {
	r, v := uploadPart(), new(sign.V4)
	r.Path = "/" + string(s3.AppendEscaped(nil, strings.Repeat("é/", 341), true))
	for i := range 100 {
		name := "x-amz-meta-" + string(rune('z'-i/26)) + string(rune('z'-i%26))
		r.Header = append(r.Header, s3.Field{Name: name, Value: "12345678"})
	}
	b.ReportAllocs()
	for b.Loop() {
		v.SignHeader(r, exampleCredentials, "eu-west-1", exampleTime)
	}
}

func BenchmarkChunks(b *testing.B) {
	body := make([]byte, sign.DefaultChunkSize)
	r, v, plan := uploadPart(), new(sign.V4), &sign.Chunked{PayloadHash: sign.StreamingPayload, Size: sign.MaxChunkedSize}
	must(b, plan.Prepare(r))
	v.SignHeader(r, exampleCredentials, "eu-west-1", exampleTime)
	chunks, err := v.Chunks(plan, r, exampleCredentials, "eu-west-1", exampleTime)
	must(b, err)
	var encoded []byte
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if chunks.Next() == 0 {
			chunks, err = v.Chunks(plan, r, exampleCredentials, "eu-west-1", exampleTime)
			must(b, err)
		}
		encoded, err = chunks.AppendChunk(encoded[:0], body)
		must(b, err)
	}
}
