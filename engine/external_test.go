package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/journal"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// failing is a session that leaves trying again to its driver, with a file of
// three parts of which the first is stored and the second is on its way.
func failing(t *testing.T) (s *session, second ReqID, record []byte) {
	t.Helper()
	s = newSession(t, Config{
		Target: photos, Connections: 1, MultipartThreshold: 1, PartSize: 10, SmallParts: true, WithoutChecksum: true, FailFirst: true,
	})
	source := journal.Source{Name: "a", Size: 30}
	s.tell(Event{Kind: EvAdded, Files: []Spec{{Size: 30}}})
	s.describe(Event{Source: source})
	s.tell(Event{Kind: EvLoaded})
	s.createUpload()
	s.tell(Event{Kind: EvSaved})
	s.store(s.takeSend(s3.OpUploadPart))
	r := journal.Record{
		Target: photos, Object: s3.Object{Key: "file0"}, Source: source, UploadID: "U", PartSize: 10,
		Parts: []journal.Part{{Number: 1, ETag: []byte(`"e"`)}},
	}
	return s, s.takeSend(s3.OpUploadPart), r.Append(nil)
}

// goOn has the file tried again, with what the journal has.
func goOn(s *session, loaded Event) {
	s.tell(Event{Kind: EvRetry})
	s.describe(Event{Source: journal.Source{Name: "a", Size: 30}})
	loaded.Kind = EvLoaded
	s.tell(loaded)
}

// With FailFirst a file fails at once, whatever it is, and what is stored of it
// stays: nothing is aborted, and the next attempt goes on from it.
func TestFailFirst_keepsWhatIsStored(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(s *session, id ReqID)
	}{
		{"refused for good", func(s *session, id ReqID) { s.refuse(id, 403, "AccessDenied") }},
		{"trouble in the store", func(s *session, id ReqID) { s.refuse(id, 500, "InternalError") }},
		{"too many requests", func(s *session, id ReqID) { s.refuse(id, 503, "SlowDown") }},
		{"no answer", func(s *session, id ReqID) { s.tell(Event{Kind: EvBroke, Req: id, Cause: CauseOpaque}) }},
		{"the page refuses", func(s *session, id ReqID) { s.tell(Event{Kind: EvBroke, Req: id, Cause: CauseRefused}) }},
	} {
		s, second, record := failing(t)
		s.tell(Event{Kind: EvSaved})
		c.fail(s, second)
		if len(s.codes) != 1 || len(s.sends) != 0 {
			t.Errorf("%s: failed with %q, then sent %v; want one failure and nothing more", c.name, s.codes, s.opsOf(s.sends))
			continue
		}
		goOn(s, Event{Record: record, Trusted: true})
		if id := s.takeSend(s3.OpUploadPart); s.parts[id] != 2 {
			t.Errorf("%s: part %d goes after the retry, want 2", c.name, s.parts[id])
		}
	}
}

// An upload that the store does not know any more is not gone on with.
func TestFailFirst_forgetsWhatIsGone(t *testing.T) {
	s, second, _ := failing(t)
	s.tell(Event{Kind: EvSaved})
	s.refuse(second, 404, "NoSuchUpload")
	if !slices.Equal(s.codes, []string{"NoSuchUpload"}) {
		t.Fatalf("failed with %q, want NoSuchUpload", s.codes)
	}
	for s.engine.slotOf(0) != nil { // what is left is aborted first
		for _, id := range s.takeSends() {
			s.refuse(id, 404, "NoSuchUpload")
		}
	}
	goOn(s, Event{})
	s.takeSend(s3.OpCreateMultipartUpload)
}

// What another run has stored is listed first. A store that does not list it,
// or does not let the page see, is believed to have it; one that lists other
// parts is not.
func TestFailFirst_listsWhatAnotherRunStored(t *testing.T) {
	for _, c := range []struct {
		name   string
		listed func(s *session, id ReqID)
		want   uint16
	}{
		{"listed", func(s *session, id ReqID) {
			s.tell(Event{Kind: EvAnswered, Req: id, Status: 200, Body: []byte(`<ListPartsResult><Part><PartNumber>1</PartNumber><ETag>"e"</ETag><Size>10</Size></Part></ListPartsResult>`)})
		}, 2},
		{"not there", func(s *session, id ReqID) {
			s.tell(Event{Kind: EvAnswered, Req: id, Status: 200, Body: []byte(`<ListPartsResult></ListPartsResult>`)})
		}, 1},
		{"not allowed", func(s *session, id ReqID) { s.refuse(id, 403, "AccessDenied") }, 2},
		{"not seen, because of CORS", func(s *session, id ReqID) { s.tell(Event{Kind: EvBroke, Req: id, Cause: CauseOpaque}) }, 2},
	} {
		s, second, record := failing(t)
		s.tell(Event{Kind: EvSaved})
		s.refuse(second, 500, "InternalError")
		goOn(s, Event{Record: record})
		c.listed(s, s.takeSend(s3.OpListParts))
		if id := s.takeSend(s3.OpUploadPart); s.parts[id] != c.want {
			t.Errorf("%s: part %d goes, want %d", c.name, s.parts[id], c.want)
		}
	}
}

// Whoever does not ask for FailFirst has every record verified.
func TestLoaded_isTrustedWithFailFirstOnly(t *testing.T) {
	s := newSession(t, Config{Target: photos, Connections: 1, MultipartThreshold: 1, WithoutChecksum: true})
	source := journal.Source{Name: "a", Size: 2 * s3.MinPartSize}
	record := journal.Record{
		Target: photos, Object: s3.Object{Key: "file0"}, Source: source, UploadID: "U", PartSize: s3.MinPartSize,
		Parts: []journal.Part{{Number: 1, ETag: []byte(`"e"`)}},
	}
	s.tell(Event{Kind: EvAdded, Files: []Spec{{Size: source.Size}}})
	s.describe(Event{Source: source})
	s.tell(Event{Kind: EvLoaded, Record: record.Append(nil), Trusted: true})
	s.takeSend(s3.OpListParts)
}

func TestConfig_smallPartsAreAskedFor(t *testing.T) {
	for _, c := range []struct {
		size  int64
		small bool
		want  error
	}{
		{s3.MinPartSize - 1, false, ErrPartSize}, {s3.MinPartSize, false, nil},
		{-1, true, ErrPartSize}, {1, true, nil}, {s3.MaxPartSize, true, nil}, {s3.MaxPartSize + 1, true, ErrPartSize},
	} {
		if _, err := New(Config{Target: photos, PartSize: c.size, SmallParts: c.small}); !errors.Is(err, c.want) {
			t.Errorf("New with parts of %d bytes, small ones allowed %t = %v, want %v", c.size, c.small, err, c.want)
		}
	}
}

// What Unsigned gives is what the engine itself has signed.
func TestUnsigned_isWhatIsSigned(t *testing.T) {
	c := &sign.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token"}
	for _, version := range []int{2, 4} {
		s := newSession(t, Config{Target: photos, Connections: 1, SignatureVersion: version, WithoutChecksum: true})
		s.tell(Event{Kind: EvAdded, Files: []Spec{{Size: 1}}})
		s.describe(Event{})
		id := s.takeSend(s3.OpPutObject)
		text, err := s.engine.Unsigned(id)
		if err != nil {
			t.Fatal(err)
		}
		authorization := string(s.engine.find(id).send.Authorization)
		var signature []byte
		if version == 2 {
			signature = new(sign.V2).AppendSignature(nil, c, []byte(text))
		} else {
			head, canonical, _ := strings.Cut(text, "aws4_request\n")
			sum := sha256.Sum256([]byte(canonical))
			toSign := head + "aws4_request\n" + hex.EncodeToString(sum[:])
			signature = new(sign.V4).AppendSignature(nil, c, s.engine.address.Region, startWall, []byte(toSign))
		}
		if !strings.HasSuffix(authorization, string(signature)) {
			t.Errorf("version %d: %q is signed by %s, and sent with %s", version, text, signature, authorization)
		}
		if _, err := s.engine.Unsigned(id + 1); !errors.Is(err, ErrNoRequest) {
			t.Errorf("version %d: Unsigned of no request = %v, want %v", version, err, ErrNoRequest)
		}
	}
}

// A request that was kept back is signed with the time and the digest of now.
func TestSignAgain_isOfNow(t *testing.T) {
	s := newSession(t, Config{Target: photos, Connections: 1, MultipartThreshold: 1, WithoutChecksum: true})
	s.create(s3.MinPartSize)
	id := s.takeSend(s3.OpUploadPart)
	before := bytes.Clone(s.engine.find(id).send.Authorization)
	later := Now{Mono: s.now.Mono + 60_000, Wall: s.now.Wall + 60_000}
	hash := strings.Repeat("0f", 32)
	header, err := s.engine.SignAgain(later, id, hash)
	if err != nil {
		t.Fatal(err)
	}
	date, _ := s3.HeaderValue(header, "x-amz-date")
	if want := string(later.Wall.AppendAMZDate(nil)); date != want {
		t.Errorf("signed again it is of %s, want %s", date, want)
	}
	if got, _ := s3.HeaderValue(header, "x-amz-content-sha256"); got != hash {
		t.Errorf("its payload is %q, want %q", got, hash)
	}
	if got, _ := s3.HeaderValue(header, "authorization"); got == "" || got == string(before) {
		t.Errorf("its signature is %q, and was %q", got, before)
	}
	for _, c := range []struct {
		name string
		now  Now
		id   ReqID
		hash string
		want error
	}{
		{"no request", later, id + 1, "", ErrNoRequest},
		{"a short digest", later, id, hash[1:], ErrPayloadHash},
		{"no digest", later, id, "X" + hash[1:], ErrPayloadHash},
		{"credentials that have ended", Now{Wall: startWall + 31*24*3_600_000}, id, "", ErrHeld},
	} {
		if _, err := s.engine.SignAgain(c.now, c.id, c.hash); !errors.Is(err, c.want) {
			t.Errorf("%s: SignAgain = %v, want %v", c.name, err, c.want)
		}
	}
}

// A driver that words its forms itself gets them signed as the engine would.
func TestSignPolicy_isByTheCredentialsOfItsFields(t *testing.T) {
	c := &sign.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "token"}
	policy := []byte("eyJleHBpcmF0aW9uIjoiIn0=")
	for _, version := range []int{2, 4} {
		s := newSession(t, Config{Target: photos, SignatureVersion: version})
		fields, err := s.engine.PolicyFields(s.now)
		if err != nil {
			t.Fatal(err)
		}
		names := ""
		for _, f := range fields {
			names += f.Name + " "
		}
		got, err := s.engine.SignPolicy(s.now, policy)
		want, wantNames := string(new(sign.V2).AppendSignature(nil, c, policy)), "AWSAccessKeyId x-amz-security-token "
		if version == 4 {
			want = string(new(sign.V4).AppendSignature(nil, c, s.engine.address.Region, startWall, policy))
			wantNames = "x-amz-algorithm x-amz-credential x-amz-date x-amz-security-token "
		}
		if err != nil || got != want || names != wantNames {
			t.Errorf("version %d: signed as %q by fields %q, %v; want %q by %q", version, got, names, err, want, wantNames)
		}
		ended := Now{Wall: startWall + 31*24*3_600_000}
		if _, err := s.engine.PolicyFields(ended); !errors.Is(err, ErrHeld) {
			t.Errorf("version %d: PolicyFields after the end = %v, want %v", version, err, ErrHeld)
		}
		if _, err := s.engine.SignPolicy(ended, policy); !errors.Is(err, ErrHeld) {
			t.Errorf("version %d: SignPolicy after the end = %v, want %v", version, err, ErrHeld)
		}
	}
}
