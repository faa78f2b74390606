package engine

import (
	"errors"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

var photos = s3.Target{Region: "eu-west-1", Bucket: "photos"}

func TestNew_saysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name   string
		config Config
		want   error
	}{
		{"defaults", Config{Target: photos}, nil},
		{"version 3", Config{Target: photos, SignatureVersion: 3}, ErrSignatureVersion},
		{"no connection", Config{Target: photos, Connections: -1}, ErrConnections},
		{"most connections", Config{Target: photos, Connections: MaxConnections}, nil},
		{"too many connections", Config{Target: photos, Connections: MaxConnections + 1}, ErrConnections},
		{"smallest part", Config{Target: photos, PartSize: s3.MinPartSize}, nil},
		{"part too small", Config{Target: photos, PartSize: s3.MinPartSize - 1}, ErrPartSize},
		{"largest part", Config{Target: photos, PartSize: s3.MaxPartSize}, nil},
		{"part too large", Config{Target: photos, PartSize: s3.MaxPartSize + 1}, ErrPartSize},
		{"threshold of a byte", Config{Target: photos, MultipartThreshold: 1}, nil},
		{"negative threshold", Config{Target: photos, MultipartThreshold: -1}, ErrThreshold},
		{"threshold above a single PUT", Config{Target: photos, MultipartThreshold: s3.MaxSinglePut + 1}, ErrThreshold},
		{"shortest retry time", Config{Target: photos, RetryMillis: 1}, nil},
		{"longest retry time", Config{Target: photos, RetryMillis: MaxMillis}, nil},
		{"retry time too long", Config{Target: photos, RetryMillis: MaxMillis + 1}, ErrMillis},
		{"negative retry time", Config{Target: photos, RetryMillis: -1}, ErrMillis},
		{"longest stall time", Config{Target: photos, StallMillis: MaxStallMillis}, nil},
		{"stall time too long", Config{Target: photos, StallMillis: MaxStallMillis + 1}, ErrMillis},
		{"negative stall time", Config{Target: photos, StallMillis: -1}, ErrMillis},
		{"largest form", Config{Target: photos, FormBelow: s3.MaxSinglePut}, nil},
		{"form too large", Config{Target: photos, FormBelow: s3.MaxSinglePut + 1}, ErrForm},
		{"negative form", Config{Target: photos, FormBelow: -1}, ErrForm},
		{"last checksum", Config{Target: photos, Checksum: s3.ContentMD5}, nil},
		{"no such checksum", Config{Target: photos, Checksum: s3.ContentMD5 + 1}, ErrChecksum},
		{"largest threshold", Config{Target: photos, MultipartThreshold: s3.MaxSinglePut}, nil},
		{"http elsewhere", Config{Target: s3.Target{Endpoint: "http://store.example.com", Region: "r", Bucket: "photos"}}, ErrHTTP},
		{"http elsewhere, allowed", Config{Target: s3.Target{Endpoint: "http://store.example.com", Region: "r", Bucket: "photos"}, AllowHTTP: true}, nil},
		{"http on this machine", Config{Target: s3.Target{Endpoint: "http://127.0.0.1:9000", Region: "r", Bucket: "photos"}}, nil},
		{"version 2 where it is not taken", Config{Target: s3.Target{Endpoint: "https://x.r2.cloudflarestorage.com", Bucket: "photos", Profile: s3.ProfileR2}, SignatureVersion: 2}, ErrV2},
	} {
		if _, err := New(c.config); !errors.Is(err, c.want) {
			t.Errorf("%s: New = %v, want %v", c.name, err, c.want)
		}
	}
	var wrong *s3.InputError
	if _, err := New(Config{Target: s3.Target{Region: "eu-west-1"}}); !errors.As(err, &wrong) {
		t.Errorf("no bucket: New = %v, want an *s3.InputError", err)
	}
}

func TestPresign_readsAnObjectAsLongAsTheCredentialsLast(t *testing.T) {
	for _, version := range []int{2, 4} {
		e, err := New(Config{Target: photos, SignatureVersion: version})
		if err != nil {
			t.Fatal(err)
		}
		now := Now{Wall: startWall}
		if _, err := e.Presign(now, "a", 60); !errors.Is(err, ErrHeld) {
			t.Errorf("version %d: without credentials: %v, want %v", version, err, ErrHeld)
		}
		err = e.Handle(now, &Event{Kind: EvCredentials, Credentials: &cred.Credentials{
			Credentials: sign.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token"},
			Expiration:  startWall + 900_000,
		}})
		if err != nil {
			t.Fatal(err)
		}
		url, err := e.Presign(now, "u/42/a b.mov", 60)
		if err != nil || !strings.HasPrefix(url, "https://photos.s3.eu-west-1.amazonaws.com/u/42/a%20b.mov?") ||
			!strings.Contains(url, "Signature=") || !strings.Contains(strings.ToLower(url), "security-token=token") || strings.Contains(url, "secret") {
			t.Errorf("version %d: Presign = %q, %v", version, url, err)
		}
		if left, total := e.Life(now); left != 900_000 || total != 900_000 {
			t.Errorf("version %d: Life = %d of %d", version, left, total)
		}
		if _, err := e.Presign(Now{Wall: startWall + 900_000}, "a", 60); !errors.Is(err, ErrHeld) {
			t.Errorf("version %d: with ended credentials: %v, want %v", version, err, ErrHeld)
		}
	}
}

func TestPresign_refusesWhatCannotBeRead(t *testing.T) {
	s := newSession(t, Config{Target: photos})
	for _, c := range []struct {
		name    string
		key     string
		seconds int
	}{
		{"no key", "", 60},
		{"a key that URLs cannot name", "a/../b", 60},
		{"no time", "a", 0},
		{"longer than a week", "a", 604_801},
	} {
		if url, err := s.engine.Presign(s.now, c.key, c.seconds); err == nil {
			t.Errorf("%s: Presign = %q", c.name, url)
		}
	}
	if got, want := s.engine.ObjectURL("a b"), "https://photos.s3.eu-west-1.amazonaws.com/a%20b"; got != want {
		t.Errorf("ObjectURL = %q, want %q", got, want)
	}
}

// What is asked about a file that is none, or that does not go up in parts.
func TestFile_unknownOrWhole(t *testing.T) {
	s := newSession(t, Config{Target: photos, WithoutChecksum: true})
	s.tell(Event{Kind: EvAdded, Files: []Spec{{Size: 1}}})
	s.describe(Event{})
	for _, file := range []FileID{1, NoFile} {
		if info, ok := s.engine.File(file); ok || info != (FileInfo{}) {
			t.Errorf("File(%d) = %+v, %v", file, info, ok)
		}
		if cells := s.engine.Cells(nil, file, 10); len(cells) != 0 {
			t.Errorf("Cells(%d) = %v", file, cells)
		}
	}
	if cells := s.engine.Cells(nil, 0, 10); len(cells) != 0 {
		t.Errorf("a file that is one request has cells: %v", cells)
	}
	before := s.engine.Changed()
	if s.tell(Event{Kind: EvTick}); s.engine.Changed() != before {
		t.Error("nothing has changed, and Changed says so")
	}
	if s.tell(Event{Kind: EvSent, Req: s.takeSend(s3.OpPutObject), Bytes: 1}); s.engine.Changed() == before {
		t.Error("a byte was sent, and Changed does not say so")
	}
}

// A form's fields have to fit into 20 KB; what does not goes up by PutObject.
func TestForm_thatIsTooLongBecomesAPut(t *testing.T) {
	object := s3.Object{Key: strings.Repeat("k", s3.MaxKeyBytes)}
	for i := range s3.MaxTags {
		// An ampersand is five bytes in the form's XML.
		object.Tags = append(object.Tags, s3.Field{Name: string('a'+byte(i)) + strings.Repeat("+", s3.MaxTagKey-1), Value: strings.Repeat("=", s3.MaxTagValue)})
	}
	for _, c := range []struct {
		value string
		want  s3.Op
	}{{"=", s3.OpPostObject}, {"é", s3.OpPutObject}} {
		for i := range object.Tags {
			object.Tags[i].Value = strings.Repeat(c.value, s3.MaxTagValue)
		}
		object.Metadata = []s3.Field{{Name: "a", Value: strings.Repeat(c.value, 600/len(c.value))}}
		object.ContentDisposition = strings.Repeat("d", 1000)
		s := newSession(t, Config{Target: photos, WithoutChecksum: true, FormBelow: 10})
		s.tell(Event{Kind: EvAdded, Files: []Spec{{Size: 1}}})
		s.describe(Event{Object: &object})
		if len(s.codes) > 0 {
			t.Fatalf("%q: %q", c.value, s.codes)
		}
		s.takeSend(c.want)
	}
}

// A record that describes what cannot be is not of use: its upload is aborted, and
// the file begins anew.
func TestResume_refusesImpossibleRecords(t *testing.T) {
	const size = 4 * s3.MinPartSize
	for _, c := range []struct {
		name  string
		spoil func(*journal.Record)
	}{
		{"a part beyond the file", func(r *journal.Record) { r.Parts = []journal.Part{{Number: 5, ETag: []byte("e")}} }},
		{"an ETag that is none", func(r *journal.Record) { r.Parts = []journal.Part{{Number: 1, ETag: []byte("a b")}} }},
		{"parts that are too small", func(r *journal.Record) { r.PartSize = s3.MinPartSize - 1 }},
		{"another size", func(r *journal.Record) { r.Source.Size-- }},
		{"another time", func(r *journal.Record) { r.Source.Modified++ }},
		{"another type", func(r *journal.Record) { r.Object.ContentType = "text/html" }},
		{"another key", func(r *journal.Record) { r.Object.Key = "elsewhere" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			source := journal.Source{Name: "a", Size: size, Print: "p"}
			record := journal.Record{Target: photos, Object: s3.Object{Key: "file0"}, Source: source, UploadID: "OLD", PartSize: s3.MinPartSize}
			c.spoil(&record)
			s := newSession(t, Config{Target: photos, WithoutChecksum: true})
			s.tell(Event{Kind: EvAdded, Files: []Spec{{Size: size}}})
			s.describe(Event{Source: source})
			s.tell(Event{Kind: EvLoaded, Record: record.Append(nil)})
			s.tell(Event{Kind: EvAnswered, Req: s.takeSend(s3.OpAbortMultipartUpload), Status: 204})
			s.tell(Event{Kind: EvAnswered, Req: s.takeSend(s3.OpListParts), Status: 404})
			s.createUpload()
			if s.kinds[ActNoteResumed] != 0 || len(s.codes) != 0 {
				t.Errorf("resumed %d times, failed with %q", s.kinds[ActNoteResumed], s.codes)
			}
		})
	}
}

// A file that lies about its place in the session's limits is refused before
// any request, with the code that says so.
func TestDescribed_refusesWhatCannotBeStored(t *testing.T) {
	for _, c := range []struct {
		name string
		size int64
		key  string
		want string
	}{
		{"key of 1,024 bytes", 1, strings.Repeat("k", 1024), ""},
		{"key of 1,025 bytes", 1, strings.Repeat("k", 1025), s3.CodeKeyTooLong},
		{"no key", 1, "", s3.CodeKeyInvalid},
		{"key that is not UTF-8", 1, "a\xff", s3.CodeKeyInvalid},
		{"largest object", s3.MaxObjectSize, "a", ""},
		{"one byte more than the largest object", s3.MaxObjectSize + 1, "a", CodeFileTooLarge},
	} {
		e, err := New(Config{Target: photos})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, ev := range []Event{
			{Kind: EvAdded, Files: []Spec{{Size: c.size}}},
			{Kind: EvDescribed, Object: &s3.Object{Key: c.key}},
		} {
			var act Action
			if err := e.Handle(Now{Wall: startWall}, &ev); err != nil {
				t.Fatal(err)
			}
			for e.Poll(Now{Wall: startWall}, &act) {
				if act.Err != nil {
					got = act.Err.Code
				}
			}
		}
		if got != c.want {
			t.Errorf("%s: failed with %q, want %q", c.name, got, c.want)
		}
	}
}

// An answer to a request that is not under way is the driver's mistake.
func TestHandle_refusesUnknownNames(t *testing.T) {
	e, err := New(Config{Target: s3.Target{Region: "eu-west-1", Bucket: "photos"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ev   Event
		want error
	}{
		{Event{Kind: EvAnswered, Req: 0, Status: 200}, ErrNoRequest},
		{Event{Kind: EvBroke, Req: 77}, ErrNoRequest},
		{Event{Kind: EvDescribed, File: 0, Object: &s3.Object{}}, ErrNoFile},
		{Event{Kind: EvCancel, File: 9}, ErrNoFile},
		{Event{Kind: EvAdded, Files: []Spec{{Size: -2}}}, ErrSize},
		{Event{Kind: EvAdded, Files: []Spec{{Size: 1}, {Size: 1, Priority: queue.PriorityLow + 1}}}, ErrPriority},
		{Event{Kind: EvHashed, Req: 77}, ErrNoRequest},
		{Event{Kind: EvRead, Req: 77}, ErrNoRequest},
		{Event{Kind: EvUndescribed}, ErrNoFile},
		{Event{Kind: EvPause}, ErrNoFile},
		{Event{Kind: EvResume}, ErrNoFile},
		{Event{Kind: EvRetry}, ErrNoFile},
		{Event{Kind: EvPrioritize}, ErrNoFile},
		{Event{Kind: EvResolve, OnConflict: ConflictSkip}, ErrNoFile},
		{Event{Kind: EvClock}, ErrClock},
		{Event{Kind: EvSweep}, ErrClock},
		{Event{Kind: EvAbandon}, ErrRecord},
		{Event{Kind: 99}, ErrEvent},
	} {
		if err := e.Handle(Now{}, &c.ev); !errors.Is(err, c.want) {
			t.Errorf("Handle(%+v) = %v, want %v", c.ev, err, c.want)
		}
	}
	if n := e.Totals().Files[queue.StateQueued]; n != 0 {
		t.Errorf("a refused event added %d files", n)
	}
	if err := e.Handle(Now{}, &Event{Kind: EvAdded, Files: make([]Spec, 1)}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ev   Event
		want error
	}{
		{Event{Kind: EvDescribed}, ErrNoObject},
		{Event{Kind: EvPrioritize, Priority: queue.PriorityLow + 1}, ErrPriority},
		{Event{Kind: EvResolve, OnConflict: ConflictAsk}, ErrChoice},
		{Event{Kind: EvResolve, OnConflict: ConflictReplace + 1}, ErrChoice},
	} {
		if err := e.Handle(Now{}, &c.ev); !errors.Is(err, c.want) {
			t.Errorf("Handle(%+v) = %v, want %v", c.ev, err, c.want)
		}
	}
}
