package s3

import "strings"

// reserved has the name endings and beginnings that no general purpose bucket
// has: each stands for something this package cannot address.
// User Guide, "General purpose bucket naming rules".
var reserved = [...]struct {
	prefix, suffix, hint string
}{
	{prefix: "xn--"},
	{prefix: "sthree-"},
	{prefix: "amzn-s3-demo-"},
	{suffix: "--x-s3", hint: "a directory bucket is of AWS, and named BASE--ZONE--x-s3"},
	{suffix: "--ol-s3", hint: "Object Lambda access points take no uploads"},
	{suffix: ".mrap", hint: "multi-region access points need Signature Version 4A; name one of their buckets"},
	{suffix: "--table-s3", hint: "table buckets take no uploads"},
}

// checkBucket: User Guide, "General purpose bucket naming rules". An access
// point's alias ("…-s3alias") is addressed like a bucket and passes. Cloud
// Storage also allows underscores, and up to 222 characters in names with dots
// (Cloud Storage documentation, "About Cloud Storage buckets", names).
func checkBucket(name string, p Profile) error {
	bad := func(problem, hint string) error {
		return wrong(CodeBucketInvalid, "bucket", quote(name)+" "+problem, hint)
	}
	const hint = "a bucket name is 3 to 63 characters: a-z, 0-9, dots and hyphens"
	longest := 63
	if p == ProfileGCS && strings.IndexByte(name, '.') >= 0 {
		longest = 222
	}
	switch {
	case name == "":
		return wrong(CodeBucketInvalid, "bucket", "is missing", "give the name of the bucket")
	case strings.HasPrefix(name, "arn:"):
		return bad("is an ARN", "give the bucket's name, or the access point's alias (it ends in -s3alias)")
	case strings.Contains(name, "://"):
		return bad("is a URL", "give the bucket's name alone; the URL of a store is the endpoint")
	case len(name) < 3 || len(name) > longest:
		return bad("is too short or too long", hint)
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if alphanumeric(c) && lower(c) == c || c == '_' && p == ProfileGCS {
			continue
		}
		if c != '.' && c != '-' {
			return bad("has a character that a bucket name cannot have", hint)
		}
		if i == 0 || i == len(name)-1 {
			return bad("begins or ends with a dot or a hyphen", hint)
		}
		if before := name[i-1]; before == '.' || c == '.' && before == '-' {
			return bad("has a dot next to a dot or a hyphen", hint)
		}
	}
	if isIPv4(name) {
		return bad("looks like an IP address", hint)
	}
	if _, directory := Zone(name); directory && p == ProfileAWS {
		return nil
	}
	for i := range reserved {
		r := &reserved[i]
		if r.prefix != "" && strings.HasPrefix(name, r.prefix) || r.suffix != "" && strings.HasSuffix(name, r.suffix) {
			if r.hint == "" {
				return bad("begins with a reserved prefix", "no bucket of your own can have this name")
			}
			return bad("ends with a reserved suffix", r.hint)
		}
	}
	return nil
}

// Zone is the zone of a directory bucket of S3 Express One Zone, which its name
// says: BASE--ZONE--x-s3. It is false for every other name.
//
// User Guide, "Directory bucket naming rules".
func Zone(bucket string) (string, bool) {
	rest, ok := strings.CutSuffix(bucket, "--x-s3")
	base := strings.LastIndex(rest, "--")
	if !ok || base < 1 || len(bucket) > 63 || !label(rest[:base]) || !label(rest[base+2:]) {
		return "", false
	}
	return rest[base+2:], true
}

// label: lower-case letters and digits, and hyphens inside.
func label(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c != '-' && (!alphanumeric(c) || lower(c) != c) {
			return false
		}
	}
	return s != "" && s[0] != '-' && s[len(s)-1] != '-'
}
