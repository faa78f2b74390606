package sign

import (
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/s3"
)

// Bounds of a chunked body, in bytes.
const (
	// MinChunkSize is the least size of a chunk that is not the last.
	MinChunkSize = 8 << 10

	// DefaultChunkSize is AWS's advice, and what other clients send.
	DefaultChunkSize = 64 << 10

	// MaxChunkedSize is the largest body of one PUT.
	MaxChunkedSize = 5 << 30
)

// ErrChunkLength reports a chunk, or a body, that is not as long as its Chunked
// said.
var ErrChunkLength = errors.New("aws-chunked: length differs from the one announced")

// Chunked says how a body is sent as aws-chunked: in chunks, each signed or
// none, with or without a trailer that carries the checksum.
//
// Its order: Prepare writes the headers, [V4.SignHeader] signs them, [V4.Chunks]
// goes on from that signature.
//
// S3 API Reference, "Signature Calculations for the Authorization Header:
// Transferring Payload in Multiple Chunks" and "… Including Trailing Headers".
type Chunked struct {
	// PayloadHash is StreamingPayload, StreamingPayloadTrailer or
	// StreamingUnsignedTrailer.
	PayloadHash string

	// Size is that of the body before encoding, in bytes, to MaxChunkedSize.
	Size int64

	// ChunkSize is that of each chunk but the last, in bytes, at least
	// MinChunkSize; 0 means DefaultChunkSize.
	ChunkSize int64

	// Trailer is the lower-case name of the trailing header, such as
	// "x-amz-checksum-crc32c", and TrailerLength the length of its value. Both
	// are empty without a trailer.
	Trailer       string
	TrailerLength int
}

const (
	chunkSignature   = ";chunk-signature="
	trailerSignature = "x-amz-trailer-signature:"
	hexDigits        = 64 // of a signature
)

// Prepare puts the headers of a chunked body into r, and its PayloadHash. A
// content encoding that r has already follows aws-chunked. The error says that
// the fields of k do not go together.
func (k *Chunked) Prepare(r *s3.Request) error {
	if err := k.check(); err != nil {
		return err
	}
	encoding := "aws-chunked"
	for _, f := range r.Header {
		value := strings.TrimSpace(f.Value)
		if equalFold(f.Name, "content-encoding") && value != "" && value != "aws-chunked" {
			encoding += "," + strings.TrimPrefix(value, "aws-chunked,")
		}
	}
	r.PayloadHash = k.PayloadHash
	r.Header = setField(r.Header, "content-encoding", encoding)
	r.Header = setField(r.Header, "x-amz-decoded-content-length", strconv.FormatInt(k.Size, 10))
	r.Header = setField(r.Header, "x-amz-trailer", k.Trailer)
	return nil
}

// EncodedLength is the number of bytes that the body has on the wire: the
// Content-Length. It is 0 for a Chunked that Prepare refuses.
func (k *Chunked) EncodedLength() int64 {
	if k.check() != nil {
		return 0
	}
	chunk := k.chunkSize()
	length := k.Size / chunk * k.chunkLength(chunk)
	if last := k.Size % chunk; last > 0 {
		length += k.chunkLength(last)
	}
	length += k.chunkLength(0) // its second CRLF ends the trailer, if there is one
	if k.Trailer != "" {
		length += int64(len(k.Trailer) + len(":") + k.TrailerLength + len("\r\n"))
		if k.signed() {
			length += int64(len(trailerSignature) + hexDigits + len("\r\n"))
		}
	}
	return length
}

// chunkLength is that of a chunk of size bytes on the wire.
func (k *Chunked) chunkLength(size int64) int64 {
	var buf [16]byte
	length := int64(len(strconv.AppendInt(buf[:0], size, 16))+2*len("\r\n")) + size
	if k.signed() {
		length += int64(len(chunkSignature) + hexDigits)
	}
	return length
}

func (k *Chunked) signed() bool { return k.PayloadHash != StreamingUnsignedTrailer }

func (k *Chunked) chunkSize() int64 {
	if k.ChunkSize == 0 {
		return DefaultChunkSize
	}
	return k.ChunkSize
}

func (k *Chunked) check() error {
	switch k.PayloadHash {
	case StreamingPayload:
		if k.Trailer != "" || k.TrailerLength != 0 {
			return errors.New("aws-chunked: this payload hash has no trailer")
		}
	case StreamingPayloadTrailer, StreamingUnsignedTrailer:
		if k.Trailer == "" || k.TrailerLength <= 0 {
			return errors.New("aws-chunked: this payload hash needs a trailer")
		}
	default:
		return errors.New("aws-chunked: not a payload hash for chunks: " + k.PayloadHash)
	}
	if k.Size < 0 || k.Size > MaxChunkedSize {
		return errors.New("aws-chunked: size out of range")
	}
	if k.chunkSize() < MinChunkSize {
		return errors.New("aws-chunked: chunks too small")
	}
	return nil
}

// Chunks writes the chunks of one body, in order. It does not depend on the V4
// that made it, so that other requests can be signed between two chunks.
type Chunks struct {
	plan     Chunked
	done     int64 // bytes of the body that have a head
	signer   V4    // for its service alone
	region   string
	at       UnixMilli
	key      *mac   // nil when chunks are unsigned
	previous []byte // signature, in hexadecimal
	toSign   []byte
}

// Chunks starts the body of r, which Prepare and then SignHeader have filled,
// the latter with the same credentials, region and time.
func (v *V4) Chunks(k *Chunked, r *s3.Request, c *Credentials, region string, at UnixMilli) (*Chunks, error) {
	if err := k.check(); err != nil {
		return nil, err
	}
	const before = ", Signature="
	seed := len(r.Authorization) - hexDigits
	if seed < len(before) || string(r.Authorization[seed-len(before):seed]) != before {
		return nil, errors.New("aws-chunked: the request is not signed in its header")
	}
	n := &Chunks{plan: *k, signer: V4{Service: v.Service}, region: region, at: at}
	if k.signed() {
		n.key = newMAC256(v.AppendSigningKey(nil, c, region, at))
		n.previous = append(n.previous, r.Authorization[seed:]...)
	}
	return n, nil
}

// Next is the length of the data that the next chunk must have, in bytes; 0
// when only AppendEnd is left.
func (n *Chunks) Next() int64 { return min(n.plan.chunkSize(), n.plan.Size-n.done) }

// AppendChunk appends the next chunk: its head, data, and the line end. data
// must be Next bytes; the error is ErrChunkLength.
func (n *Chunks) AppendChunk(dst, data []byte) ([]byte, error) {
	if int64(len(data)) != n.Next() || len(data) == 0 {
		return dst, ErrChunkLength
	}
	var digest [DigestSize]byte
	if n.key != nil {
		digest = sum256(data)
	}
	dst = append(n.AppendHead(dst, digest), data...)
	return append(dst, "\r\n"...), nil
}

// AppendHead appends the line before the data of the next chunk, which is the
// caller's to send, Next bytes, with "\r\n" after them. digest is the SHA-256
// of the data; chunks that are unsigned ignore it.
func (n *Chunks) AppendHead(dst []byte, digest [DigestSize]byte) []byte {
	size := n.Next()
	n.done += size
	dst = strconv.AppendInt(dst, size, 16)
	if n.key != nil {
		n.toSign = n.signer.AppendChunkStringToSign(n.toSign[:0], n.region, n.at, n.previous, digest[:])
		dst = n.appendSignature(append(dst, chunkSignature...))
	}
	return append(dst, "\r\n"...)
}

// AppendEnd appends what follows the last chunk: the chunk without data and,
// if there is one, the trailer with this value. The error is ErrChunkLength
// when data is missing or the value has another length than announced.
func (n *Chunks) AppendEnd(dst []byte, trailer string) ([]byte, error) {
	if n.done != n.plan.Size || len(trailer) != n.plan.TrailerLength {
		return dst, ErrChunkLength
	}
	dst = n.AppendHead(dst, sum256(nil))
	if n.plan.Trailer == "" {
		return append(dst, "\r\n"...), nil
	}
	start := len(dst)
	dst = append(append(dst, n.plan.Trailer...), ':')
	dst = append(append(dst, trailer...), '\n') // what is hashed; sent with CRLF
	digest := sum256(dst[start:])
	dst = append(dst[:len(dst)-1], "\r\n"...)
	if n.key != nil {
		n.toSign = n.signer.AppendTrailerStringToSign(n.toSign[:0], n.region, n.at, n.previous, digest[:])
		dst = append(n.appendSignature(append(dst, trailerSignature...)), "\r\n"...)
	}
	return append(dst, "\r\n"...), nil
}

// appendSignature signs n.toSign and keeps the signature for the next chunk.
func (n *Chunks) appendSignature(dst []byte) []byte {
	n.previous = hex.AppendEncode(n.previous[:0], n.key.sum(n.toSign))
	return append(dst, n.previous...)
}

// AppendChunkStringToSign appends the string to sign for a chunk: previous is
// the signature, in hexadecimal, of the chunk before it or, for the first, of
// the request; digest is the SHA-256 of its data.
//
// S3 API Reference, "Signature Calculations for the Authorization Header:
// Transferring Payload in Multiple Chunks".
func (v *V4) AppendChunkStringToSign(dst []byte, region string, at UnixMilli, previous, digest []byte) []byte {
	dst = v.appendStringHead(dst, algorithmV4+"-PAYLOAD", region, at)
	dst = append(append(dst, previous...), '\n')
	return hex.AppendEncode(append(dst, EmptyPayload+"\n"...), digest)
}

// AppendTrailerStringToSign appends the string to sign for the trailer:
// previous is the signature of the chunk without data; digest is the SHA-256 of
// "name:value\n".
//
// S3 API Reference, "… Including Trailing Headers".
func (v *V4) AppendTrailerStringToSign(dst []byte, region string, at UnixMilli, previous, digest []byte) []byte {
	dst = v.appendStringHead(dst, algorithmV4+"-TRAILER", region, at)
	return hex.AppendEncode(append(append(dst, previous...), '\n'), digest)
}
