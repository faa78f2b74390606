// Package policy writes session policies: the JSON that AssumeRole and
// AssumeRoleWithWebIdentity take in Policy, which narrows the credentials to some
// actions below one prefix of one bucket.
//
// The rule a caller can break: a session policy only ever narrows. One that a
// browser sends protects nobody, because whoever runs the browser can leave it
// out; the boundary is the role's own policy, with a variable such as
// ${aws:PrincipalTag/uid} in its resources. One that an issuer sends is a
// boundary, since the person never sees the issuer's credentials.
//
//	IAM User Guide, "Session policies", "IAM JSON policy elements: Resource" and
//	"Variables and tags"; STS API Reference, "AssumeRole", Policy.
package policy

import (
	"strings"
	"unicode/utf8"

	"github.com/bucketline/bucketline/cred/exchange"
)

// MaxPolicy is how long a policy may be, in characters. AWS packs it together
// with session tags into a smaller space, and says how full that is.
const MaxPolicy = 2048

// Scope is what a session policy leaves of a role.
type Scope struct {
	// Bucket is the bucket's name; no wildcard is one.
	Bucket string

	// Prefix is the beginning of every key, taken letter by letter: a wildcard
	// or a dollar sign in it is itself. Give it its slash: "u/42" is the
	// beginning of "u/420/x" too. Empty: the whole bucket.
	Prefix string

	// Actions are what may be done, such as "s3:GetObject"; none means what an
	// upload takes: PutObject, AbortMultipartUpload and
	// ListMultipartUploadParts. ListBucket is allowed for Prefix alone. Other
	// actions on a whole bucket are refused, since no prefix can narrow them.
	Actions []string

	// Partition is AWS's: "aws" if empty, "aws-cn", "aws-us-gov". Other stores
	// know "aws".
	Partition string
}

// The limits of a Scope.
const (
	MaxActions = 20
	maxPrefix  = 1024 // bytes, as of a key
)

// What JSON refuses.
var (
	ErrBadBucket    = &exchange.ParameterError{Key: "PolicyBucketInvalid", Text: "policy: bucket is not 3 to 63 letters, digits, hyphens, underscores and points"}
	ErrBadPrefix    = &exchange.ParameterError{Key: "PolicyPrefixInvalid", Text: "policy: prefix has more than 1024 bytes, or is not UTF-8"}
	ErrBadAction    = &exchange.ParameterError{Key: "PolicyActionInvalid", Text: "policy: an action is not s3: and its name, is on whole buckets, or there are more than 20"}
	ErrBadPartition = &exchange.ParameterError{Key: "PolicyPartitionInvalid", Text: "policy: partition is not aws, or aws- and more"}
	ErrTooLong      = &exchange.ParameterError{Key: "PolicyTooLong", Text: "policy: it would have more than 2048 characters"}
)

// uploads is what an upload takes.
var uploads = [...]string{"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}

const list = "s3:ListBucket"

// objects are the actions on objects that a prefix can narrow: Service
// Authorization Reference, "Actions, resources, and condition keys for Amazon
// S3", those of the resource type object.
var objects = [...]string{
	"AbortMultipartUpload", "BypassGovernanceRetention", "DeleteObject", "DeleteObjectTagging", "DeleteObjectVersion",
	"DeleteObjectVersionTagging", "GetObject", "GetObjectAcl", "GetObjectAttributes", "GetObjectLegalHold",
	"GetObjectRetention", "GetObjectTagging", "GetObjectTorrent", "GetObjectVersion", "GetObjectVersionAcl",
	"GetObjectVersionAttributes", "GetObjectVersionTagging", "ListMultipartUploadParts", "PutObject", "PutObjectAcl",
	"PutObjectLegalHold", "PutObjectRetention", "PutObjectTagging", "PutObjectVersionAcl", "PutObjectVersionTagging",
	"RestoreObject",
}

// JSON writes the policy, in ASCII.
func (s *Scope) JSON() (string, error) {
	if err := s.check(); err != nil {
		return "", err
	}
	actions := s.Actions
	if len(actions) == 0 {
		actions = uploads[:]
	}
	partition := s.Partition
	if partition == "" {
		partition = "aws"
	}
	bucket := "arn:" + partition + ":s3:::" + s.Bucket
	var onObjects []string
	listed := false
	for _, a := range actions {
		if a == list {
			listed = true
			continue
		}
		onObjects = append(onObjects, a)
	}
	out := []byte(`{"Version":"2012-10-17","Statement":[`)
	if len(onObjects) > 0 {
		out = append(out, `{"Effect":"Allow","Action":[`...)
		for i, a := range onObjects {
			if i > 0 {
				out = append(out, ',')
			}
			out = exchange.AppendString(out, a)
		}
		out = append(out, `],"Resource":`...)
		out = append(exchange.AppendString(out, bucket+"/"+literal(s.Prefix)+"*"), '}')
	}
	if listed {
		if len(onObjects) > 0 {
			out = append(out, ',')
		}
		out = append(out, `{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":`...)
		out = exchange.AppendString(out, bucket)
		if s.Prefix != "" {
			out = append(out, `,"Condition":{"StringLike":{"s3:prefix":`...)
			out = append(exchange.AppendString(out, literal(s.Prefix)+"*"), "}}"...)
		}
		out = append(out, '}')
	}
	out = append(out, "]}"...)
	if len(out) > MaxPolicy {
		return "", ErrTooLong
	}
	return string(out), nil
}

func (s *Scope) check() error {
	switch {
	case !exchange.Within(s.Bucket, 3, 63, "-._"):
		return ErrBadBucket
	case len(s.Prefix) > maxPrefix || !utf8.ValidString(s.Prefix):
		return ErrBadPrefix
	case s.Partition != "" && s.Partition != "aws" && (!strings.HasPrefix(s.Partition, "aws-") || !exchange.ValidRegion(s.Partition)):
		return ErrBadPartition
	case len(s.Actions) > MaxActions:
		return ErrBadAction
	}
	for _, a := range s.Actions {
		if a != list && !onObject(a) {
			return ErrBadAction
		}
	}
	return nil
}

func onObject(action string) bool {
	name, ok := strings.CutPrefix(action, "s3:")
	for _, known := range objects {
		if ok && known == name {
			return true
		}
	}
	return false
}

// literal writes a text so that a policy of version 2012-10-17 means its letters:
// IAM User Guide, "IAM policy elements: Variables and tags", "Specifying special
// characters".
func literal(s string) string {
	var out []byte
	for i := range len(s) {
		switch c := s[i]; c {
		case '*', '?', '$':
			out = append(out, '$', '{', c, '}')
		default:
			out = append(out, c)
		}
	}
	return string(out)
}
