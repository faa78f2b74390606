package security

import (
	"slices"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

const boundary = "0bucketline0"

// part is one part of a form, as it goes onto the wire.
type part struct{ head, value string }

func fieldPart(name, value string) part {
	return part{`Content-Disposition: form-data; name="` + name + `"`, value}
}

func filePart(fileName string) part {
	return part{`Content-Disposition: form-data; name="file"; filename="` + fileName + `"` + "\r\nContent-Type: text/plain", "alice was here"}
}

// signed are the fields of a policy that allows any key and any bucket that is
// not held against another, signed by c: what a policy says is for its signer to
// choose, and must not matter.
func (w *world) signed(t *testing.T, c sign.Credentials, version int, bucket string) []part {
	t.Helper()
	p := sign.Policy{Expiration: now() + 5*60_000}
	p.Equal("bucket", bucket)
	p.StartsWith("key", "")
	return w.signedAs(t, c, version, p)
}

func (w *world) signedAs(t *testing.T, c sign.Credentials, version int, p sign.Policy) []part {
	t.Helper()
	p.Form = []s3.Field{{Name: "key", Value: "of the attack"}} // no policy is signed without
	at := min(now(), p.Expiration-1000)                        // no policy is signed that has ended
	var err error
	if version == 2 {
		var signer sign.V2
		err = signer.Policy(&p, &c, at)
	} else {
		var signer sign.V4
		err = signer.Policy(&p, &c, w.region, at)
	}
	if err != nil {
		t.Fatal(err)
	}
	var parts []part
	for _, f := range p.Form[1:] {
		parts = append(parts, fieldPart(f.Name, f.Value))
	}
	return parts
}

// post sends a form as it stands.
func (w *world) post(t *testing.T, path string, parts []part) answer {
	t.Helper()
	var body strings.Builder
	for _, p := range parts {
		body.WriteString("--" + boundary + "\r\n" + p.head + "\r\n\r\n" + p.value + "\r\n")
	}
	body.WriteString("--" + boundary + "--\r\n")
	header := []s3.Field{{Name: "content-type", Value: "multipart/form-data; boundary=" + boundary}}
	return w.write(t, "POST", path, w.host, header, body.String())
}

// formKeys are keys for a form's field, which nobody decodes.
func (w *world) formKeys() []string {
	keys := slices.Clone(neighbours)
	for _, k := range []string{
		"users/bob/new.txt", "users/alice2/new.txt", "users/alice", "new.txt", "USERS/alice/new.txt", "users/*",
		"users/alice/../bob/secret.txt", "users/alice/x/../../bob/secret.txt", "users/alice/..", "users/alice/.", "users/alice/../../secret.txt",
		"users/alice/../../../FOREIGN/secret.txt", "../FOREIGN/secret.txt", "/users/bob/secret.txt", "//users/bob/secret.txt", "users//bob/secret.txt",
		"/../FOREIGN/secret.txt", "users/bob/\x00/secret.txt", "users/bob/secret.txt\x00users/alice/", "users/alice/\x00/../../bob/secret.txt",
		".sgwtmp/new.txt", "users/alice/../../.sgwtmp/multipart/new.txt", "../.minio.sys/config/new.txt", ".minio.sys/new.txt",
	} {
		keys = append(keys, strings.ReplaceAll(k, "FOREIGN", w.foreign))
	}
	return keys
}

func TestForm_foreignKeyIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		was := w.outside(t)
		for _, version := range []int{4, 2} {
			fields := w.signed(t, w.alice, version, w.bucket)
			for _, key := range w.formKeys() {
				got := w.post(t, "/"+w.bucket, append(slices.Clone(fields), fieldPart("key", key), filePart("x")))
				if !got.refused() {
					t.Errorf("version %d, key %q: %v, want a refusal", version, key, got)
				}
				w.unharmed(t, "a form with the key "+key, was)
			}
			own := ownPrefix + "form.txt"
			if got := w.post(t, "/"+w.bucket, append(slices.Clone(fields), fieldPart("key", own), filePart("x"))); got.refused() {
				t.Errorf("version %d, a key of her own: %v", version, got)
			}
		}
	})
}

// What a file is called is the sender's to choose, and becomes a part of the key.
func TestForm_fileNameCannotLeaveThePrefix(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		was := w.outside(t)
		names := []string{
			"secret.txt", "..", ".", "../bob/secret.txt", "../../secret.txt", `..\bob\secret.txt`, `..\\bob\\secret.txt`, "/etc/passwd",
			"%2e%2e%2fbob%2fsecret.txt", "bob/secret.txt", "bob", "${filename}", "a;name=key", "../", `..\`, "x\x00/../../bob/secret.txt", "",
		}
		keys := []string{"users/alice/${filename}", "users/alice/${filename}/bob", "users/alice/${filename}/../bob/secret.txt",
			"users/${filename}", "${filename}", "users/bob/${filename}", "users/alice${filename}", "${filename}/users/alice/x", "users/alice/..${filename}/bob/secret.txt",
			"users/alice/.${filename}/secret.txt", "users/alice/${FILENAME}"}
		stored := 0
		for _, version := range []int{4, 2} {
			fields := w.signed(t, w.alice, version, w.bucket)
			for _, key := range keys {
				for _, name := range names {
					got := w.post(t, "/"+w.bucket, append(slices.Clone(fields), fieldPart("key", key), filePart(name)))
					// Whether it is refused or stored under a key of her own, nothing else happens.
					w.unharmed(t, "a form with the key "+key+" and a file called "+name, was)
					if !got.refused() {
						stored++
					}
					if !got.refused() && !strings.HasPrefix(key, ownPrefix) {
						t.Errorf("version %d, key %q, file name %q: %v, want a refusal", version, key, name, got)
					}
				}
			}
		}
		if stored == 0 {
			t.Error("no form was taken at all")
		}
	})
}

// Forms that one reader takes for something else than another: the one that
// judges the key, and the one that stores.
func TestForm_readTwoWays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		was := w.outside(t)
		own, bobs := fieldPart("key", ownPrefix+"form.txt"), fieldPart("key", bobsKey)
		file := filePart("x")
		heads := map[string]string{
			"a space before the colon":       file.head + "\r\nContent-Disposition : form-data; name=\"key\"",
			"a tab before the colon":         file.head + "\r\nContent-Disposition\t: form-data; name=\"key\"",
			"a second disposition":           file.head + "\r\nContent-Disposition: form-data; name=\"key\"",
			"a disposition first":            "Content-Disposition : form-data; name=\"key\"\r\n" + file.head,
			"a name in RFC 2231's form":      `Content-Disposition: form-data; name="key"; name*=utf-8''file`,
			"the other way round":            `Content-Disposition: form-data; name="file"; name*=utf-8''key`,
			"a name in pieces":               `Content-Disposition: form-data; name*0="ke"; name*1="y"; name="file"`,
			"a folded line":                  "Content-Disposition: form-data; name=\"file\"\r\n ; name=\"key\"",
			"a folded line with a name":      "Content-Disposition: form-data;\r\n name=\"key\"",
			"two names":                      `Content-Disposition: form-data; name="file"; name="key"`,
			"an escaped quote":               `Content-Disposition: form-data; name="file\"; x="; name="key"`,
			"a file name with a line":        "Content-Disposition: form-data; name=\"file\"; filename=\"a\rContent-Disposition: form-data; name=key\"",
			"a bare line feed":               "Content-Disposition: form-data; name=\"file\"\nContent-Disposition: form-data; name=\"key\"",
			"a NUL":                          "Content-Disposition: form-data; name=\"file\"\x00; name=\"key\"",
			"a file name on the key":         `Content-Disposition: form-data; name="key"; filename="x"`,
			"a capital":                      `Content-Disposition: form-data; name="KEY"`,
			"a name with spaces":             `Content-Disposition: form-data; name=" key "`,
			"a name with a NUL":              "Content-Disposition: form-data; name=\"key\x00\"",
			"a name in brackets":             `Content-Disposition: form-data; name="key[]"`,
			"an unquoted name":               `Content-Disposition: form-data; name=key`,
			"an encoded name":                `Content-Disposition: form-data; name="%6Bey"`,
			"a name in MIME's encoded words": `Content-Disposition: form-data; name="=?utf-8?q?key?="`,
		}
		for _, version := range []int{4, 2} {
			fields := w.signed(t, w.alice, version, w.bucket)
			for name, head := range heads {
				odd := part{head, bobsKey}
				for at, parts := range map[string][]part{
					"before the file":             {own, odd, file},
					"before her own key":          {odd, own, file},
					"in the place of the key":     {odd, file},
					"after the file":              {own, file, odd},
					"between two files":           {own, file, odd, file},
					"with the fields after it":    {own, odd, filePart("y"), bobs, file},
					"with another key behind":     {own, odd, bobs, file},
					"with all of it, twice":       {odd, own, odd, file, bobs},
					"with a file and a key again": {own, odd, file, bobs, file},
				} {
					got := w.post(t, "/"+w.bucket, append(slices.Clone(fields), parts...))
					w.silentForm(t, name, got)
					w.unharmed(t, "a form with "+name+" "+at, was)
				}
			}
			for name, parts := range map[string][]part{
				"the key twice":                {own, bobs, file},
				"the key twice, bob's first":   {bobs, own, file},
				"the key again after the file": {own, file, bobs},
				"a file before the key":        {file, own},
				"no file":                      {own},
				"a form in the file":           {own, {file.head, "x\r\n--" + boundary + "\r\n" + bobs.head + "\r\n\r\n" + bobs.value}},
			} {
				w.post(t, "/"+w.bucket, append(slices.Clone(fields), parts...))
				w.unharmed(t, "a form with "+name, was)
			}
		}
	})
}

func (w *world) silentForm(t *testing.T, what string, got answer) {
	t.Helper()
	if strings.Contains(got.body, secret) {
		t.Errorf("%s: the answer has bob's secret in it: %v", what, got)
	}
}

func TestForm_otherBucketsOthersSignatures(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		was := w.outside(t)
		own := []part{fieldPart("key", ownPrefix+"form.txt"), filePart("x")}
		mixed := w.alice
		mixed.SessionToken = w.bob.SessionToken
		bobsID := w.alice
		bobsID.AccessKeyID, bobsID.SessionToken = w.bob.AccessKeyID, w.bob.SessionToken
		noToken := w.alice
		noToken.SessionToken = ""
		past := sign.Policy{Expiration: now() - 60_000}
		past.Equal("bucket", w.bucket)
		past.StartsWith("key", "")
		narrow := sign.Policy{Expiration: now() + 60_000}
		narrow.Equal("bucket", w.bucket)
		narrow.StartsWith("key", ownPrefix+"only/")
		for _, version := range []int{4, 2} {
			fields := w.signed(t, w.alice, version, w.bucket)
			foreign := w.signed(t, w.alice, version, w.foreign)
			var unsigned, changed []part
			for _, f := range fields {
				if !strings.Contains(strings.ToLower(f.head), `signature"`) {
					unsigned = append(unsigned, f)
				}
				if strings.Contains(f.head, `name="policy"`) {
					f.value = f.value[:40] + "A" + f.value[41:]
				}
				changed = append(changed, f)
			}
			for name, attempt := range map[string]struct {
				path   string
				fields []part
			}{
				"another bucket":                 {"/" + w.foreign, foreign},
				"another bucket by its path":     {"/" + w.bucket + "/../" + w.foreign, foreign},
				"another bucket by an escape":    {"/" + w.bucket + "%2f..%2f" + w.foreign, foreign},
				"the key in the path":            {"/" + w.bucket + "/" + bobsKey, fields},
				"alice with bob's token":         {"/" + w.bucket, w.signed(t, mixed, version, w.bucket)},
				"bob's ID with alice's secret":   {"/" + w.bucket, w.signed(t, bobsID, version, w.bucket)},
				"alice without her token":        {"/" + w.bucket, w.signed(t, noToken, version, w.bucket)},
				"a policy that has ended":        {"/" + w.bucket, w.signedAs(t, w.alice, version, past)},
				"a policy for another prefix":    {"/" + w.bucket, w.signedAs(t, w.alice, version, narrow)},
				"no signature":                   {"/" + w.bucket, unsigned},
				"no fields but the key":          {"/" + w.bucket, nil},
				"a policy changed after signing": {"/" + w.bucket, changed},
			} {
				got := w.post(t, attempt.path, append(slices.Clone(attempt.fields), own...))
				if !got.refused() {
					t.Errorf("version %d, %s: %v, want a refusal", version, name, got)
				}
				w.unharmed(t, "a form with "+name, was)
			}
		}
		if keys := w.own(t); len(keys) > 0 {
			t.Errorf("stored all the same: %q", keys)
		}
	})
}
