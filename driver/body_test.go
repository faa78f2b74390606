package driver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

func digestOf(a s3.Algorithm, b []byte) []byte {
	h := newHash(a)
	h.Write(b)
	return h.Sum(nil)
}

// The digest is that of the content that was given, whatever surrounds it, in
// whatever pieces it is read.
func TestBody_digest(t *testing.T) {
	s := source("a", 300_000)
	c, _ := s.Open()
	for _, size := range []int{1, 1000, 200_000} {
		b := Body{head: []byte("head"), tail: []byte("tail"), content: c, offset: 70, length: int64(size), algorithm: s3.CRC64NVME}
		got, err := io.ReadAll(iotest.OneByteReader(b.Reader()))
		want := append(append([]byte("head"), s.bytes[70:70+size]...), "tail"...)
		if err != nil || !bytes.Equal(got, want) || b.Size() != int64(len(want)) {
			t.Fatalf("read %d bytes, %v, want %d", len(got), err, len(want))
		}
		if !bytes.Equal(b.digest, digestOf(s3.CRC64NVME, s.bytes[70:70+size])) || !b.whole() {
			t.Errorf("%d bytes: digest %x, whole %v", size, b.digest, b.whole())
		}
	}
}

// A body that is read again is hashed again: what was sent last counts.
func TestBody_digestOfTheLastReader(t *testing.T) {
	s := source("a", 100_000)
	c, _ := s.Open()
	b := Body{content: c, length: 100_000, algorithm: s3.CRC32C}
	first := b.Reader()
	if _, err := io.CopyN(io.Discard, first, 50_000); err != nil {
		t.Fatal(err)
	}
	if b.whole() || b.digest != nil {
		t.Errorf("half a body has digest %x", b.digest)
	}
	for range 2 {
		s.bytes[10] ^= 1 // before the next reader comes there
		if _, err := io.Copy(io.Discard, b.Reader()); err != nil {
			t.Fatal(err)
		}
		if want := digestOf(s3.CRC32C, s.bytes); !bytes.Equal(b.digest, want) {
			t.Errorf("digest %x, want that of what was read last, %x", b.digest, want)
		}
	}
}

// The source is looked at before the very last byte, also when that is not the
// source's own.
func TestBody_keepsTheEndOfAForm(t *testing.T) {
	s := source("a", 1000)
	c, _ := s.Open()
	b := Body{head: []byte("head"), tail: []byte("tail"), content: c, length: 1000}
	r := b.Reader()
	if _, err := io.CopyN(io.Discard, r, 1004); err != nil {
		t.Fatal(err)
	}
	s.change(ErrSourceChanged)
	if n, err := r.Read(make([]byte, 10)); n != 0 || !errors.Is(err, ErrSourceChanged) || !errors.Is(b.failure(), ErrSourceChanged) {
		t.Errorf("Read = %d, %v", n, err)
	}
}

// digests records what the engine is told beside a transport.
type digests struct {
	*memory
	bodies map[string][]byte // by path
}

func (d *digests) Send(ctx context.Context, r *s3.Request, body *Body) (Answer, error) {
	if r.Op == s3.OpPostObject {
		content, err := d.read(ctx, body)
		if err != nil {
			return Answer{}, err
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.bodies[strings.Clone(r.Path)] = content
		return Answer{Status: 201, Body: []byte(`<PostResponse><Location>l</Location><Bucket>box</Bucket><Key>k</Key><ETag>"e"</ETag></PostResponse>`)}, nil
	}
	return d.memory.Send(ctx, r, body)
}

// Small files go up as forms: fields, the file, the end.
func TestDriver_form(t *testing.T) {
	d := &digests{newMemory(), map[string][]byte{}}
	c := config()
	c.FormBelow = 5000
	n := newNotes()
	driver, err := New(c, Options{Transport: d, Notify: n.add})
	if err != nil {
		t.Fatal(err)
	}
	defer driver.Close()
	if err := driver.SetCredentials(credentials(time.Hour)); err != nil {
		t.Fatal(err)
	}
	s := source("form", 4000)
	done(t, n.ended(t, add(t, driver, s)))
	body := d.bodies["/box"]
	if len(body) == 0 {
		body = d.bodies["/box/"]
	}
	head, rest, found := bytes.Cut(body, s.bytes)
	if !found || !bytes.HasPrefix(head, []byte("--bucketline-")) || !bytes.Contains(head, []byte(`name="key"`)) ||
		!bytes.HasSuffix(head, []byte("\r\n\r\n")) || !bytes.HasSuffix(rest, []byte("--\r\n")) {
		t.Errorf("form of %d bytes: head %q, tail %q", len(body), head, rest)
	}
	if info, _ := driver.File(0); info.Sent != 4000 {
		t.Errorf("sent %d, want the file's bytes alone", info.Sent)
	}
}

// A store that says yes before it has the body has not got it.
func TestDriver_earlyYes(t *testing.T) {
	m := newMemory()
	m.before = func(_ context.Context, r *s3.Request) (*Answer, error) {
		if r.Op == s3.OpPutObject {
			return &Answer{Status: 200, Header: []s3.Field{{Name: "Etag", Value: `"e"`}}}, nil
		}
		return nil, nil
	}
	d, n := start(t, m, Options{})
	note := n.ended(t, add(t, d, source("a", 100)))
	if note.Err == nil || note.Err.Code != engine.CodeUnreachable || !errors.Is(note.Detail, errUnread) {
		t.Errorf("ended %v, %+v, %v", note.State, note.Err, note.Detail)
	}
}
