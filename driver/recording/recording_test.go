package recording

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
	"github.com/bucketline/bucketline/wire"
)

// back records ev and reads it as a replay does.
func back(t *testing.T, ev *engine.Event) *engine.Event {
	t.Helper()
	var out bytes.Buffer
	r := New(&out)
	r.Event(engine.Now{Mono: 5, Wall: 7}, ev)
	var f wire.Frame
	rest, err := f.Read(out.Bytes())
	now, wrong := wire.ReadNow(&f)
	if err != nil || wrong != nil || now != (engine.Now{Mono: 5, Wall: 7}) || f.A != ForEvent {
		t.Fatalf("event %d: the reading is %+v, %v, %v", ev.Kind, f, err, wrong)
	}
	var got engine.Event
	rest, err = f.Read(rest)
	if err != nil || len(rest) > 0 || wire.ReadEvent(&f, &got) != nil || r.Err() != nil {
		t.Fatalf("event %d: %+v, %v, %v", ev.Kind, f, err, r.Err())
	}
	return &got
}

// Each kind of event is read back with all that the engine decides by. A kind
// that package wire has no words for has to be added here.
func TestRecorder_everyEvent(t *testing.T) {
	for _, ev := range []engine.Event{
		{Kind: engine.EvUndescribed, File: 3, Cause: engine.CauseSourceChanged},
		{Kind: engine.EvSent, Req: 77, Bytes: 1 << 40},
		{Kind: engine.EvBroke, Req: 77, Cause: engine.CauseTimeout},
		{Kind: engine.EvRefreshFailed}, {Kind: engine.EvExpire}, {Kind: engine.EvCancel, File: 9}, {Kind: engine.EvTick},
		{Kind: engine.EvHashed, Req: 1, Digest: []byte{1, 2}},
		{Kind: engine.EvSigned, Req: 1, Digest: make([]byte, 32)},
		{Kind: engine.EvRead, Req: 2, Bytes: 10, Last: true},
		{Kind: engine.EvLoaded, File: 1, Trusted: true}, {Kind: engine.EvLoaded, File: 1, Cause: engine.CauseLocked},
		{Kind: engine.EvSaved, File: 1, Cause: engine.CauseStorage},
		{Kind: engine.EvPause, File: 1}, {Kind: engine.EvResume, File: 1}, {Kind: engine.EvRetry, File: 1},
		{Kind: engine.EvPrioritize, File: 1, Priority: 2}, {Kind: engine.EvPauseAll}, {Kind: engine.EvResumeAll},
		{Kind: engine.EvRetryAll}, {Kind: engine.EvCancelAll}, {Kind: engine.EvOffline}, {Kind: engine.EvOnline},
		{Kind: engine.EvClock, Wall: 1_800_000_000_000}, {Kind: engine.EvResolve, File: 1, OnConflict: engine.ConflictSkip},
		{Kind: engine.EvAdded, Files: []engine.Spec{{Size: 5, Priority: 1}, {Size: engine.UnknownSize, Priority: 1}}},
	} {
		got := back(t, &ev)
		if len(got.Files) == 0 {
			got.Files = nil
		}
		if !reflect.DeepEqual(*got, ev) {
			t.Errorf("recorded %+v, read %+v", ev, *got)
		}
	}
}

func TestRecorder_whatNamesSomething(t *testing.T) {
	object := s3.Object{
		Key: "u/42/Übung 7.pdf", ContentType: "text/html", Metadata: []s3.Field{{Name: "album", Value: "Hochzeit"}},
		SSE: s3.SSE{Mode: s3.SSECustomer, CustomerKey: s3.CustomerKey{9, 9, 9}}, IfNoneMatch: "*",
		Algorithm: s3.CRC32C, Digest: []byte{1, 2, 3, 4},
	}
	ev := back(t, &engine.Event{
		Kind: engine.EvDescribed, File: 2, OnConflict: engine.ConflictRename, Object: &object,
		Source: journal.Source{Name: "files/ann/Übung 7.pdf", Size: 9, Modified: 10, Print: "abcdef"},
	})
	o := ev.Object
	if len(o.Key) != len(object.Key) || !utf8.ValidString(o.Key) || strings.Count(o.Key, "/") != 2 || o.Key == object.Key ||
		o.ContentType != "text/html" || o.IfNoneMatch != "*" || o.Algorithm != s3.CRC32C || !bytes.Equal(o.Digest, object.Digest) ||
		o.SSE.Mode != s3.SSECustomer || o.SSE.CustomerKey == object.SSE.CustomerKey || o.Validate() != nil ||
		ev.Source.Size != 9 || ev.Source.Modified != 10 || ev.OnConflict != engine.ConflictRename {
		t.Errorf("described as %+v, %+v", *ev, *o)
	}
	for _, name := range []string{ev.Source.Name, ev.Source.Print, o.Metadata[0].Name, o.Metadata[0].Value} {
		for _, known := range []string{"ann", "bung", "abcdef", "album", "Hochzeit"} {
			if strings.Contains(name, known) {
				t.Errorf("%q is said", known)
			}
		}
	}
	if object.Key != "u/42/Übung 7.pdf" || object.Metadata[0].Value != "Hochzeit" || object.SSE.CustomerKey[0] != 9 {
		t.Error("the event was written to")
	}
	ev = back(t, &engine.Event{Kind: engine.EvCredentials, Credentials: &cred.Credentials{
		Credentials: sign.Credentials{AccessKeyID: "ASIAQWERTZUIOPASDFGH", SecretAccessKey: "wJalrXUtnFEMI", SessionToken: "IQoJb3Jp"},
		Expiration:  1_800_000_000_123,
	}})
	if c := ev.Credentials; c.Expiration != 1_800_000_000_123 || c.SecretAccessKey != "left-out" || c.SessionToken != "left-out" || c.AccessKeyID == "ASIAQWERTZUIOPASDFGH" {
		t.Errorf("the credentials are %q, %q, %q until %d", c.AccessKeyID, c.SecretAccessKey, c.SessionToken, c.Expiration)
	}
}

// Of an answer is left what the engine reads, and nothing else: S3 repeats the
// session token in errors about it.
func TestRecorder_answers(t *testing.T) {
	m := newMask()
	for _, c := range []struct{ name, body, want string }{
		{"none", "", ""},
		{"an error", `<?xml version="1.0"?><Error><Code>ExpiredToken</Code><Message>The token of ann is over</Message><Token-0>IQoJ</Token-0><RequestId>R7</RequestId></Error>`,
			"<Error><Code>ExpiredToken</Code><Message></Message><Token-0></Token-0><RequestId>R7</RequestId></Error>"},
		{"a form's policy has ended", "<Error><Code>AccessDenied</Code><Message>Invalid according to Policy: Policy expired.</Message></Error>",
			"<Error><Code>AccessDenied</Code><Message>expired</Message></Error>"},
		{"an upload", "<InitiateMultipartUploadResult><Bucket>photos</Bucket><Key>a&amp;b</Key><UploadId>U1</UploadId></InitiateMultipartUploadResult>",
			"<InitiateMultipartUploadResult><Bucket>" + m.text("photos") + "</Bucket><Key>" + strings.Replace(m.text("a&b"), "&", "&amp;", 1) + "</Key><UploadId>" + m.text("U1") + "</UploadId></InitiateMultipartUploadResult>"},
		{"escaped keys", "<L><EncodingType>url</EncodingType><Key>%C3%A4+b</Key></L>", "<L><EncodingType>url</EncodingType><Key>" + strings.ReplaceAll(escape(m.text("ä b")), "%20", "+") + "</Key></L>"},
		{"a page", "<html><p>Sign in, ann", "<no-document"},
		{"no markup", "ann", "<no-document"},
		{"cut", "<Error><Code>SlowDo", "<no-document"},
		{"crossed", "<a><b></a></b>", "<no-document"},
	} {
		if got := string(m.body([]byte(c.body))); got != c.want {
			t.Errorf("%s: %q became %q, want %q", c.name, c.body, got, c.want)
		}
	}
	ev := back(t, &engine.Event{Kind: engine.EvAnswered, Req: 4, Status: 200, Digest: []byte{7}, Header: []s3.Field{
		{Name: "ETag", Value: `"e"`}, {Name: "x-amz-meta-album", Value: "Hochzeit"}, {Name: "Location", Value: "https://x/ann"}, {Name: "X-Amz-Checksum-Crc32c", Value: "AAAA"},
	}})
	if want := []s3.Field{{Name: "etag", Value: `"e"`}, {Name: "x-amz-checksum-crc32c", Value: "AAAA"}}; !reflect.DeepEqual(ev.Header, want) || ev.Status != 200 || !bytes.Equal(ev.Digest, []byte{7}) || len(ev.Body) != 0 {
		t.Errorf("an answer is read as %+v", *ev)
	}
}

func escape(s string) string {
	out := ""
	for _, b := range []byte(s) {
		if b < 0x80 {
			out += string(rune(b))
			if b == ' ' {
				out = out[:len(out)-1] + "%20"
			}
			continue
		}
		out += "%" + strings.ToUpper(string("0123456789abcdef"[b>>4])+string("0123456789abcdef"[b&15]))
	}
	return out
}

// A record says the same of the upload, and is damaged where it was.
func TestRecorder_records(t *testing.T) {
	m := newMask()
	r := journal.Record{
		Begun: 3, Target: s3.Target{Bucket: "photos", Region: "eu-west-1"}, Object: s3.Object{Key: "u/ann"}, UploadID: "UPLOAD",
		Source: journal.Source{Name: "/ann", Size: 20}, PartSize: s3.MinPartSize, Parts: []journal.Part{{Number: 1, ETag: []byte(`"e"`)}},
	}
	data := r.Append(nil)
	for name, c := range map[string]struct {
		data  []byte
		whole bool
		err   error
	}{
		"whole": {data, true, nil}, "torn": {data[:len(data)-2], false, nil},
		"damaged": {append([]byte{0}, data...), false, journal.ErrCorrupt}, "of a later version": {laterRecord(), false, journal.ErrVersion},
	} {
		got := m.record(c.data)
		var back journal.Record
		whole, err := journal.Parse(got, &back)
		if whole != c.whole || !errors.Is(err, c.err) {
			t.Errorf("%s: %v, %v", name, whole, err)
		}
		if bytes.Contains(got, []byte("ann")) || bytes.Contains(got, []byte("photos")) || bytes.Contains(got, []byte("UPLOAD")) {
			t.Errorf("%s: it names something: %q", name, got)
		}
		if name == "whole" && (back.Source.Size != 20 || back.UploadID != m.text("UPLOAD") || back.Object.Key != m.text("u/ann") || len(back.Parts) != 1) {
			t.Errorf("it is %+v", back)
		}
	}
	if m.record(nil) != nil {
		t.Error("no record is one")
	}
}

// The engine compares texts, and prefixes with keys: both come out as they were.
func TestMask_keepsWhatIsCompared(t *testing.T) {
	m, other := newMask(), newMask()
	for _, s := range []string{"", "a", "u/42/x.y", "Ünï/codé", "中文 文件.txt", "😀", "a\xffb", "..", strings.Repeat("z9", 512)} {
		got := m.text(s)
		if len(got) != len(s) || got != m.text(s) || utf8.ValidString(got) != utf8.ValidString(s) || strings.Count(got, "/") != strings.Count(s, "/") {
			t.Errorf("%q became %q", s, got)
		}
		if more := m.text(s + "/more"); !strings.HasPrefix(more, got) {
			t.Errorf("%q became %q, and longer %q", s, got, more)
		}
	}
	seen := map[string]bool{}
	for c := 'a'; c <= 'z'; c++ {
		seen[m.text("file"+string(c))] = true
	}
	if len(seen) != 26 || m.text("something long") == other.text("something long") {
		t.Errorf("%d of 26 names are different", len(seen))
	}
}

func TestMask_accountsStayApart(t *testing.T) {
	m := newMask()
	const one, same, another = "ASIAQWERTZUIOPASDFGH", "ASIAQWERTZUIOPASDFGI", "ASIAZZERTZUIOPASDFGH"
	account := func(id string) uint64 {
		n, ok := cred.Account(m.accessKey(id))
		if real, _ := cred.Account(id); !ok || n == real {
			t.Errorf("%s became %s, of account %d", id, m.accessKey(id), n)
		}
		return n
	}
	if account(one) != account(same) || account(one) == account(another) || m.accessKey(one) == m.accessKey(same) || m.accessKey(one) != m.accessKey(one) {
		t.Errorf("%s, %s, %s", m.accessKey(one), m.accessKey(same), m.accessKey(another))
	}
}

// Whatever can be configured is recorded, or the recording does not begin.
func TestRecorder_everyOption(t *testing.T) {
	fill := func(v reflect.Value, name string) {
		switch v.Kind() {
		case reflect.String:
			v.SetString("x")
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Uint8:
			v.SetUint(uint64(s3.CRC32C))
			if name == "Profile" {
				v.SetUint(2)
			}
		case reflect.Uint64:
			v.SetUint(1<<63 + 1)
		default:
			v.SetInt(4)
		}
	}
	for _, in := range []func(*engine.Config) reflect.Value{
		func(c *engine.Config) reflect.Value { return reflect.ValueOf(c).Elem() },
		func(c *engine.Config) reflect.Value { return reflect.ValueOf(&c.Target).Elem() },
	} {
		for i := range in(new(engine.Config)).NumField() {
			c := engine.Config{Target: s3.Target{Bucket: "photos"}}
			name := in(&c).Type().Field(i).Name
			if name == "Target" {
				continue
			}
			fill(in(&c).Field(i), name)
			if err := New(new(bytes.Buffer)).Begin(c); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if err := New(new(bytes.Buffer)).Begin(engine.Config{RefreshMillis: -7}); err != nil {
		t.Errorf("a refresh that is not repeated: %v", err)
	}
	if err := New(new(bytes.Buffer)).Begin(engine.Config{Target: s3.Target{PathStyle: true, VirtualHost: true}}); err != ErrConfig {
		t.Errorf("what has no words: %v", err)
	}
}

// A file of a million is recorded in frames that can be read.
func TestRecorder_manyFiles(t *testing.T) {
	var out bytes.Buffer
	r := New(&out)
	files := make([]engine.Spec, maxFiles+3)
	files[0].Priority = 1
	r.Event(engine.Now{}, &engine.Event{Kind: engine.EvAdded, Files: files})
	var f wire.Frame
	var ev engine.Event
	var counts []int
	for rest := out.Bytes(); len(rest) > 0; {
		var err error
		if rest, err = f.Read(rest); err != nil {
			t.Fatal(err)
		}
		if f.Kind != wire.KindNow {
			if err := wire.ReadEvent(&f, &ev); err != nil {
				t.Fatal(err)
			}
			counts = append(counts, len(ev.Files))
		}
	}
	if want := []int{1, maxFiles, 2}; !reflect.DeepEqual(counts, want) {
		t.Errorf("frames of %v files, want %v", counts, want)
	}
}

// broken is a disk that is full.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestRecorder_endsWithTheRoom(t *testing.T) {
	r := New(broken{})
	r.Event(engine.Now{}, &engine.Event{Kind: engine.EvTick})
	r.Event(engine.Now{}, &engine.Event{Kind: engine.EvTick})
	if r.Err() == nil || r.Err().Error() != "no room" {
		t.Errorf("the error is %v", r.Err())
	}
	var out bytes.Buffer
	full := New(&out)
	full.written = MaxBytes - 200
	for range 4 {
		full.Event(engine.Now{}, &engine.Event{Kind: engine.EvTick})
	}
	if full.Err() != ErrFull || full.written > MaxBytes || out.Len() != 160 {
		t.Errorf("%v after %d bytes, %d of them now", full.Err(), full.written, out.Len())
	}
}
