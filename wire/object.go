package wire

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// Error is an option whose value means nothing. Code is stable.
type Error struct {
	Code   string // "OptionUnknown" or "OptionInvalid"
	Option string
}

// Error names the option.
func (e *Error) Error() string { return e.Code + ": " + e.Option }

func invalid(option string) error { return &Error{Code: "OptionInvalid", Option: option} }

// ReadConfig takes a session's configuration from named fields: the options of
// createUploader by their names there, but signatureVersion, canRefresh, remoteSign,
// ramp and seed. checksum is an algorithm's name, "MD5" included, or "none". Numbers are
// decimal, booleans "true" or "false". The error is an *Error.
func ReadConfig(fields []s3.Field, c *engine.Config) error {
	for _, f := range fields {
		ok := true
		switch f.Name {
		case "bucket":
			c.Target.Bucket = f.Value
		case "region":
			c.Target.Region = f.Value
		case "endpoint":
			c.Target.Endpoint = f.Value
		case "profile":
			c.Target.Profile, ok = s3.ParseProfile(f.Value)
		case "pathStyle":
			c.Target.PathStyle, ok = readBool(f.Value)
			c.Target.VirtualHost = !c.Target.PathStyle
		case "dualStack":
			c.Target.DualStack, ok = readBool(f.Value)
		case "accelerate":
			c.Target.Accelerate, ok = readBool(f.Value)
		case "sendTo":
			c.Target.SendTo = f.Value
		case "wholeEndpoint":
			c.Target.WholeEndpoint, ok = readBool(f.Value)
		case "signedHost":
			c.Target.SignedHost = f.Value
		case "remoteSign":
			c.RemoteSign, ok = readBool(f.Value)
		case "ramp":
			c.Ramp, ok = readBool(f.Value)
		case "failFirst":
			c.FailFirst, ok = readBool(f.Value)
		case "smallParts":
			c.SmallParts, ok = readBool(f.Value)
		case "expectedBucketOwner":
			c.Target.ExpectedBucketOwner = f.Value
		case "allowHTTP":
			c.AllowHTTP, ok = readBool(f.Value)
		case "canRefresh":
			c.CanRefresh, ok = readBool(f.Value)
		case "signatureVersion":
			c.SignatureVersion, ok = readInt(f.Value)
		case "connections":
			c.Connections, ok = readInt(f.Value)
		case "partSize":
			c.PartSize, ok = readSize(f.Value)
		case "multipartThreshold":
			c.MultipartThreshold, ok = readSize(f.Value)
		case "formBelow":
			c.FormBelow, ok = readSize(f.Value)
		case "checksum":
			if c.WithoutChecksum = f.Value == "none"; !c.WithoutChecksum {
				c.Checksum, ok = readAlgorithm(f.Value)
			}
		case "seed":
			c.Seed, ok = readSeed(f.Value)
		default:
			millis := millisOption(f.Name, c)
			if millis == nil {
				return &Error{Code: "OptionUnknown", Option: f.Name}
			}
			if *millis, ok = readSize(f.Value); f.Name == "refreshMillis" && *millis == 0 {
				*millis = -1 // not the default, but not at all
			}
		}
		if !ok {
			return invalid(f.Name)
		}
	}
	return nil
}

// millisOption returns where the milliseconds of an option go; nil: it is none
// of these.
func millisOption(name string, c *engine.Config) *int64 {
	switch name {
	case "retryMillis":
		return &c.RetryMillis
	case "stallMillis":
		return &c.StallMillis
	case "handlerMillis":
		return &c.HandlerMillis
	case "refreshMillis":
		return &c.RefreshMillis
	case "holdMillis":
		return &c.HoldMillis
	}
	return nil
}

// ReadObject takes an object's description from named fields: the options of
// upload by their names there; metadata and tags as "metadata.NAME" and
// "tags.NAME". The error is an *Error.
func ReadObject(fields []s3.Field, o *s3.Object) error {
	for _, f := range fields {
		if name, ok := strings.CutPrefix(f.Name, "metadata."); ok {
			o.Metadata = append(o.Metadata, s3.Field{Name: name, Value: f.Value})
			continue
		}
		if name, ok := strings.CutPrefix(f.Name, "tags."); ok {
			o.Tags = append(o.Tags, s3.Field{Name: name, Value: f.Value})
			continue
		}
		if text := textOption(f.Name, o); text != nil {
			*text = f.Value
			continue
		}
		if err := readChoice(f, o); err != nil {
			return err
		}
	}
	return nil
}

// textOption returns where the value of a plain text option goes, or nil.
func textOption(name string, o *s3.Object) *string {
	switch name {
	case "key":
		return &o.Key
	case "contentType":
		return &o.ContentType
	case "cacheControl":
		return &o.CacheControl
	case "contentDisposition":
		return &o.ContentDisposition
	case "contentEncoding":
		return &o.ContentEncoding
	case "contentLanguage":
		return &o.ContentLanguage
	case "expires":
		return &o.Expires
	case "acl":
		return &o.ACL
	case "storageClass":
		return &o.StorageClass
	case "websiteRedirectLocation":
		return &o.WebsiteRedirect
	case "kmsKeyId":
		return &o.SSE.KMSKeyID
	case "kmsContext":
		return &o.SSE.KMSContext
	case "ifNoneMatch":
		return &o.IfNoneMatch
	case "objectLockRetainUntil":
		return &o.Lock.RetainUntil
	}
	return nil
}

// readChoice takes an option that is not plain text.
func readChoice(f s3.Field, o *s3.Object) error {
	ok := true
	switch f.Name {
	case "serverSideEncryption":
		free := o.SSE.Mode == s3.SSENone
		o.SSE.Mode, ok = choose(f.Value, sseModes)
		ok = ok && free
	case "bucketKey":
		o.SSE.BucketKey, ok = readBool(f.Value)
	case "customerKey":
		free := o.SSE.Mode == s3.SSENone
		o.SSE.Mode = s3.SSECustomer
		var key []byte
		key, ok = readBase64(f.Value)
		ok = ok && free && len(key) == len(o.SSE.CustomerKey) && copy(o.SSE.CustomerKey[:], key) == len(key)
	case "objectLockMode":
		o.Lock.Mode, ok = choose(f.Value, lockModes)
	case "objectLockLegalHold":
		o.Lock.LegalHold, ok = readBool(f.Value)
	case "checksumAlgorithm":
		o.Algorithm, ok = choose(f.Value, algorithms)
	case "checksumValue":
		o.Digest, ok = readBase64(f.Value)
	default:
		return &Error{Code: "OptionUnknown", Option: f.Name}
	}
	if !ok {
		return invalid(f.Name)
	}
	return nil
}

type choice[T any] struct {
	name  string
	value T
}

var sseModes = []choice[s3.SSEMode]{
	{"AES256", s3.SSES3}, {"aws:kms", s3.SSEKMS}, {"aws:kms:dsse", s3.SSEKMSDual},
}

var lockModes = []choice[s3.LockMode]{
	{"GOVERNANCE", s3.LockGovernance}, {"COMPLIANCE", s3.LockCompliance},
}

var algorithms = []choice[s3.Algorithm]{
	{"CRC32", s3.CRC32}, {"CRC32C", s3.CRC32C}, {"CRC64NVME", s3.CRC64NVME}, {"SHA1", s3.SHA1}, {"SHA256", s3.SHA256},
}

// readAlgorithm takes Content-MD5 as well, which one object cannot be given,
// since each of its parts has its own.
func readAlgorithm(name string) (s3.Algorithm, bool) {
	if name == s3.ContentMD5.String() {
		return s3.ContentMD5, true
	}
	return choose(name, algorithms)
}

func choose[T any](name string, from []choice[T]) (value T, ok bool) {
	for _, c := range from {
		if c.name == name {
			return c.value, true
		}
	}
	return value, false
}

func readBool(s string) (value, ok bool) { return s == "true", s == "true" || s == "false" }

func readInt(s string) (int, bool) {
	n, err := strconv.ParseInt(s, 10, 32)
	return int(n), err == nil
}

func readSize(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

func readSeed(s string) (uint64, bool) {
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil
}

func readBase64(s string) ([]byte, bool) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	return b, err == nil
}
