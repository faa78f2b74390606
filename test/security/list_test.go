package security

import (
	"strings"
	"testing"
	"time"

	"github.com/bucketline/bucketline/s3"
)

// prefixes are those that a list may not be asked for.
var prefixes = []string{
	"users/bob/", "users/bob", "users/b", "users/", "users", "u", "", "/", "users/alice", "users/alic", "users/alice2/",
	"users/../users/bob/", "users//", "USERS/ALICE/", "users/%61lice/", "%75sers/bob/", "*", "users/*",
	"/users/alice/", "./users/alice/", " users/alice/", "users/bob/\x00users/alice/",
}

// tricks are lists of parameters that could be asked about as hers, and carried
// out as somebody else's.
var tricks = [][]s3.Field{
	{{Name: "prefix", Value: ownPrefix}, {Name: "prefix", Value: "users/bob/"}},
	{{Name: "prefix", Value: "users/bob/"}, {Name: "prefix", Value: ownPrefix}},
	{{Name: "prefix", Value: ""}, {Name: "prefix", Value: ownPrefix}},
	{{Name: "Prefix", Value: ownPrefix}},
	{{Name: "Prefix", Value: ownPrefix}, {Name: "prefix", Value: "users/bob/"}},
	{{Name: "prefix", Value: ownPrefix + "../bob/"}},
	{{Name: "prefix", Value: ownPrefix + "../"}},
	{{Name: "prefix", Value: ownPrefix + "../.."}},
	{{Name: "prefix", Value: ownPrefix + "%2e%2e/bob/"}},
	{{Name: "prefix", Value: ownPrefix}, {Name: "start-after", Value: "users/b"}},
	{{Name: "prefix", Value: ownPrefix}, {Name: "marker", Value: "users/b"}},
	{{Name: "prefix", Value: ownPrefix}, {Name: "marker", Value: "../"}},
	{{Name: "prefix", Value: ownPrefix}, {Name: "key-marker", Value: "users/b"}},
	{{Name: "prefix", Value: ownPrefix}, {Name: "delimiter", Value: "/"}},
	{{Name: "prefix", Value: ownPrefix}, {Name: "delimiter", Value: "alice"}},
	{{Name: "s3:prefix", Value: ownPrefix}},
	{{Name: "s3:prefix", Value: ownPrefix}, {Name: "prefix", Value: "users/bob/"}},
}

var lists = map[string][]s3.Field{
	"ListObjects":          {},
	"ListObjectsV2":        {{Name: "list-type", Value: "2"}},
	"ListMultipartUploads": {{Name: "uploads"}},
	"ListObjectVersions":   {{Name: "versions"}},
}

func TestList_ofOthers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, list := range lists {
			for _, prefix := range prefixes {
				q := append([]s3.Field{{Name: "prefix", Value: prefix}}, list...)
				w.refuses(t, attack{method: "GET", path: "/" + w.bucket, query: q})
			}
			w.refuses(t, attack{method: "GET", path: "/" + w.bucket, query: list})
			w.refuses(t, attack{method: "GET", path: "/" + w.bucket + "/", query: list})
			// As a header, where a condition of the same name might look.
			a := attack{method: "GET", path: "/" + w.bucket, query: append([]s3.Field{{Name: "prefix", Value: "users/bob/"}}, list...), header: []s3.Field{{Name: "prefix", Value: ownPrefix}, {Name: "x-amz-prefix", Value: ownPrefix}, {Name: "s3-prefix", Value: ownPrefix}}}
			if got := w.send(t, a, w.alice, ways[0], a.path); !got.refused() {
				t.Errorf("%s: %v: %v, want a refusal", name, a, got)
			}
		}
	})
}

// Parameters that contradict each other are refused, or read as hers.
func TestList_withTricks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.must(t, attack{method: "PUT", path: "/" + w.bucket + "/" + ownPrefix + "mine.txt", body: "mine"}, w.alice)
		w.create(t, w.alice, ownPrefix+"mine.bin")
		for _, list := range lists {
			for _, trick := range tricks {
				a := attack{method: "GET", path: "/" + w.bucket, query: append(append([]s3.Field{}, trick...), list...)}
				for _, by := range ways {
					got := w.send(t, a, w.alice, by, a.path)
					w.silent(t, a, got)
				}
			}
		}
		if w.folder == "" {
			return // nobody may at MinIO, see minioPolicy
		}
		for name, want := range map[string]string{"ListObjects": "mine.txt", "ListObjectsV2": "mine.txt", "ListMultipartUploads": "mine.bin"} {
			q := append([]s3.Field{{Name: "prefix", Value: ownPrefix}}, lists[name]...)
			if got := w.must(t, attack{method: "GET", path: "/" + w.bucket, query: q}, w.alice); !strings.Contains(got.body, want) {
				t.Errorf("%s of her own: %v", name, got)
			}
		}
	})
}

// MinIO takes whatever a request says as the value of a condition: of a parameter
// that comes twice the one that suits, and a header as well as a parameter. So
// s3:prefix limits nobody there, and no policy for users should allow ListBucket.
// Should this fail, MinIO has learned it: then minioPolicy and docs/security.md
// may allow it.
func TestList_minioTakesAnyPrefixForTheCondition(t *testing.T) {
	stack, _, store := startStores(t, 15*time.Minute)
	w := newMinIOWorld(t, stack, store)
	statement := `, {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::BUCKET"],
	 "Condition": {"StringLike": {"s3:prefix": ["users/${jwt:sub}/*"]}}}]}`
	wider := strings.TrimSuffix(minioPolicy, "]}") + statement
	addPolicy(t, store, minioPolicyName, strings.ReplaceAll(wider, "BUCKET", w.bucket))
	plain := attack{method: "GET", path: "/" + w.bucket, query: []s3.Field{{Name: "prefix", Value: "users/bob/"}}}
	w.refuses(t, plain)
	twice, header := plain, plain
	twice.query = []s3.Field{{Name: "prefix", Value: "users/bob/"}, {Name: "prefix", Value: ownPrefix}}
	header.header = []s3.Field{{Name: "prefix", Value: ownPrefix}}
	if got := w.send(t, header, w.alice, ways[0], header.path); !strings.Contains(got.body, bobsKey) {
		t.Errorf("%v: %v; MinIO has been mended", header, got)
	}
	if got := w.send(t, twice, w.alice, ways[2], twice.path); !strings.Contains(got.body, bobsKey) {
		t.Errorf("%v: %v; MinIO has been mended", twice, got)
	}
}
