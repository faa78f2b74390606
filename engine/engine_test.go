package engine

import (
	"errors"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/cred"
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
}
