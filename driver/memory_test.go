package driver

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// memory is a store in memory and the way to it. It behaves as S3 does: a body
// that ends early is not stored, parts are joined by number and ETag.
type memory struct {
	// before, if any, may answer or break a request instead of the store, or
	// wait. It is called from many goroutines.
	before func(ctx context.Context, r *s3.Request) (*Answer, error)

	// pause is how long each read of a body takes.
	pause time.Duration

	mu       sync.Mutex
	objects  map[string][]byte
	uploads  map[string]map[int][]byte
	keys     map[string]string // by upload ID
	aborted  int
	inFlight int
	most     int
	log      []string
}

func newMemory() *memory {
	return &memory{objects: map[string][]byte{}, uploads: map[string]map[int][]byte{}, keys: map[string]string{}}
}

func (m *memory) Send(ctx context.Context, r *s3.Request, body *Body) (Answer, error) {
	m.mu.Lock()
	m.inFlight++
	m.most = max(m.most, m.inFlight)
	m.log = append(m.log, r.Op.String()+" "+r.Path)
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		m.inFlight--
		m.mu.Unlock()
	}()
	if m.before != nil {
		if a, err := m.before(ctx, r); a != nil || err != nil {
			return deref(a), err
		}
	}
	if len(r.Authorization) == 0 {
		return Answer{Status: 403, Body: []byte("<Error><Code>AccessDenied</Code></Error>")}, nil
	}
	content, err := m.read(ctx, body)
	if err != nil {
		return Answer{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.answer(r, content), nil
}

func deref(a *Answer) Answer {
	if a == nil {
		return Answer{}
	}
	return *a
}

// What memory keeps of a request it copies: the engine words the next one into
// the same buffers.

// flying is how many requests are under way.
func (m *memory) flying() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.inFlight
}

// read takes the body in, as a network would.
func (m *memory) read(ctx context.Context, body *Body) ([]byte, error) {
	var all []byte
	r, piece := body.Reader(), make([]byte, 64<<10)
	for {
		if m.pause > 0 {
			select {
			case <-time.After(m.pause):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		n, err := r.Read(piece)
		all = append(all, piece[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("memory: body: %w", err)
		}
	}
	if int64(len(all)) != body.Size() {
		return nil, fmt.Errorf("memory: %d bytes of %d", len(all), body.Size())
	}
	return all, nil
}

// answer is what the store says. The caller holds mu.
func (m *memory) answer(r *s3.Request, content []byte) Answer {
	query := map[string]string{}
	for _, f := range r.Query {
		query[f.Name] = f.Value
	}
	id := strings.Clone(query["uploadId"])
	etag := func(b []byte) []s3.Field {
		return []s3.Field{{Name: "Etag", Value: fmt.Sprintf(`"%d-%x"`, len(b), sum(b))}}
	}
	switch r.Op {
	case s3.OpPutObject:
		m.objects[strings.Clone(r.Path)] = content
		return Answer{Status: 200, Header: etag(content)}
	case s3.OpCreateMultipartUpload:
		id = fmt.Sprintf("U%d", len(m.log))
		m.uploads[id] = map[int][]byte{}
		m.keys[id] = strings.TrimPrefix(strings.Clone(r.Path), "/box/")
		return Answer{Status: 200, Body: fmt.Appendf(nil, "<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>", id)}
	case s3.OpAbortMultipartUpload:
		delete(m.uploads, id)
		m.aborted++
		return Answer{Status: 204}
	}
	if r.Op == s3.OpListMultipartUploads {
		return m.list(query["prefix"])
	}
	parts, ok := m.uploads[id]
	if !ok {
		return Answer{Status: 404, Body: []byte("<Error><Code>NoSuchUpload</Code></Error>")}
	}
	if r.Op == s3.OpListParts {
		return m.listParts(parts, etag)
	}
	if r.Op == s3.OpUploadPart {
		var part int
		fmt.Sscan(query["partNumber"], &part)
		parts[part] = content
		return Answer{Status: 200, Header: etag(content)}
	}
	var list struct {
		Part []struct {
			PartNumber int
			ETag       string
		}
	}
	if err := xml.Unmarshal(content, &list); err != nil || len(list.Part) != len(parts) {
		return Answer{Status: 400, Body: []byte("<Error><Code>MalformedXML</Code></Error>")}
	}
	var whole []byte
	for i, p := range list.Part {
		if p.PartNumber != i+1 || p.ETag != etag(parts[p.PartNumber])[0].Value {
			return Answer{Status: 400, Body: []byte("<Error><Code>InvalidPart</Code></Error>")}
		}
		whole = append(whole, parts[p.PartNumber]...)
	}
	m.objects[strings.Clone(r.Path)] = whole
	delete(m.uploads, id)
	return Answer{Status: 200, Body: []byte(`<CompleteMultipartUploadResult><ETag>"joined"</ETag></CompleteMultipartUploadResult>`)}
}

// listParts answers ListParts. The caller holds mu.
func (m *memory) listParts(parts map[int][]byte, etag func([]byte) []s3.Field) Answer {
	var text strings.Builder
	text.WriteString("<ListPartsResult>")
	for _, n := range slices.Sorted(maps.Keys(parts)) {
		fmt.Fprintf(&text, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag><Size>%d</Size></Part>", n, etag(parts[n])[0].Value, len(parts[n]))
	}
	text.WriteString("<IsTruncated>false</IsTruncated></ListPartsResult>")
	return Answer{Status: 200, Body: []byte(text.String())}
}

// list answers ListMultipartUploads: all uploads began a day ago. The caller
// holds mu.
func (m *memory) list(prefix string) Answer {
	var text strings.Builder
	text.WriteString("<ListMultipartUploadsResult>")
	for _, id := range slices.Sorted(maps.Keys(m.uploads)) {
		if strings.HasPrefix(m.keys[id], prefix) {
			fmt.Fprintf(&text, "<Upload><Key>%s</Key><UploadId>%s</UploadId><Initiated>%s</Initiated></Upload>",
				m.keys[id], id, time.Now().Add(-24*time.Hour).UTC().Format(time.RFC3339))
		}
	}
	text.WriteString("<IsTruncated>false</IsTruncated></ListMultipartUploadsResult>")
	return Answer{Status: 200, Body: []byte(text.String())}
}

func sum(b []byte) (h uint64) {
	for _, c := range b {
		h = h*1099511628211 + uint64(c)
	}
	return h
}

// chosen is a source in memory.
type chosen struct {
	key     string
	name    string // by which the journal knows it; empty: it does not
	bytes   []byte
	size    int64 // 0: len(bytes)
	opened  error
	describ error

	mu      sync.Mutex
	changed error
	reads   int
	open    int
	onRead  func(reads int)
}

func source(key string, size int) *chosen {
	b := make([]byte, size)
	random := rand.NewChaCha8([32]byte{byte(size), byte(size >> 8), byte(len(key))})
	random.Read(b)
	return &chosen{key: key, bytes: b}
}

func (c *chosen) Size() int64 {
	if c.size != 0 {
		return c.size
	}
	return int64(len(c.bytes))
}

func (c *chosen) Describe(context.Context) (Description, error) {
	if c.describ != nil {
		return Description{}, c.describ
	}
	what := Description{Object: &s3.Object{Key: c.key, ContentType: "text/plain"}}
	if c.name != "" {
		print, err := Fingerprint(bytes.NewReader(c.bytes), int64(len(c.bytes)))
		what.Identity = journal.Source{Name: c.name, Size: c.Size(), Print: print}
		return what, err
	}
	return what, nil
}

func (c *chosen) Open() (Content, error) {
	if c.opened != nil {
		return nil, c.opened
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open++
	return chosenContent{c}, nil
}

type chosenContent struct{ *chosen }

func (c chosenContent) ReadAt(p []byte, at int64) (int, error) {
	c.mu.Lock()
	c.reads++
	reads := c.reads
	c.mu.Unlock()
	if c.onRead != nil {
		c.onRead(reads)
	}
	c.mu.Lock()
	content := c.bytes
	c.mu.Unlock()
	return bytes.NewReader(content).ReadAt(p, at)
}

func (c chosenContent) Unchanged() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

func (c chosenContent) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	return nil
}

func (c *chosen) change(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed = err
}

// become gives it the bytes of another source.
func (c *chosen) become(bytes []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes = bytes
}

// notes collects a driver's notes and waits for them.
type notes struct {
	mu   sync.Mutex
	all  []Note
	came chan struct{}
}

func newNotes() *notes { return &notes{came: make(chan struct{}, 1)} }

func (n *notes) add(x Note) {
	n.mu.Lock()
	n.all = append(n.all, x)
	n.mu.Unlock()
	select {
	case n.came <- struct{}{}:
	default:
	}
}

// until waits for a note that fits.
func (n *notes) until(t *testing.T, what string, fits func(Note) bool) Note {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		n.mu.Lock()
		for _, x := range n.all {
			if fits(x) {
				n.mu.Unlock()
				return x
			}
		}
		all := len(n.all)
		n.mu.Unlock()
		select {
		case <-n.came:
		case <-deadline:
			t.Fatalf("no note for %q among %d", what, all)
		}
	}
}

// ended waits until a file has ended and returns how.
func (n *notes) ended(t *testing.T, id engine.FileID) Note {
	t.Helper()
	return n.until(t, "the end of a file", func(x Note) bool {
		return x.Kind == engine.ActNoteState && x.File == id && x.State.Ended()
	})
}

func (n *notes) count(kind engine.ActionKind) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	count := 0
	for _, x := range n.all {
		if x.Kind == kind {
			count++
		}
	}
	return count
}

const partSize = s3.MinPartSize

func config() engine.Config {
	return engine.Config{
		Target:   s3.Target{Endpoint: "http://127.0.0.1:1", Region: "us-east-1", Bucket: "box", PathStyle: true},
		PartSize: partSize, MultipartThreshold: 2 * partSize, Connections: 4, RetryMillis: 300,
	}
}

// start starts a driver that the test closes, with credentials for an hour.
func start(t *testing.T, m Transport, o Options) (*Driver, *notes) {
	t.Helper()
	d, n := startHeld(t, m, o)
	if err := d.SetCredentials(credentials(time.Hour)); err != nil {
		t.Fatal(err)
	}
	return d, n
}

func startHeld(t *testing.T, m Transport, o Options) (*Driver, *notes) {
	t.Helper()
	n := newNotes()
	tell := o.Notify
	o.Transport, o.Notify = m, func(x Note) {
		n.add(x)
		if tell != nil {
			tell(x)
		}
	}
	d, err := New(config(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d, n
}

func credentials(life time.Duration) cred.Credentials {
	return cred.Credentials{
		Credentials: sign.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token"},
		Expiration:  sign.UnixMilli(time.Now().Add(life).UnixMilli()),
	}
}

// add adds sources and fails the test when they are refused.
func add(t *testing.T, d *Driver, sources ...*chosen) engine.FileID {
	t.Helper()
	list := make([]Source, len(sources))
	for i, s := range sources {
		list[i] = s
	}
	id, err := d.Add(queue.PriorityNormal, list...)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// done fails the test unless the note says that the file is stored.
func done(t *testing.T, n Note) {
	t.Helper()
	if n.State != queue.StateDone {
		t.Fatalf("file %d is %v: %+v, %v", n.File, n.State, n.Err, n.Detail)
	}
}
