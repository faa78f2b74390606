package s3

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestParsePutObject(t *testing.T) {
	tests := []struct {
		name   string
		header []Field
		want   string
		ok     bool
	}{
		{"quoted", []Field{{"ETag", `"3e25960a79dbc69b674cd4ec67a72c62"`}}, `"3e25960a79dbc69b674cd4ec67a72c62"`, true},
		{"another case", []Field{{"date", "x"}, {"etag", `"e"`}}, `"e"`, true},
		{"without quotes", []Field{{"Etag", "e"}}, "e", true},
		{"not exposed", []Field{{"Date", "x"}}, "", false},
		{"empty", []Field{{"ETag", ""}}, "", false},
		{"two words", []Field{{"ETag", "a b"}}, "a b", false},
		{"at the limit", []Field{{"ETag", strings.Repeat("e", MaxETag)}}, strings.Repeat("e", MaxETag), true},
		{"above the limit", []Field{{"ETag", strings.Repeat("e", MaxETag+1)}}, strings.Repeat("e", MaxETag+1), false},
	}
	for _, test := range tests {
		if got, ok := ParsePutObject(test.header); got != test.want || ok != test.ok {
			t.Errorf("%s: ParsePutObject = %q, %t, want %q, %t", test.name, got, ok, test.want, test.ok)
		}
		if got, ok := ParseUploadPart(test.header); got != test.want || ok != test.ok {
			t.Errorf("%s: ParseUploadPart = %q, %t, want %q, %t", test.name, got, ok, test.want, test.ok)
		}
	}
}

// S3 API Reference, CreateMultipartUpload, response syntax.
func TestParseCreateMultipartUpload(t *testing.T) {
	for file, want := range map[string]string{
		"aws_create.xml":       "VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA.K_3.x-",
		"ceph_create.xml":      "2~dWZqLw5Jbm3kXyzEXAMPLEk0n_r",
		"r2_create.xml":        "AKAvuZPYtSGxSGhKJzT0tMOWBKlCRkDzL4ZpPmZeRlT0VWoFoHdg7oTaBxL_EXAMPLE/+=",
		"minio_create.xml":     "ZjViYzc4NGYtNTEwMy00NDBmLTkyZmQtMzFhM2ZjOWZmMjU4LmM1ZWEyMDlkLTlmMWMtNDYyZS1hYzdjLTViMmQ0MjNlOTZhOHgxNzk1NDY0NzI1OTg0NjYyNTY0",
		"versitygw_create.xml": "b46e490f-614a-4a6a-8b26-408c7303c54e",
	} {
		if got, err := ParseCreateMultipartUpload(answer(t, file)); got != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", file, got, err, want)
		}
	}
}

// An answer that cannot be read is an AnswerError with the operation's name,
// never a result.
func TestParse_unreadable(t *testing.T) {
	const head = `<InitiateMultipartUploadResult><UploadId>`
	create := func(body string) error { _, err := ParseCreateMultipartUpload([]byte(body)); return err }
	complete := func(body string) error {
		_, err := ParseCompleteMultipartUpload(200, nil, []byte(body))
		return err
	}
	parts := func(body string) error { _, err := ParseListParts([]byte(body), nil); return err }
	uploads := func(body string) error { _, err := ParseListMultipartUploads([]byte(body), nil); return err }
	post := func(body string) error { _, err := ParsePostObject(201, nil, []byte(body)); return err }
	part := func(inner string) string {
		return "<ListPartsResult><Part>" + inner + "</Part><IsTruncated>false</IsTruncated></ListPartsResult>"
	}
	upload := func(inner string) string {
		return "<ListMultipartUploadsResult>" + inner + "</ListMultipartUploadsResult>"
	}
	tests := []struct {
		name  string
		parse func(string) error
		body  string
		op    Op
	}{
		{"nothing", create, "", OpCreateMultipartUpload},
		{"HTML", create, "<html><body>UploadId</body></html>", OpCreateMultipartUpload},
		{"another root", create, "<ListPartsResult><UploadId>U</UploadId></ListPartsResult>", OpCreateMultipartUpload},
		{"no upload ID", create, "<InitiateMultipartUploadResult/>", OpCreateMultipartUpload},
		{"an empty upload ID", create, head + "</UploadId></InitiateMultipartUploadResult>", OpCreateMultipartUpload},
		{"an upload ID with a line break", create, head + "a&#10;b</UploadId></InitiateMultipartUploadResult>", OpCreateMultipartUpload},
		{"an upload ID too deep", create, "<InitiateMultipartUploadResult><x><UploadId>U</UploadId></x></InitiateMultipartUploadResult>", OpCreateMultipartUpload},
		{"an upload ID above the limit", create, head + strings.Repeat("U", MaxUploadID+1) + "</UploadId></InitiateMultipartUploadResult>", OpCreateMultipartUpload},
		{"cut in the ID", create, head + "U", OpCreateMultipartUpload},
		{"cut before the end", create, head + "U</UploadId>", OpCreateMultipartUpload},
		{"something after the end", create, head + "U</UploadId></InitiateMultipartUploadResult>x", OpCreateMultipartUpload},

		{"keep-alive and then nothing", complete, "<?xml version=\"1.0\"?>\n\n \n", OpCompleteMultipartUpload},
		{"no ETag", complete, "<CompleteMultipartUploadResult><Key>k</Key></CompleteMultipartUploadResult>", OpCompleteMultipartUpload},
		{"cut", complete, "<CompleteMultipartUploadResult><ETag>e</ETag>", OpCompleteMultipartUpload},
		{"a form's answer without ETag", post, "<PostResponse><Key>k</Key></PostResponse>", OpPostObject},

		{"a part without number", parts, part("<ETag>e</ETag><Size>1</Size>"), OpListParts},
		{"part 0", parts, part("<PartNumber>0</PartNumber><ETag>e</ETag>"), OpListParts},
		{"part 10001", parts, part("<PartNumber>10001</PartNumber><ETag>e</ETag>"), OpListParts},
		{"part -1", parts, part("<PartNumber>-1</PartNumber><ETag>e</ETag>"), OpListParts},
		{"part in words", parts, part("<PartNumber>one</PartNumber><ETag>e</ETag>"), OpListParts},
		{"a part without ETag", parts, part("<PartNumber>1</PartNumber>"), OpListParts},
		{"a size beyond every object", parts, part("<PartNumber>1</PartNumber><ETag>e</ETag><Size>53687091200001</Size>"), OpListParts},
		{"a malformed checksum", parts, part("<PartNumber>1</PartNumber><ETag>e</ETag><ChecksumCRC32>AAAA</ChecksumCRC32>"), OpListParts},
		{"parts out of order", parts, part("<PartNumber>2</PartNumber><ETag>e</ETag></Part><Part><PartNumber>1</PartNumber><ETag>e</ETag>"), OpListParts},
		{"a part twice", parts, part("<PartNumber>1</PartNumber><ETag>e</ETag></Part><Part><PartNumber>1</PartNumber><ETag>e</ETag>"), OpListParts},
		{"more parts after none", parts, "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>5</NextPartNumberMarker></ListPartsResult>", OpListParts},
		{"a marker that goes back", parts, "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker><Part><PartNumber>2</PartNumber><ETag>e</ETag></Part></ListPartsResult>", OpListParts},
		{"a cut list", parts, "<ListPartsResult><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>", OpListParts},

		{"an upload without key", uploads, upload("<Upload><UploadId>U</UploadId></Upload>"), OpListMultipartUploads},
		{"an upload without ID", uploads, upload("<Upload><Key>k</Key></Upload>"), OpListMultipartUploads},
		{"more uploads, nowhere", uploads, upload("<IsTruncated>true</IsTruncated>"), OpListMultipartUploads},
		{"a malformed key", uploads, upload("<EncodingType>url</EncodingType><Upload><Key>%4</Key><UploadId>U</UploadId></Upload>"), OpListMultipartUploads},
		{"another malformed key", uploads, upload("<EncodingType>url</EncodingType><Upload><Key>%zz</Key><UploadId>U</UploadId></Upload>"), OpListMultipartUploads},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.parse(test.body)
			var bad *AnswerError
			if !errors.As(err, &bad) || bad.Op != test.op || !strings.HasPrefix(bad.Error(), test.op.String()+": the answer ") {
				t.Errorf("parsing %q gives %v, want an AnswerError of %v", test.body, err, test.op)
			}
		})
	}
}

func TestParse_bodiesAreBounded(t *testing.T) {
	const doc = "<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>"
	for _, test := range []struct {
		size int
		ok   bool
	}{{MaxAnswerBody - 1, true}, {MaxAnswerBody, true}, {MaxAnswerBody + 1, false}} {
		body := append([]byte(doc), bytes.Repeat([]byte(" "), test.size-len(doc))...)
		if _, err := ParseCreateMultipartUpload(body); (err == nil) != test.ok {
			t.Errorf("%d bytes: %v, want ok %t", test.size, err, test.ok)
		}
	}
	if id, err := ParseCreateMultipartUpload([]byte(strings.Replace(doc, ">U<", ">"+strings.Repeat("U", MaxUploadID)+"<", 1))); len(id) != MaxUploadID || err != nil {
		t.Errorf("an upload ID at the limit: %d bytes, %v", len(id), err)
	}
}

// A page as large as the API allows, with the longest keys, stays under
// MaxAnswerBody; one upload more is refused.
func TestParseListMultipartUploads_limit(t *testing.T) {
	page := func(n int) []byte {
		var b bytes.Buffer
		b.WriteString("<ListMultipartUploadsResult><EncodingType>url</EncodingType>")
		for range n {
			fmt.Fprintf(&b, "<Upload><Key>%s</Key><UploadId>%s</UploadId><Initiator><ID>%s</ID><DisplayName>%s</DisplayName></Initiator><Owner><ID>%s</ID><DisplayName>%s</DisplayName></Owner>"+
				"<StorageClass>INTELLIGENT_TIERING</StorageClass><Initiated>2026-11-23T20:12:05.984Z</Initiated><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType></Upload>",
				strings.Repeat("%C3%A4", 512), strings.Repeat("U", 256), strings.Repeat("i", 128), strings.Repeat("i", 128), strings.Repeat("o", 64), strings.Repeat("o", 64))
		}
		b.WriteString("<IsTruncated>false</IsTruncated></ListMultipartUploadsResult>")
		return b.Bytes()
	}
	for _, n := range []int{MaxListPage - 1, MaxListPage} {
		body := page(n)
		got, err := ParseListMultipartUploads(body, nil)
		if len(got.Uploads) != n || err != nil || len(body) > MaxAnswerBody {
			t.Fatalf("%d uploads in %d bytes: %d, %v", n, len(body), len(got.Uploads), err)
		}
		if key := got.Uploads[n-1].Key; key != strings.Repeat("ä", 512) {
			t.Errorf("key %q", key)
		}
	}
	small := strings.Repeat("<Upload><Key>k</Key><UploadId>U</UploadId></Upload>", MaxListPage+1)
	if _, err := ParseListMultipartUploads([]byte("<ListMultipartUploadsResult>"+small+"</ListMultipartUploadsResult>"), nil); err == nil {
		t.Error("1001 uploads in a page are accepted")
	}
}

// S3 API Reference, CompleteMultipartUpload: 200, white space, then the result
// or an error.
func TestParseCompleteMultipartUpload(t *testing.T) {
	tests := []struct {
		file   string
		header []Field
		want   CompleteResult
	}{
		{"aws_complete_after_keep_alive.xml", []Field{{"x-amz-version-id", "V1"}}, CompleteResult{Location: "https://photos.s3.eu-west-1.amazonaws.com/u%2F42%2Fa.mov", Bucket: "photos", Key: "u/42/a.mov",
			ETag: `"3858f62230ac3c915f300c664312c11f-9"`, VersionID: "V1", Algorithm: CRC64NVME, ChecksumType: FullObject, Checksum: "hrdXXE6LjSo="}},
		{"minio_complete.xml", []Field{{"X-Amz-Checksum-Type", "FULL_OBJECT"}}, CompleteResult{Location: "http://127.0.0.1:39471/photos/multi%20CRC64NVME", Bucket: "photos", Key: "multi CRC64NVME",
			ETag: `"16329fb6004d64a4fbc5bbb983fa0528-2"`, Algorithm: CRC64NVME, ChecksumType: FullObject, Checksum: "hrdXXE6LjSo="}},
		{"versitygw_complete.xml", nil, CompleteResult{Location: "http://127.0.0.1:39473/photos/multi%20CRC32C", Bucket: "photos", Key: "multi CRC32C",
			ETag: `"16329fb6004d64a4fbc5bbb983fa0528-2"`, Algorithm: CRC32C, ChecksumType: Composite, Checksum: "UDAImw==-2"}},
		{"ceph_complete.xml", []Field{{"X-Amz-Checksum-Type", "FULL_OBJECT"}}, CompleteResult{Location: "rgw.example.com/photos/k", Bucket: "photos", Key: "k", ETag: "16329fb6004d64a4fbc5bbb983fa0528-2"}},
	}
	for _, test := range tests {
		got, err := ParseCompleteMultipartUpload(200, test.header, answer(t, test.file))
		if got != test.want || err != nil {
			t.Errorf("%s: %+v, %v, want %+v", test.file, got, err, test.want)
		}
	}
}

func TestParseCompleteMultipartUpload_refusals(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   []byte
		code   string
		advice Advice
	}{
		{"a 200 that is an error", 200, answer(t, "aws_complete_failed_late.xml"), "InternalError", AdviceRetry},
		{"a 404", 404, answer(t, "minio_no_such_upload.xml"), "NoSuchUpload", AdviceVerifyObject},
		{"a 502 without a word", 502, nil, "", AdviceRetry},
		{"a success's body under a 500", 500, answer(t, "minio_complete.xml"), "", AdviceRetry},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseCompleteMultipartUpload(test.status, nil, test.body)
			var refusal *Error
			if !errors.As(err, &refusal) || got != (CompleteResult{}) {
				t.Fatalf("ParseCompleteMultipartUpload = %+v, %v, want an Error", got, err)
			}
			if refusal.Code != test.code || refusal.Status != test.status || refusal.Op != OpCompleteMultipartUpload || refusal.Advice() != test.advice {
				t.Errorf("%+v, %v, want %s, %v", refusal, refusal.Advice(), test.code, test.advice)
			}
		})
	}
}

func TestParsePostObject(t *testing.T) {
	tests := []struct {
		name   string
		status int
		header []Field
		body   []byte
		want   CompleteResult
		ok     bool
	}{
		{"201 with a body", 201, []Field{{"x-amz-version-id", "V1"}}, answer(t, "aws_post_201.xml"), CompleteResult{Location: "https://photos.s3.eu-west-1.amazonaws.com/u%2F42%2Fa.mov",
			Bucket: "photos", Key: "u/42/a.mov", ETag: `"39d459dfbc0faabbb5e179358dfb94c3"`, VersionID: "V1"}, true},
		{"204 with a header", 204, []Field{{"ETag", `"e"`}, {"Location", "https://x/k"}}, nil, CompleteResult{Location: "https://x/k", ETag: `"e"`}, true},
		{"200 with a header", 200, []Field{{"ETag", `"e"`}}, []byte("anything"), CompleteResult{ETag: `"e"`}, true},
		{"204 without", 204, nil, nil, CompleteResult{}, false},
		{"201 cut", 201, []Field{{"ETag", `"e"`}}, []byte("<PostResponse>"), CompleteResult{}, false},
		{"403", 403, nil, answer(t, "aws_post_policy_expired.xml"), CompleteResult{}, false},
	}
	for _, test := range tests {
		got, err := ParsePostObject(test.status, test.header, test.body)
		if got != test.want || (err == nil) != test.ok {
			t.Errorf("%s: %+v, %v, want %+v", test.name, got, err, test.want)
		}
	}
	_, err := ParsePostObject(403, nil, answer(t, "aws_post_policy_expired.xml"))
	var refusal *Error
	if !errors.As(err, &refusal) || refusal.Op != OpPostObject {
		t.Errorf("403 gives %v, want an Error of PostObject", err)
	}
}

// S3 API Reference, ListParts, response syntax.
func TestParseListParts(t *testing.T) {
	digest := func(s string) []byte { b, _ := hex.DecodeString(s); return b }
	tests := []struct {
		file string
		want PartsPage
	}{
		{"aws_list_parts.xml", PartsPage{UploadID: "U1", Algorithm: CRC32C, ChecksumType: Composite, NextPart: 3, Parts: []Part{
			{2, 10485760, `"7778aef83f66abc1fa1e8477f296d394"`, digest("e3069283")}, {3, 5368709120, `"aaaa18db4cc2f85cedef654fccc4a4x8"`, digest("00000000")}}}},
		{"minio_list_parts.xml", PartsPage{UploadID: "U1", Parts: []Part{{2, 1024, `"bbe6402cdc9b7e2036fc97e9a91726cd"`, nil}}}},
		{"versitygw_list_parts.xml", PartsPage{UploadID: "U1", NextPart: 1, Parts: []Part{{1, 5242880, `"79b281060d337b9b2b84ccf390adcf74"`, nil}}}},
		{"ceph_list_parts_empty.xml", PartsPage{UploadID: "2~U1"}},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			before := []Part{{Number: 9999, ETag: "kept"}}
			got, err := ParseListParts(answer(t, test.file), before)
			test.want.Parts = append(before, test.want.Parts...)
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("ParseListParts = %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

func TestParseListParts_markerLeftOut(t *testing.T) {
	page, err := ParseListParts([]byte("<ListPartsResult><Part><PartNumber>7</PartNumber><ETag>e</ETag></Part><IsTruncated>true</IsTruncated></ListPartsResult>"), nil)
	if page.NextPart != 7 || err != nil {
		t.Errorf("NextPart = %d, %v, want 7, the last part", page.NextPart, err)
	}
}

// S3 API Reference, ListMultipartUploads, response syntax.
func TestParseListMultipartUploads(t *testing.T) {
	tests := []struct {
		file string
		want UploadsPage
	}{
		{"aws_list_uploads.xml", UploadsPage{Truncated: true, NextKeyMarker: "u/a b+ä.mov", NextUploadIDMarker: "U2", Uploads: []Upload{
			{"u/\n", "U1", 1289422113000, "STANDARD", CRC64NVME, FullObject}, {"u/a b+ä.mov", "U2", 1289422173000, "GLACIER", NoChecksum, DefaultType}}}},
		{"minio_list_uploads.xml", UploadsPage{Uploads: []Upload{{Key: "multi ", UploadID: "ZjViYzc4NGY", Initiated: 1795464725984}}}},
		// Without an EncodingType the key is as it stands.
		{"versitygw_list_uploads.xml", UploadsPage{Uploads: []Upload{{Key: "multi +%20 ", UploadID: "b46e490f-614a-4a6a-8b26-408c7303c54e", Initiated: 1795464787000, StorageClass: "STANDARD"}}}},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			before := []Upload{{Key: "%41 kept"}}
			got, err := ParseListMultipartUploads(answer(t, test.file), before)
			test.want.Uploads = append(before, test.want.Uploads...)
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("ParseListMultipartUploads = %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

// The header is VersityGW's answer to HeadObject, shortened.
func TestParseHeadObject(t *testing.T) {
	got := ParseHeadObject([]Field{
		{"X-Amz-Meta-P", "q r"}, {"Etag", `"3e25960a79dbc69b674cd4ec67a72c62"`}, {"Cache-Control", "max-age=1"}, {"X-Amz-Checksum-Type", "FULL_OBJECT"},
		{"Content-Language", "de"}, {"Content-Type", "text/plain"}, {"Expires", "Wed, 21 Oct 2026 07:28:00 GMT"}, {"Last-Modified", "Mon, 23 Nov 2026 20:13:07 GMT"},
		{"X-Amz-Checksum-Sha256", "ZOyIygCyaOW6GjVnihtTFtIS9PNmskdyMlNKiuyjfzw="}, {"X-Amz-Storage-Class", "STANDARD"}, {"X-Amz-Meta-Album", "=?UTF-8?B?w6QgIHg=?="},
		{"Content-Disposition", "inline"}, {"Content-Encoding", "gzip"}, {"Content-Length", "11"}, {"x-amz-version-id", "V1"},
	})
	want := ObjectInfo{Size: 11, ETag: `"3e25960a79dbc69b674cd4ec67a72c62"`, LastModified: 1795464787000, VersionID: "V1", StorageClass: "STANDARD",
		ContentType: "text/plain", CacheControl: "max-age=1", ContentDisposition: "inline", ContentEncoding: "gzip", ContentLanguage: "de", Expires: "Wed, 21 Oct 2026 07:28:00 GMT",
		Metadata: []Field{{"p", "q r"}, {"album", "ä  x"}}, Algorithm: SHA256, ChecksumType: FullObject, Checksum: "ZOyIygCyaOW6GjVnihtTFtIS9PNmskdyMlNKiuyjfzw="}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("ParseHeadObject = %+v, want %+v", got, want)
	}
}

func TestParseHeadObject_sizes(t *testing.T) {
	for value, want := range map[string]int64{"0": 0, "53687091200000": MaxObjectSize, "-1": -1, "x": -1, "": -1, "99999999999999999999": -1} {
		if got := ParseHeadObject([]Field{{"Content-Length", value}}); got.Size != want {
			t.Errorf("Content-Length %q gives %d, want %d", value, got.Size, want)
		}
	}
	if got := ParseHeadObject(nil); got.Size != -1 || got.ETag != "" {
		t.Errorf("an empty header gives %+v", got)
	}
}

func TestHeaderValue(t *testing.T) {
	header := []Field{{"X-A", "1"}, {"x-a", "2"}, {"b", ""}}
	for name, want := range map[string]string{"x-a": "1", "X-a": "1", "B": ""} {
		if got, ok := HeaderValue(header, name); got != want || !ok {
			t.Errorf("HeaderValue(%q) = %q, %t, want %q", name, got, ok, want)
		}
	}
	if got, ok := HeaderValue(header, "x-"); ok {
		t.Errorf("HeaderValue(x-) = %q", got)
	}
}

func FuzzParseCompleteMultipartUpload(f *testing.F) {
	for _, name := range []string{"aws_complete_after_keep_alive.xml", "aws_complete_failed_late.xml", "minio_complete.xml", "ceph_complete.xml"} {
		f.Add(200, answer(f, name))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		got, err := ParseCompleteMultipartUpload(status, nil, body)
		if (err == nil) != validETag(got.ETag) {
			t.Errorf("result %+v with error %v", got, err)
		}
		if id, err := ParseCreateMultipartUpload(body); (err == nil) != (checkUploadID(id) == nil) {
			t.Errorf("upload ID %q with error %v", id, err)
		}
		if got, err := ParsePostObject(status, []Field{{"ETag", "e"}}, body); (err == nil) != validETag(got.ETag) {
			t.Errorf("form result %+v with error %v", got, err)
		}
	})
}

func FuzzParseListParts(f *testing.F) {
	for _, name := range []string{"aws_list_parts.xml", "minio_list_parts.xml", "versitygw_list_parts.xml", "ceph_list_parts_empty.xml"} {
		f.Add(answer(f, name))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := ParseListParts(body, nil)
		if err != nil {
			return
		}
		last := uint16(0)
		for _, p := range page.Parts {
			if p.Number <= last || p.Number > MaxParts || p.Size < 0 || p.Size > MaxObjectSize || !validETag(p.ETag) {
				t.Errorf("part %+v after %d", p, last)
			}
			last = p.Number
		}
		if page.NextPart != 0 && page.NextPart < last || page.NextPart > MaxParts {
			t.Errorf("NextPart = %d after part %d", page.NextPart, last)
		}
	})
}

func FuzzParseListMultipartUploads(f *testing.F) {
	for _, name := range []string{"aws_list_uploads.xml", "minio_list_uploads.xml", "versitygw_list_uploads.xml"} {
		f.Add(answer(f, name))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := ParseListMultipartUploads(body, nil)
		if err != nil {
			return
		}
		for _, u := range page.Uploads {
			if u.Key == "" || checkUploadID(u.UploadID) != nil || u.Initiated < 0 {
				t.Errorf("upload %+v", u)
			}
		}
		if page.Truncated && page.NextKeyMarker == "" {
			t.Error("a page goes on without saying where")
		}
	})
}

// At the limit: a full page of parts.
func BenchmarkParseListParts(b *testing.B) {
	var body bytes.Buffer
	body.WriteString("<ListPartsResult>")
	for n := 1; n <= MaxListPage; n++ {
		fmt.Fprintf(&body, "<Part><PartNumber>%d</PartNumber><LastModified>2026-11-23T20:12:06.161Z</LastModified><ETag>&quot;bbe6402cdc9b7e2036fc97e9a91726cd&quot;</ETag><Size>5242880</Size></Part>", n)
	}
	body.WriteString("<IsTruncated>false</IsTruncated></ListPartsResult>")
	parts := make([]Part, 0, MaxListPage)
	b.SetBytes(int64(body.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseListParts(body.Bytes(), parts); err != nil {
			b.Fatal(err)
		}
	}
}
