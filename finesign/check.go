package finesign

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/sign"
)

const (
	maxKeyBytes      = 1024 // S3 User Guide, "Naming Amazon S3 objects"
	maxUploadIDBytes = 1024
	maxPartNumber    = 10000 // S3 User Guide, "Amazon S3 multipart upload limits"

	metadataPrefix = "x-amz-meta-"
)

// date reads the date of what is to be signed. A signature with another day's
// date could be kept for that day.
func (h *Handler) date(text string, now sign.UnixMilli) (sign.UnixMilli, error) {
	milli, ok := s3.ParseTime(text)
	if !ok {
		return 0, fmt.Errorf("the date %.40q is no time", text)
	}
	off := time.Duration(milli-int64(now)) * time.Millisecond
	if off > MaxSkew || off < -MaxSkew {
		return 0, fmt.Errorf("the date %q is more than %v off", text, MaxSkew)
	}
	return sign.UnixMilli(milli), nil
}

// printable reports that text is UTF-8 without control characters.
func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// allowsKey holds a key against the prefix. Components that are dots are
// refused as well: they mean nothing to S3, but to stores that are a folder.
func (s *Scope) allowsKey(key string) error {
	switch {
	case key == "" || len(key) > maxKeyBytes || !printable(key):
		return fmt.Errorf("the key %.100q is no key", key)
	case !strings.HasPrefix(key, s.Prefix) || key == s.Prefix:
		return fmt.Errorf("the key %.100q is outside %q", key, s.Prefix)
	case strings.Contains(key, "${"):
		return fmt.Errorf("the key %.100q has a variable", key)
	}
	for component := range strings.SplitSeq(key, "/") {
		if component == "." || component == ".." {
			return fmt.Errorf("the key %.100q has a component of dots", key)
		}
	}
	return nil
}

// allowsPolicy holds all of a policy but the fields that say how it is signed.
func (s *Scope) allowsPolicy(p *policy, now sign.UnixMilli) error {
	left := time.Duration(p.expiration-now) * time.Millisecond
	if p.expiration <= now || p.expiration > now+sign.UnixMilli(MaxPolicyLife.Milliseconds()) {
		return fmt.Errorf("it expires in %v, and not within %v from now", left, MaxPolicyLife)
	}
	if bucket, _ := p.field("bucket"); bucket != s.Bucket {
		return fmt.Errorf("the bucket is %.80q, not %q", bucket, s.Bucket)
	}
	key, _ := p.field("key")
	if err := s.allowsKey(key); err != nil {
		return err
	}
	if _, found := p.field("acl"); !found && !s.allowsACL("private") {
		return fmt.Errorf("it has no acl, and private is not one of %q", s.ACLs)
	}
	if !p.ranged {
		return fmt.Errorf("it has no content-length-range; the page needs validation.sizeLimit, at most %d", s.MaxSize)
	}
	if p.min < s.MinSize || p.max > s.MaxSize || p.min > p.max {
		return fmt.Errorf("its content-length-range is %d to %d, not within %d to %d", p.min, p.max, s.MinSize, s.MaxSize)
	}
	for _, f := range p.fields {
		if err := s.allowsField(strings.ToLower(f.Name), f.Value); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scope) allowsField(name, value string) error {
	switch name {
	case "bucket", "key", "x-amz-algorithm", "x-amz-credential", "x-amz-date": // held elsewhere
		return nil
	case "acl":
		return s.allowsHeader("x-amz-acl", value)
	case "success_action_status":
		if value == "200" || value == "201" || value == "204" {
			return nil
		}
		return fmt.Errorf("success_action_status is %.40q", value)
	}
	return s.allowsHeader(name, value)
}

func (s *Scope) allowsACL(acl string) bool {
	if len(s.ACLs) == 0 {
		return acl == "private"
	}
	return slices.Contains(s.ACLs, acl)
}

// allowsHeader holds a header that describes an object. name is in lower case.
func (s *Scope) allowsHeader(name, value string) error {
	if meta, ok := strings.CutPrefix(name, metadataPrefix); ok {
		if s.Metadata == nil || slices.Contains(s.Metadata, meta) {
			return nil
		}
		return fmt.Errorf("%s is not among the metadata allowed", name)
	}
	allowed := slices.Contains(s.Headers, name)
	switch name {
	case "x-amz-acl":
		allowed = s.allowsACL(value) // whatever Headers says
	case "content-type", "cache-control", "content-disposition", "content-encoding", "content-md5":
		allowed = true
	case "x-amz-storage-class":
		allowed = allowed || value == "REDUCED_REDUNDANCY"
	case "x-amz-server-side-encryption":
		allowed = allowed || value == "AES256"
	}
	if !allowed {
		return fmt.Errorf("%s: %.80q is not allowed", name, value)
	}
	return nil
}

// allowsRequest knows the requests of an upload in parts and the headers that
// each may have.
//
// S3 API Reference, "CreateMultipartUpload", "UploadPart",
// "CompleteMultipartUpload", "AbortMultipartUpload" and "ListParts".
func (s *Scope) allowsRequest(r *s3.Request) error {
	if s.NoParts {
		return fmt.Errorf("%s: uploads in parts are not allowed", r.Method)
	}
	op := operation(r)
	creates := op == s3.OpCreateMultipartUpload
	if op == 0 || op == s3.OpListParts && !s.ListParts {
		return fmt.Errorf("%.20q with the query %.100q is no request that is signed here", r.Method, r.Query)
	}
	acl := "private"
	for _, f := range r.Header {
		switch f.Name {
		case "x-amz-date", "x-amz-content-sha256":
			continue
		case "content-type", "content-md5":
			continue // signed by Version 2; says nothing of an object but when it is created
		case "x-amz-acl":
			acl = f.Value
		}
		if !creates {
			return fmt.Errorf("the header %s does not belong to %s of a part or an upload", f.Name, r.Method)
		}
		if err := s.allowsHeader(f.Name, f.Value); err != nil {
			return err
		}
	}
	if creates && !s.allowsACL(acl) {
		return fmt.Errorf("the ACL %q is not one of %q", acl, s.ACLs)
	}
	return nil
}

// operation is which of these requests r is, by its method and its query; 0 is
// none.
func operation(r *s3.Request) s3.Op {
	list := r.Query
	if len(list) == 1 && list[0] == (s3.Field{Name: "uploads"}) && r.Method == "POST" {
		return s3.OpCreateMultipartUpload
	}
	if len(list) == 0 || list[len(list)-1].Name != "uploadId" || !isUploadID(list[len(list)-1].Value) {
		return 0
	}
	list = list[:len(list)-1]
	switch {
	case len(list) == 1 && r.Method == "PUT" && list[0].Name == "partNumber" && isNumber(list[0].Value, 1):
		return s3.OpUploadPart
	case len(list) == 0 && r.Method == "POST":
		return s3.OpCompleteMultipartUpload
	case len(list) == 0 && r.Method == "DELETE":
		return s3.OpAbortMultipartUpload
	case r.Method == "GET" && len(list) <= 2 && !slices.ContainsFunc(list, func(f s3.Field) bool {
		return f.Name != "max-parts" && f.Name != "part-number-marker" || !isNumber(f.Value, 0)
	}):
		return s3.OpListParts
	}
	return 0
}

// isNumber reports that text is a number from least to that of the last part.
func isNumber(text string, least int) bool {
	n, err := strconv.Atoi(text)
	return err == nil && least <= n && n <= maxPartNumber && strconv.Itoa(n) == text
}

// isUploadID allows what upload IDs of S3 and the stores like it are made of.
// Version 2 signs them unescaped, so that an & would begin another parameter.
func isUploadID(id string) bool {
	for i := range len(id) {
		if c := id[i]; !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("._~-+/=", c) >= 0) {
			return false
		}
	}
	return id != "" && len(id) <= maxUploadIDBytes
}
