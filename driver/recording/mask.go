package recording

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/xml"
	"hash/crc32"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/s3"
)

// mask replaces what says something of people and their files by what does not.
// The same text becomes the same other text within one recording, and texts that
// begin alike begin alike, because the engine compares both.
type mask struct {
	secret   [32]byte // dies with the recorder
	accounts []uint64
	keys     []string // access key IDs
}

func newMask() (m mask) {
	rand.Read(m.secret[:])
	return m
}

// text replaces each letter by a letter and each digit by a digit, by a secret
// and all that comes before it. Its length stays, and so do slashes, dots and
// what else is neither: how a name is made up may be seen, not what it says.
func (m *mask) text(s string) string {
	sum := sha256.New()
	sum.Write(m.secret[:])
	out := make([]byte, 0, len(s))
	for len(s) > 0 {
		c, size := utf8.DecodeRuneInString(s)
		shift := rune(binary.LittleEndian.Uint32(sum.Sum(nil)) >> 1)
		turn := func(first, count rune) rune { return first + (c+shift)%count }
		switch {
		case c == utf8.RuneError && size == 1:
			out = append(out, s[0]) // no UTF-8, which is why it fails
		case '0' <= c && c <= '9':
			out = utf8.AppendRune(out, turn('0', 10))
		case 'a' <= c && c <= 'z':
			out = utf8.AppendRune(out, turn('a', 26))
		case 'A' <= c && c <= 'Z':
			out = utf8.AppendRune(out, turn('A', 26))
		case size == 2:
			out = utf8.AppendRune(out, turn(0x100, 0x80))
		case size == 3:
			out = utf8.AppendRune(out, turn(0x4e00, 0x5000))
		case size == 4:
			out = utf8.AppendRune(out, turn(0x20000, 0xa000))
		default:
			out = append(out, s[0])
		}
		sum.Write([]byte(s[:size]))
		s = s[size:]
	}
	return string(out)
}

// object replaces what people have written of an object. Its type, class and
// lock stay, since stores refuse some of them.
func (m *mask) object(o *s3.Object) {
	for _, text := range []*string{&o.Key, &o.ContentDisposition, &o.ContentLanguage, &o.SSE.KMSKeyID} {
		*text = m.text(*text)
	}
	scheme := ""
	for _, known := range []string{"https://", "http://"} {
		if strings.HasPrefix(o.WebsiteRedirect, known) {
			scheme = known
		}
	}
	o.WebsiteRedirect = scheme + m.text(strings.TrimPrefix(o.WebsiteRedirect, scheme))
	if o.SSE.KMSContext != "" {
		o.SSE.KMSContext = "{}"
	}
	if o.SSE.CustomerKey != (s3.CustomerKey{}) {
		o.SSE.CustomerKey = s3.CustomerKey{1}
	}
	o.Metadata, o.Tags = m.fields(o.Metadata), m.fields(o.Tags)
}

func (m *mask) fields(of []s3.Field) []s3.Field {
	list := slices.Clone(of)
	for i := range list {
		list[i] = s3.Field{Name: m.text(list[i].Name), Value: m.text(list[i].Value)}
	}
	return list
}

// credentials are without secrets: an access key ID of the same account stays
// one of the same account, which is another.
func (m *mask) credentials(c *cred.Credentials) []s3.Field {
	given := func(s string) string {
		if s == "" {
			return ""
		}
		return "left-out"
	}
	return []s3.Field{
		{Name: "accessKey", Value: m.accessKey(c.AccessKeyID)},
		{Name: "secretKey", Value: given(c.SecretAccessKey)},
		{Name: "sessionToken", Value: given(c.SessionToken)},
		{Name: "expiration", Value: time.UnixMilli(int64(c.Expiration)).UTC().Format("2006-01-02T15:04:05.000Z")},
	}
}

func (m *mask) accessKey(id string) string {
	account, ok := cred.Account(id)
	if !ok {
		return m.text(id)
	}
	var bits [10]byte
	binary.BigEndian.PutUint64(bits[:8], 1<<63|uint64(index(&m.accounts, account)+1)<<23)
	binary.BigEndian.PutUint16(bits[8:], uint16(index(&m.keys, id)))
	return "ASIA" + base32.StdEncoding.EncodeToString(bits[:])
}

// index returns where in list x is, which is added if it is not.
func index[T comparable](list *[]T, x T) int {
	if i := slices.Index(*list, x); i >= 0 {
		return i
	}
	*list = append(*list, x)
	return len(*list) - 1
}

// heads are the headers that are kept, and nothing else: what the engine reads,
// and what the store's operator asks for.
var heads = []string{
	"content-length", "date", "etag", "last-modified", "retry-after", "x-amz-bucket-region", "x-amz-request-id",
	"x-amz-retry-after", "x-amz-version-id", "x-minio-error-code",
}

func (m *mask) header(of []s3.Field) []s3.Field {
	var list []s3.Field
	for _, h := range of {
		name := strings.ToLower(h.Name)
		if slices.Contains(heads, name) || strings.HasPrefix(name, "x-amz-checksum-") {
			list = append(list, s3.Field{Name: name, Value: h.Value})
		}
	}
	return list
}

// The elements of answers whose text is kept, and those whose text is masked.
// All other text goes: messages name people and keys, and errors about
// signatures repeat the session token.
var (
	kept = []string{
		"ChecksumAlgorithm", "ChecksumType", "Code", "ETag", "EncodingType", "Expires", "Initiated", "IsTruncated",
		"MaxParts", "MaxUploads", "NextPartNumberMarker", "PartNumber", "PartNumberMarker", "Region", "RequestId",
		"RequestID", "ServerTime", "Size", "StorageClass", "LastModified",
	}
	masked = []string{
		"Bucket", "Key", "KeyMarker", "NextKeyMarker", "NextUploadIdMarker", "Prefix", "UploadId", "UploadIdMarker",
	}
)

// expired is the one word of a message that something depends on: see
// s3.Error.Advice.
const expired = "expired"

// body replaces the answer's document by its bones.
func (m *mask) body(of []byte) []byte {
	if len(of) == 0 {
		return nil
	}
	encoded := bytes.Contains(of, []byte("<EncodingType>url</EncodingType>"))
	var out []byte
	var open []string
	for d := xml.NewDecoder(bytes.NewReader(of)); ; {
		token, err := d.RawToken()
		if err != nil {
			if len(open) > 0 || len(out) == 0 {
				return []byte("<no-document") // nor is it one for the engine
			}
			return out
		}
		switch x := token.(type) {
		case xml.StartElement:
			open = append(open, x.Name.Local)
			out = append(append(append(out, '<'), x.Name.Local...), '>')
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != x.Name.Local {
				return []byte("<no-document")
			}
			open = open[:len(open)-1]
			out = append(append(append(out, "</"...), x.Name.Local...), '>')
		case xml.CharData:
			if len(open) > 0 {
				out = append(out, m.content(open[len(open)-1], string(x), encoded)...)
			}
		}
	}
}

// content is what is left of an element's text.
func (m *mask) content(element, text string, encoded bool) []byte {
	switch {
	case slices.Contains(kept, element), strings.HasPrefix(element, "Checksum"):
	case element == "Message" && strings.Contains(strings.ToLower(text), expired):
		text = expired
	case !slices.Contains(masked, element):
		return nil
	case encoded && strings.Contains(element, "Key"), encoded && element == "Prefix":
		plain, err := url.QueryUnescape(text)
		if err != nil {
			return nil
		}
		text = url.QueryEscape(m.text(plain))
	default:
		text = m.text(text)
	}
	var escaped bytes.Buffer
	xml.EscapeText(&escaped, []byte(text))
	return escaped.Bytes()
}

// record replaces a record of the journal by one that says the same of the
// upload, and is damaged where that is.
func (m *mask) record(of []byte) []byte {
	if of == nil {
		return nil
	}
	var r journal.Record
	whole, err := journal.Parse(of, &r)
	if err == journal.ErrVersion {
		return laterRecord()
	}
	if err != nil {
		return []byte("damaged")
	}
	r.Target.Bucket = m.text(r.Target.Bucket)
	r.Target.ExpectedBucketOwner = m.text(r.Target.ExpectedBucketOwner)
	m.object(&r.Object)
	r.Source.Name, r.Source.Print = m.text(r.Source.Name), m.text(r.Source.Print)
	r.UploadID = m.text(r.UploadID)
	out := r.Append(nil)
	if !whole {
		out = append(out, 0xff)
	}
	return out
}

// laterRecord is a record of a version to come.
func laterRecord() []byte {
	r := journal.Record{Object: s3.Object{Key: "k"}, UploadID: "u", PartSize: s3.MinPartSize}
	out := r.Append(nil)
	out[len("\x89BLJ")] = 0xff
	end := len(out) - 4
	binary.LittleEndian.PutUint32(out[end:], crc32.Checksum(out[:end], crc32.MakeTable(crc32.Castagnoli)))
	return out
}
