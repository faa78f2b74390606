package security

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

// escapes are paths below a bucket, percent-encoded as they are sent, that lead
// out of alice's prefix, or would if one layer decodes, tidies up or compares
// more or less than another. Where a path says NAME, each name of a neighbour
// is tried.
var escapes = []string{
	// Where she has no right to be.
	"NAME",
	"users/bob/new.txt",
	"users/alice2/new.txt",
	"users/alice",
	"users/alice.txt",
	"users/alic/new.txt",
	"users/ALICE/new.txt",
	"USERS/alice/new.txt",
	"users/*/new.txt",
	"users/%2A",
	"users/alice%00/new.txt",
	"new.txt",
	"%75sers/bob/new.txt",
	"users%2Fbob%2Fnew.txt",
	"users/b%6Fb/secret.txt",

	// Dot segments, plain and encoded once, in part, and with the slash.
	"users/alice/../bob/secret.txt",
	"users/alice/x/../../bob/secret.txt",
	"users/alice/./../bob/secret.txt",
	"users/alice/%2e%2e/bob/secret.txt",
	"users/alice/%2E%2E/bob/secret.txt",
	"users/alice/.%2e/bob/secret.txt",
	"users/alice/%2e./bob/secret.txt",
	"users/alice/%2e%2e%2fbob%2fsecret.txt",
	"users/alice/..%2Fbob%2Fsecret.txt",
	"users/alice%2F..%2Fbob%2Fsecret.txt",
	"users/alice/..",
	"users/alice/%2e%2e",
	"users/alice/../..",
	"users/alice/../../secret.txt",
	"users/alice/../../../FOREIGN/secret.txt",
	"users/alice/%2e%2e%2f%2e%2e%2f%2e%2e%2fFOREIGN%2fsecret.txt",
	"../FOREIGN/secret.txt",
	"%2e%2e/FOREIGN/secret.txt",
	"%2e%2e%2fFOREIGN%2fsecret.txt",
	"users/alice/../../../../../../../../etc/hostname",
	"users/alice/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/hostname",

	// Absolute, and with slashes that some layer may drop.
	"/users/bob/secret.txt",
	"//users/bob/secret.txt",
	"%2Fusers/bob/secret.txt",
	"%2Fetc%2Fhostname",
	"users//bob/secret.txt",
	"users/alice//../bob/secret.txt",
	"users/alice//..//bob/secret.txt",

	// Bytes that end a name, or are one slash or one dot too many somewhere.
	"users/alice/%00/../../bob/secret.txt",
	"users/bob/secret.txt%00",
	"users/bob/secret.txt%00users/alice/",
	"users/alice%0d%0ax/../bob/secret.txt",
	"users/bob/secret.txt%20",
	"users/bob/secret.txt%3F",
	"users/bob/secret.txt%23",

	// Where the stores keep what is under way.
	".sgwtmp/new.txt",
	"users/alice/../../.sgwtmp/multipart/new.txt",
	".minio.sys/new.txt",
	"users/alice/../../.minio.sys/config/new.txt",
	"../.minio.sys/config/iam/new.txt",
}

// inside are paths that look like a way out and are none: every one of them is a
// key below alice's prefix, taken literally. A store keeps an object under
// exactly that key, or refuses it.
var inside = []string{
	"users/alice/%252e%252e%252fbob%252fsecret.txt",
	"users/alice/%252e%252e/bob/secret.txt",
	"users/alice/%25252e%25252e%25252fbob",
	"users/alice/..%5Cbob%5Csecret.txt",
	`users/alice/..\bob\secret.txt`,
	"users/alice/%5C..%5C..%5Cbob",
	"users/alice/...",
	"users/alice/..../bob/secret.txt",
	"users/alice/..bob/secret.txt",
	"users/alice/%C0%AE%C0%AE%C0%AFbob",
	"users/alice/%EF%BC%8E%EF%BC%8E/bob",
	"users/alice/%E2%80%A5/bob",
	"users/alice/%FF%FE",
	"users/alice/%7F%01%1F",
	"users/alice/a%00b",
	"users/alice/%EF%BB%BFbob",
	"users/alice/%E2%80%AEtxt.bob",
	"users/alice/..%00/bob/secret.txt",
	"users/alice/..;/bob/secret.txt",
	"users/alice/..%0a/bob/secret.txt",
	"users/alice/${jwt:sub}",
	"users/alice/*",
	"users/alice/%3F%23%26=%2B",
}

// paths are those of escapes, with the names put in.
func (w *world) paths() []string {
	var all []string
	for _, e := range escapes {
		e = strings.ReplaceAll(e, "FOREIGN", w.foreign)
		if e != "NAME" {
			all = append(all, e)
			continue
		}
		for _, n := range neighbours {
			all = append(all, escaped(n))
		}
	}
	return all
}

func TestEscape_everythingInsideIsAllowed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		at := "/" + w.bucket + "/" + ownPrefix + "mine.txt"
		for _, by := range ways {
			if got := w.send(t, attack{method: "PUT", path: at, body: "mine"}, w.alice, by, at); got.refused() {
				t.Errorf("%s: PUT of her own: %v", by.name, got)
			}
			if got := w.send(t, attack{method: "GET", path: at}, w.alice, by, at); got.body != "mine" {
				t.Errorf("%s: GET of her own: %v", by.name, got)
			}
		}
		w.must(t, attack{method: "PUT", path: "/" + w.bucket + "/users/bob/mine.txt", body: "bob's"}, w.bob)
	})
}

func TestEscape_write(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		was := w.outside(t)
		for _, p := range w.paths() {
			for _, a := range []attack{
				{method: "PUT", path: "/" + w.bucket + "/" + p, body: "alice was here"},
				{method: "POST", path: "/" + w.bucket + "/" + p, query: []s3.Field{{Name: "uploads"}}},
				{method: "PUT", path: "/" + w.bucket + "/" + p, query: []s3.Field{{Name: "tagging"}},
					body: "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"},
				{method: "PUT", path: "/" + w.bucket + "/" + p, query: []s3.Field{{Name: "acl"}}, header: []s3.Field{{Name: "x-amz-acl", Value: "public-read"}}},
			} {
				w.refuses(t, a)
			}
			w.unharmed(t, "writing to "+p, was)
		}
		if keys := w.own(t); len(keys) > 0 {
			t.Errorf("these keys were made on the way: %q", keys)
		}
	})
}

func TestEscape_read(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, p := range w.paths() {
			at := "/" + w.bucket + "/" + p
			w.refuses(t, attack{method: "GET", path: at})
			w.refuses(t, attack{method: "HEAD", path: at})
			w.refuses(t, attack{method: "GET", path: at, query: []s3.Field{{Name: "tagging"}}})
			w.refuses(t, attack{method: "GET", path: at, query: []s3.Field{{Name: "attributes"}}, header: []s3.Field{{Name: "x-amz-object-attributes", Value: "ETag,ObjectSize"}}})
			w.refuses(t, attack{method: "POST", path: at, query: []s3.Field{{Name: "select"}, {Name: "select-type", Value: "2"}}})
		}
	})
}

// The version of an object is a name too.
func TestEscape_versionsThatArePaths(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		was := w.outside(t)
		own := "/" + w.bucket + "/" + ownPrefix + "mine.txt"
		w.must(t, attack{method: "PUT", path: own, body: "mine"}, w.alice)
		for _, version := range []string{"..", "../bob/secret.txt", "../../users/bob/secret.txt", "../../secret.txt", "../../../" + w.foreign + "/secret.txt"} {
			for _, method := range []string{"GET", "HEAD", "DELETE"} {
				w.refuses(t, attack{method: method, path: own, query: []s3.Field{{Name: "versionId", Value: version}}})
			}
			w.unharmed(t, "the version "+version, was)
		}
	})
}

func TestEscape_delete(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		was := w.outside(t)
		for _, p := range w.paths() {
			w.refuses(t, attack{method: "DELETE", path: "/" + w.bucket + "/" + p})
			w.unharmed(t, "deleting "+p, was)
		}
		// DeleteObjects answers 200 with a refusal for each key.
		for _, key := range append(slices.Clone(neighbours), ownPrefix+"../bob/secret.txt", ownPrefix+"../../secret.txt", "../"+w.foreign+"/secret.txt") {
			body := "<Delete><Object><Key>" + key + "</Key></Object></Delete>"
			a := attack{method: "POST", path: "/" + w.bucket, query: []s3.Field{{Name: "delete"}}, body: body, header: []s3.Field{{Name: "content-md5", Value: md5Of(body)}}}
			got := w.send(t, a, w.alice, ways[0], a.path)
			if strings.Contains(got.body, "<Deleted>") {
				t.Errorf("DeleteObjects of %s: %v", key, got)
			}
			w.unharmed(t, "DeleteObjects of "+key, was)
		}
	})
}

// What looks like a way out, and is a key of her own: either it is stored under
// that very key, or not at all.
func TestEscape_whatIsInsideStaysLiteral(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		was := w.outside(t)
		stored := 0
		for _, p := range inside {
			at := "/" + w.bucket + "/" + p
			key, err := url.PathUnescape(p)
			if err != nil {
				t.Fatal(err)
			}
			before := w.own(t)
			got := w.send(t, attack{method: "PUT", path: at, body: "alice was here"}, w.alice, ways[0], at)
			after := w.own(t)
			fresh := slices.DeleteFunc(slices.Clone(after), func(k string) bool { return slices.Contains(before, k) })
			switch {
			case got.refused() && len(fresh) == 0:
			case !got.refused() && slices.Equal(fresh, []string{key}):
				stored++
			default:
				t.Errorf("PUT %s: %v, and there is now %q; want %q, or a refusal and nothing", p, got, fresh, key)
			}
			w.unharmed(t, "writing to "+p, was)
		}
		if stored < 5 {
			t.Errorf("only %d of %d literal keys were stored", stored, len(inside))
		}
	})
}

func TestEscape_otherBuckets(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		was := w.outside(t)
		port := w.host[strings.LastIndex(w.host, ":"):]
		virtual := w.foreign + ".s3.localhost" + port
		for _, a := range []attack{
			{method: "PUT", path: "/" + w.foreign + "/" + ownPrefix + "new.txt", body: "x"},
			{method: "GET", path: "/" + w.foreign + "/" + ownPrefix + "in-the-foreign-bucket"},
			{method: "PUT", path: "/" + ownPrefix + "new.txt", body: "x", host: virtual},
			{method: "GET", path: "/" + ownPrefix + "in-the-foreign-bucket", host: virtual},
			{method: "GET", path: "/" + w.foreign, query: []s3.Field{{Name: "prefix", Value: ownPrefix}}},
			{method: "GET", path: "/" + w.foreign, query: []s3.Field{{Name: "uploads"}, {Name: "prefix", Value: ownPrefix}}},
			{method: "POST", path: "/" + w.foreign + "/" + ownPrefix + "new.txt", query: []s3.Field{{Name: "uploads"}}},
			{method: "PUT", path: "/" + w.bucket + "%2F..%2F" + w.foreign + "/" + ownPrefix + "new.txt", body: "x"},
			{method: "PUT", path: "/" + w.bucket + "/../" + w.foreign + "/" + ownPrefix + "new.txt", body: "x"},
			{method: "PUT", path: "/a-new-bucket"},
			{method: "DELETE", path: "/" + w.bucket},
			{method: "DELETE", path: "/" + w.foreign},
			{method: "PUT", path: "/" + w.bucket, query: []s3.Field{{Name: "policy"}}, body: `{"Statement":[]}`},
			{method: "PUT", path: "/" + w.bucket, query: []s3.Field{{Name: "acl"}}, header: []s3.Field{{Name: "x-amz-acl", Value: "public-read"}}},
			{method: "PUT", path: "/" + w.bucket, query: []s3.Field{{Name: "cors"}}, body: "<CORSConfiguration/>"},
			{method: "DELETE", path: "/" + w.bucket, query: []s3.Field{{Name: "cors"}}},
			{method: "PUT", path: "/" + w.bucket, query: []s3.Field{{Name: "versioning"}}, body: "<VersioningConfiguration/>"},
			{method: "PUT", path: "/" + w.bucket, query: []s3.Field{{Name: "lifecycle"}}, body: "<LifecycleConfiguration/>"},
			{method: "GET", path: "/" + w.bucket, query: []s3.Field{{Name: "policy"}}},
		} {
			w.refuses(t, a)
			w.unharmed(t, a.String(), was)
		}
		// MinIO answers ListBuckets with those that may be listed: with none here.
		got := w.send(t, attack{method: "GET", path: "/"}, w.alice, ways[0], "/")
		if !got.refused() && strings.Contains(got.body, w.foreign) {
			t.Errorf("ListBuckets names a foreign bucket: %v", got)
		}
	})
}

// A request that is about an object of hers, and reads another.
func TestEscape_copy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		was := w.outside(t)
		own := "/" + w.bucket + "/" + ownPrefix + "copy.txt"
		w.must(t, attack{method: "PUT", path: own, body: "mine"}, w.alice)
		upload := w.create(t, w.alice, ownPrefix+"copy.txt")
		sources := []string{w.foreign + "/" + ownPrefix + "in-the-foreign-bucket"}
		for _, p := range w.paths() {
			sources = append(sources, w.bucket+"/"+p)
		}
		for _, n := range neighbours {
			sources = append(sources, w.bucket+"/"+n, escapedWhole(w.bucket+"/"+n))
		}
		for _, s := range sources {
			for _, source := range []string{s, "/" + s, s + "?versionId=null", w.bucket + "/" + ownPrefix + "copy.txt?versionId=../../" + s} {
				header := []s3.Field{{Name: "x-amz-copy-source", Value: source}}
				for _, a := range []attack{
					{method: "PUT", path: own, header: header},
					{method: "PUT", path: own, header: header, query: []s3.Field{{Name: "partNumber", Value: "1"}, {Name: "uploadId", Value: upload}}},
				} {
					got := w.send(t, a, w.alice, ways[0], a.path)
					if !got.refused() && !strings.Contains(got.body, "<Error>") {
						t.Errorf("%v: %v, want a refusal", a, got)
					}
				}
			}
		}
		if got := w.must(t, attack{method: "GET", path: own}, w.alice); got.body != "mine" {
			t.Errorf("her object is now %q", got.body)
		}
		w.unharmed(t, "copying", was)

		// Her own she may copy.
		w.must(t, attack{method: "PUT", path: own + "2", header: []s3.Field{{Name: "x-amz-copy-source", Value: w.bucket + "/" + ownPrefix + "copy.txt"}}}, w.alice)
	})
}

// No signature, or not hers, gives nothing at all.
func TestEscape_withoutItsSignature(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		was := w.outside(t)
		at := "/" + w.bucket + "/" + bobsKey
		a := attack{method: "GET", path: at}
		mixed := w.alice
		mixed.SessionToken = w.bob.SessionToken
		bobsName := w.alice
		bobsName.AccessKeyID = w.bob.AccessKeyID
		bobsBoth := bobsName
		bobsBoth.SessionToken = w.bob.SessionToken
		noToken := w.bob
		noToken.SessionToken = ""
		for _, by := range append(slices.Clone(ways), way{"unsigned", nil}) {
			for name, c := range map[string]sign.Credentials{
				"alice with bob's token": mixed, "bob's ID with alice's secret": bobsName,
				"bob's ID and token with alice's secret": bobsBoth, "bob without his token": noToken,
			} {
				got := w.send(t, a, c, by, at)
				if !got.refused() {
					t.Errorf("%s, %s: %v, want a refusal", by.name, name, got)
				}
				w.silent(t, a, got)
			}
		}
		if got := w.must(t, a, w.bob); got.body != secret {
			t.Errorf("bob himself: %v", got)
		}
		w.unharmed(t, "reading", was)
	})
}

// What a presigned address of hers is good for, with another key put in.
func TestEscape_presignedForAnotherKey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		was := w.outside(t)
		own := "/" + w.bucket + "/" + ownPrefix + "mine.txt"
		w.must(t, attack{method: "PUT", path: own, body: "mine"}, w.alice)
		for _, by := range []way{ways[1], ways[3]} {
			for _, method := range []string{http.MethodGet, http.MethodPut} {
				for _, p := range w.paths() {
					a := attack{method: method, path: "/" + w.bucket + "/" + p}
					if method == http.MethodPut {
						a.body = "alice was here"
					}
					if got := w.send(t, a, w.alice, by, own); !got.refused() {
						t.Errorf("%s for %s: %v: %v, want a refusal", by.name, own, a, got)
					}
				}
			}
		}
		w.unharmed(t, "presigned addresses", was)
	})
}
