package engine

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/queue"
	"github.com/bucketline/bucketline/s3"
)

func TestNumbered_goesBeforeTheEnding(t *testing.T) {
	for _, c := range []struct{ key, want string }{
		{"a.txt", "a (2).txt"},
		{"a", "a (2)"},
		{"a.tar.gz", "a.tar (2).gz"},
		{".bashrc", ".bashrc (2)"},
		{"u.42/photo", "u.42/photo (2)"},
		{"u.42/.hidden", "u.42/.hidden (2)"},
		{"u/42/été.jpg", "u/42/été (2).jpg"},
		{"a.", "a (2)."},
		{"u/", "u/ (2)"},
	} {
		if got := numbered(c.key, 2); got != c.want {
			t.Errorf("numbered(%q, 2) = %q, want %q", c.key, got, c.want)
		}
	}
}

// ConflictRename tries names up to maxRenames, and keys as long as they may be.
func TestRename_isBounded(t *testing.T) {
	for _, c := range []struct {
		name  string
		key   string
		tries int
	}{
		{"short key", "a", maxRenames},
		{"room for (2) to (9)", strings.Repeat("k", s3.MaxKeyBytes-4), 9},
		{"room for none", strings.Repeat("k", s3.MaxKeyBytes-3), 1},
	} {
		s := newSession(t, Config{Target: photos, WithoutChecksum: true})
		s.tell(Event{Kind: EvAdded, Files: []Spec{{Size: 1}}})
		s.describe(Event{Object: &s3.Object{Key: c.key, IfNoneMatch: "*"}, OnConflict: ConflictRename})
		tries := 0
		for sends := s.takeSends(); len(sends) > 0 && tries < 1000; sends = s.takeSends() {
			tries++
			s.refuse(sends[0], 412, "PreconditionFailed")
		}
		if tries != c.tries || len(s.codes) != 1 || s.codes[0] != CodeExists {
			t.Errorf("%s: %d names were tried, want %d; then %q", c.name, tries, c.tries, s.codes)
		}
	}
}

// An upload that does not go away is aborted maxAborts times; then that is told.
func TestAbort_isBounded(t *testing.T) {
	s := newSession(t, Config{Target: photos, Connections: 1, WithoutChecksum: true})
	s.create(s3.MinPartSize * 4)
	part := s.takeSend(s3.OpUploadPart)
	s.tell(Event{Kind: EvCancel})
	s.store(part)
	aborts := 0
	for ; s.kinds[ActNoteOrphan] == 0 && aborts < 100; aborts++ {
		s.tell(Event{Kind: EvAnswered, Req: s.takeSend(s3.OpAbortMultipartUpload), Status: 204})
		s.tell(Event{
			Kind: EvAnswered, Req: s.takeSend(s3.OpListParts), Status: 200,
			Body: []byte(`<ListPartsResult><Part><PartNumber>1</PartNumber><ETag>"e"</ETag><Size>5242880</Size></Part></ListPartsResult>`),
		})
		if s.kinds[ActNoteOrphan] == 0 {
			s.sleep()
		}
	}
	if aborts != maxAborts || s.kinds[ActNoteOrphan] != 1 {
		t.Errorf("aborted %d times, want %d; an orphan was told of %d times", aborts, maxAborts, s.kinds[ActNoteOrphan])
	}
}

// The longest silence is that of a request that has failed maxPatience times.
func TestPatience_isBounded(t *testing.T) {
	s := newSession(t, Config{Target: photos, WithoutChecksum: true, StallMillis: 10, RetryMillis: 3_600_000})
	s.tell(Event{Kind: EvAdded, Files: []Spec{{Size: 1}}})
	s.describe(Event{})
	for attempt := range 3 * maxPatience {
		id := s.takeSend(s3.OpPutObject)
		at, ok := s.engine.Wake()
		want := Instant(10 << min(attempt, maxPatience))
		if got := at - s.now.Mono; !ok || got != want {
			t.Fatalf("attempt %d may be silent for %d ms, want %d", attempt+1, got, want)
		}
		s.sleep()
		s.tell(Event{Kind: EvBroke, Req: id, Cause: CauseBrokenOff})
		s.sleep()
	}
}

// A body that may lie in buffers is waited for as long as it takes at the pace
// that was seen, but no more than bufferBytes lie there.
func TestStall_waitsForBuffersOnly(t *testing.T) {
	for _, c := range []struct {
		size  int64
		drain Instant // of what may be buffered, in milliseconds
	}{
		{bufferBytes, 0},                     // all of it may be: nothing was seen
		{bufferBytes + 1, 99_999},            // all but a byte
		{4 * bufferBytes, 100_000 / 4},       // a quarter
		{s3.MaxSinglePut - 1, 100_000 / 320}, // 16 MiB of 5 GiB
	} {
		s := newSession(t, Config{Target: photos, WithoutChecksum: true, MultipartThreshold: s3.MaxSinglePut, Connections: 1})
		s.tell(Event{Kind: EvAdded, Files: []Spec{{Size: c.size}}})
		s.describe(Event{})
		s.now.Mono += 100_000
		s.tell(Event{Kind: EvSent, Req: s.takeSend(s3.OpPutObject), Bytes: c.size})
		at, _ := s.engine.Wake()
		if got, want := at-s.now.Mono, DefaultStallMillis+2*c.drain; got < want-2 || got > want+2 {
			t.Errorf("%d bytes given away in 100 s: then silent for %d ms, want about %d", c.size, got, want)
		}
	}
}

// The pauses between looks for the network double up to maxProbeMillis.
func TestProbe_pausesDouble(t *testing.T) {
	s := newSession(t, Config{Target: photos, WithoutChecksum: true})
	s.tell(Event{Kind: EvAdded, Files: []Spec{{Size: 1}}})
	s.describe(Event{})
	for _, want := range []Instant{1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000} {
		s.tell(Event{Kind: EvBroke, Req: s.takeSend(s3.OpPutObject), Cause: CauseOffline})
		before := s.now.Mono
		s.sleep()
		if got := s.now.Mono - before; got != want {
			t.Errorf("a pause of %d ms, want %d", got, want)
		}
	}
}

// However many files wait for their digests, maxHashes are computed at once.
func TestHashes_areBounded(t *testing.T) {
	s := newSession(t, Config{Target: photos, Connections: 16, Checksum: s3.CRC32C})
	s.tell(Event{Kind: EvAdded, Files: make([]Spec, 16)})
	for file := range FileID(16) {
		s.tell(Event{Kind: EvDescribed, File: file, Object: &s3.Object{Key: "a"}})
	}
	for left := 16; left > 0; {
		under := s.takeAsides()
		if len(under) != min(left, maxHashes) {
			t.Fatalf("%d digests are being computed, want %d", len(under), min(left, maxHashes))
		}
		for _, hash := range under[1:] {
			s.asides = append(s.asides, hash)
		}
		s.tell(Event{Kind: EvHashed, Req: under[0].Req, Digest: make([]byte, 4)})
		left--
	}
}

// Parts that carry their digests are hashed maxReady ahead of their sending.
func TestReady_isBounded(t *testing.T) {
	s := newSession(t, Config{Target: photos, Connections: 1, Checksum: s3.SHA256})
	s.create(100 * s3.MinPartSize)
	hashed := 0
	for under := s.takeAsides(); len(under) > 0; under = s.takeAsides() {
		for _, hash := range under {
			hashed++
			s.tell(Event{Kind: EvHashed, Req: hash.Req, Digest: make([]byte, 32)})
		}
	}
	if hashed != 1+maxReady {
		t.Errorf("%d parts are hashed while one is being sent, want %d", hashed, 1+maxReady)
	}
}

// A stream may have s3.MaxParts parts and not one more, where the store wants
// them of one size.
func TestStream_hasAtMostMaxParts(t *testing.T) {
	for _, c := range []struct {
		name  string
		bytes int64 // of the last read
		last  bool
		code  string
	}{
		{"ends with the last part", s3.MinPartSize, true, ""},
		{"ends within the last part", 1, true, ""},
		{"goes on after the last part", s3.MinPartSize, false, CodeFileTooLarge},
	} {
		s := newSession(t, Config{
			Target:   s3.Target{Endpoint: "https://x.r2.cloudflarestorage.com", Bucket: "photos", Profile: s3.ProfileR2},
			PartSize: s3.MinPartSize, WithoutChecksum: true,
		})
		s.tell(Event{Kind: EvAdded, Files: []Spec{{Size: UnknownSize}}})
		s.describe(Event{})
		ahead := 0
		for part := 1; part <= s3.MaxParts; part++ {
			reads := s.takeAsides()
			if len(reads) != 1 || int(reads[0].Part) != part || reads[0].Length != s3.MinPartSize {
				t.Fatalf("%s: %d reads, want one of part %d", c.name, len(reads), part)
			}
			read := Event{Kind: EvRead, Req: reads[0].Req, Bytes: s3.MinPartSize}
			if part == s3.MaxParts {
				read.Bytes, read.Last = c.bytes, c.last
			}
			s.tell(read)
			if part == 1 {
				s.createUpload()
			}
			if ahead++; ahead == maxReadAhead && part < s3.MaxParts {
				if len(s.asides) != 0 {
					t.Fatalf("%s: %d parts are read and not stored, and one more is", c.name, ahead)
				}
				for _, id := range s.takeSends() {
					s.store(id)
					ahead--
				}
			}
		}
		if c.code != "" {
			if len(s.codes) != 1 || s.codes[0] != c.code || len(s.asides) != 0 {
				t.Errorf("%s: failed with %q, want %q", c.name, s.codes, c.code)
			}
			continue
		}
		for len(s.sends) > 0 && s.ops[s.sends[0]] == s3.OpUploadPart {
			for _, id := range s.takeSends() {
				s.store(id)
			}
		}
		s.takeSend(s3.OpCompleteMultipartUpload)
		if len(s.codes) != 0 {
			t.Errorf("%s: failed with %q", c.name, s.codes)
		}
	}
}

// What waits to be cleaned up is bounded; more is refused, and nothing of it
// happens.
func TestAbandon_isBounded(t *testing.T) {
	record := (&journal.Record{
		Target: photos, Object: s3.Object{Key: "a"}, Source: journal.Source{Name: "a", Size: 1}, UploadID: "U", PartSize: s3.MinPartSize,
	}).Append(nil)
	e, err := New(Config{Target: photos})
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxAbandons + 1 {
		err := e.Handle(Now{}, &Event{Kind: EvAbandon, Name: strconv.Itoa(i), Record: record})
		if want := i == maxAbandons; errors.Is(err, ErrBusy) != want {
			t.Fatalf("record %d: %v", i+1, err)
		}
	}
}

func TestSweep_isBounded(t *testing.T) {
	for _, c := range []struct {
		name string
		ev   Event
		want error
	}{
		{"most that are kept", Event{Keep: make([]string, maxKeep), Wall: 1}, nil},
		{"more than that", Event{Keep: make([]string, maxKeep+1), Wall: 1}, ErrBusy},
		{"longest prefix", Event{Name: strings.Repeat("k", s3.MaxKeyBytes), Wall: 1}, nil},
		{"longer than a key", Event{Name: strings.Repeat("k", s3.MaxKeyBytes+1), Wall: 1}, ErrSize},
		{"before the beginning of time", Event{Wall: 0}, ErrClock},
	} {
		e, err := New(Config{Target: photos})
		if err != nil {
			t.Fatal(err)
		}
		c.ev.Kind = EvSweep
		if err := e.Handle(Now{}, &c.ev); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// conflicted returns a session in which n files wait for the user to decide.
func conflicted(t *testing.T, n int) *session {
	s := newSession(t, Config{Target: photos, Connections: 1, WithoutChecksum: true})
	s.tell(Event{Kind: EvAdded, Files: make([]Spec, n)})
	for i := range n {
		s.tell(Event{
			Kind: EvDescribed, File: s.described[i], OnConflict: ConflictAsk,
			Object: &s3.Object{Key: "a", IfNoneMatch: "*"},
		})
		s.refuse(s.takeSend(s3.OpPutObject), 412, "PreconditionFailed")
	}
	return s
}

// What is remembered of files that wait has room for all of them: here, how their
// conflicts were resolved.
func TestMarks_ofAllFiles(t *testing.T) {
	const files = 5000
	s := conflicted(t, files)
	s.described = nil
	for file := range FileID(files) {
		s.tell(Event{Kind: EvResolve, File: file, OnConflict: []OnConflict{ConflictReplace, ConflictRename}[file%2]})
	}
	for i := range files {
		file := s.described[i]
		s.tell(Event{Kind: EvDescribed, File: file, Object: &s3.Object{Key: "a", IfNoneMatch: "*"}, OnConflict: ConflictAsk})
		put := s.takeSend(s3.OpPutObject)
		if _, conditional := s3.HeaderValue(s.engine.find(put).send.Header, "if-none-match"); conditional != (file%2 == 1) {
			t.Fatalf("file %d: the condition stands: %v", file, conditional)
		}
		s.tell(Event{Kind: EvAnswered, Req: put, Status: 200, Header: []s3.Field{{Name: "etag", Value: `"e"`}}})
	}
}

// Uploads that rest in the journal are remembered up to queue.MaxParked: one more
// is aborted, since nobody would find it again when its file is dropped.
func TestPark_isBounded(t *testing.T) {
	const files = queue.MaxParked + 1
	s := newSession(t, Config{Target: photos, Connections: 1, MultipartThreshold: 1, WithoutChecksum: true})
	s.tell(Event{Kind: EvAdded, Files: slices.Repeat([]Spec{{Size: 1}}, files)})
	for file := range FileID(files) {
		s.describe(Event{Source: journal.Source{Name: "a", Size: 1, Print: "p"}})
		s.tell(Event{Kind: EvLoaded, File: file})
		s.createUpload()
		s.tell(Event{Kind: EvSaved, File: file})
		part := s.takeSend(s3.OpUploadPart)
		s.tell(Event{Kind: EvPause, File: file})
		s.tell(Event{Kind: EvBroke, Req: part, Cause: CauseBrokenOff})
		if got, want := len(s.sends), int(file)/queue.MaxParked; got != want {
			t.Fatalf("file %d: %d uploads are aborted, want %d", file, got, want)
		}
	}
	s.takeSend(s3.OpAbortMultipartUpload)
}

// A record has at most journal.MaxFrames entries of parts. When parts have been
// sent again so often, it is written anew instead of being added to.
func TestRecord_isWrittenAnewWhenItIsFull(t *testing.T) {
	for _, c := range []struct {
		frames int
		want   ActionKind
	}{{journal.MaxFrames - 1, ActAppend}, {journal.MaxFrames, ActSave}} {
		const size = s3.MaxParts * s3.MinPartSize
		source := journal.Source{Name: "a", Size: size, Print: "p"}
		record := journal.Record{
			Target: photos, Object: s3.Object{Key: "file0"}, Source: source, UploadID: "U", PartSize: s3.MinPartSize,
			Parts: make([]journal.Part, c.frames),
		}
		listed := []byte("<ListPartsResult>")
		for i := range record.Parts {
			record.Parts[i] = journal.Part{Number: uint16(i%(s3.MaxParts-1) + 2), ETag: []byte(`"e"`)}
		}
		for part := 2; part <= s3.MaxParts; part++ {
			listed = append(listed, "<Part><PartNumber>"+strconv.Itoa(part)+`</PartNumber><ETag>"e"</ETag><Size>5242880</Size></Part>`...)
		}
		s := newSession(t, Config{Target: photos, WithoutChecksum: true})
		s.tell(Event{Kind: EvAdded, Files: []Spec{{Size: size}}})
		s.describe(Event{Source: source})
		s.tell(Event{Kind: EvLoaded, Record: record.Append(nil)})
		s.tell(Event{Kind: EvAnswered, Req: s.takeSend(s3.OpListParts), Status: 200, Body: append(listed, "</ListPartsResult>"...)})
		s.store(s.takeSend(s3.OpUploadPart))
		if s.kinds[c.want] != 1 || s.kinds[ActAppend]+s.kinds[ActSave] != 1 {
			t.Errorf("after %d entries: %d times added to, %d times written anew", c.frames, s.kinds[ActAppend], s.kinds[ActSave])
		}
	}
}
