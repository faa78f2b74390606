package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/bucketline/bucketline"
	"github.com/bucketline/bucketline/s3"
)

// objectFlags are the properties that every object of one command gets.
type objectFlags struct {
	object     bucketline.Object
	metadata   []string
	tags       []string
	sse        string
	sseKeyFile string
	unique     bool
	conflict   conflictFlag
	lockMode   string
}

func (f *objectFlags) register(flags *pflag.FlagSet) {
	o := &f.object
	flags.StringVar(&o.ContentType, "content-type", "", "content type of every object (default: by each file's ending, or its first bytes)")
	flags.StringVar(&o.CacheControl, "cache-control", "", `how caches treat the objects, such as "max-age=3600"`)
	flags.StringVar(&o.ContentDisposition, "content-disposition", "", `how browsers present the objects, such as "attachment"`)
	flags.StringVar(&o.ContentEncoding, "content-encoding", "", `how the files are encoded already, such as "gzip"`)
	flags.StringVar(&o.ContentLanguage, "content-language", "", `language of the objects, such as "de"`)
	flags.StringVar(&o.Expires, "expires", "", "HTTP date after which caches drop the objects")
	flags.StringArrayVar(&f.metadata, "metadata", nil, "`name=value` to keep with the objects; may be repeated")
	flags.StringArrayVar(&f.tags, "tag", nil, "`name=value` to tag the objects with; may be repeated")
	flags.StringVar(&o.ACL, "acl", "", `canned ACL, such as "bucket-owner-full-control"`)
	flags.StringVar(&o.StorageClass, "storage-class", "", `storage class, such as "STANDARD_IA"`)
	flags.StringVar(&o.WebsiteRedirect, "website-redirect", "", "where a website bucket redirects to")
	flags.StringVar(&f.sse, "sse", "", "encryption at the store: AES256, aws:kms or aws:kms:dsse")
	flags.StringVar(&o.SSE.KMSKeyID, "sse-kms-key-id", "", "KMS key to encrypt with (default: the bucket's)")
	flags.StringVar(&o.SSE.KMSContext, "sse-kms-context", "", "KMS encryption context, as a JSON object")
	flags.BoolVar(&o.SSE.BucketKey, "sse-bucket-key", false, "use an S3 bucket key, which saves KMS requests")
	flags.StringVar(&f.sseKeyFile, "sse-c-key-file", "", "`file` with the key of your own to encrypt with: 32 bytes, or base64 of them")
	flags.BoolVar(&f.unique, "if-none-match", false, "do not replace an object that a key has already: see --on-conflict")
	flags.Var(&f.conflict, "on-conflict", "what to do where a key has an object already: fail, skip, rename, replace or ask (default replace; fail with --if-none-match)")
	flags.StringVar(&f.lockMode, "lock-mode", "", "object lock: GOVERNANCE or COMPLIANCE")
	flags.StringVar(&o.Lock.RetainUntil, "lock-until", "", "object lock: until when, such as 2027-01-31T00:00:00Z")
	flags.BoolVar(&o.Lock.LegalHold, "legal-hold", false, "object lock: put the objects on legal hold")
}

// parse returns what the flags say, without a key.
func (f *objectFlags) parse() (bucketline.Object, error) {
	o := f.object
	var err error
	if o.Metadata, err = parsePairs("metadata", f.metadata); err != nil {
		return o, err
	}
	if o.Tags, err = parsePairs("tag", f.tags); err != nil {
		return o, err
	}
	switch {
	case f.unique && f.conflict.choice == bucketline.ConflictReplace:
		return o, errors.New("--if-none-match and --on-conflict replace contradict each other")
	case f.unique, f.conflict.name == "fail":
		o.IfNoneMatch = "*"
	}
	o.OnConflict = f.conflict.choice
	if o.SSE.Mode, err = f.sseMode(); err != nil {
		return o, err
	}
	if f.sseKeyFile != "" {
		if o.SSE.CustomerKey, err = readCustomerKey(f.sseKeyFile); err != nil {
			return o, fmt.Errorf("--sse-c-key-file: %w", err)
		}
	}
	switch strings.ToUpper(f.lockMode) {
	case "":
	case "GOVERNANCE":
		o.Lock.Mode = s3.LockGovernance
	case "COMPLIANCE":
		o.Lock.Mode = s3.LockCompliance
	default:
		return o, fmt.Errorf("--lock-mode: %q is neither GOVERNANCE nor COMPLIANCE", f.lockMode)
	}
	// The key is each file's own; what is checked here is all the rest.
	probe := o
	probe.Key = "k"
	return o, probe.Validate()
}

func (f *objectFlags) sseMode() (s3.SSEMode, error) {
	if f.sseKeyFile != "" {
		if f.sse != "" {
			return 0, fmt.Errorf("--sse and --sse-c-key-file are two ways to encrypt: choose one")
		}
		return s3.SSECustomer, nil
	}
	switch f.sse {
	case "":
		if f.object.SSE.KMSKeyID != "" || f.object.SSE.KMSContext != "" {
			return s3.SSEKMS, nil
		}
		return s3.SSENone, nil
	case "AES256":
		return s3.SSES3, nil
	case "aws:kms":
		return s3.SSEKMS, nil
	case "aws:kms:dsse":
		return s3.SSEKMSDual, nil
	}
	return 0, fmt.Errorf("--sse: %q is none of AES256, aws:kms and aws:kms:dsse", f.sse)
}

func parsePairs(flag string, pairs []string) ([]bucketline.Field, error) {
	var fields []bucketline.Field
	for _, p := range pairs {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--%s: %q is not name=value", flag, p)
		}
		fields = append(fields, bucketline.Field{Name: name, Value: value})
	}
	return fields, nil
}

// readCustomerKey reads an SSE-C key, which must not stand on a command line,
// where every user of the machine could read it.
func readCustomerKey(name string) (s3.CustomerKey, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return s3.CustomerKey{}, err
	}
	if len(text) == len(s3.CustomerKey{}) {
		return s3.CustomerKey(text), nil
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != len(s3.CustomerKey{}) {
		return s3.CustomerKey{}, fmt.Errorf("%q holds neither 32 bytes nor base64 of them", name)
	}
	return s3.CustomerKey(key), nil
}
