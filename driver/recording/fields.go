package recording

import (
	"encoding/base64"
	"strconv"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
)

// options are named fields, of which those with the zero value are left out.
type options []s3.Field

func (o *options) text(name, value string) {
	if value != "" {
		*o = append(*o, s3.Field{Name: name, Value: value})
	}
}

func (o *options) flag(name string, value bool) {
	if value {
		o.text(name, "true")
	}
}

func (o *options) number(name string, value int64) {
	if value != 0 {
		o.text(name, strconv.FormatInt(value, 10))
	}
}

// configFields is the reverse of wire.ReadConfig.
func configFields(c *engine.Config) []s3.Field {
	var o options
	t := &c.Target
	o.text("bucket", t.Bucket)
	o.text("region", t.Region)
	o.text("endpoint", t.Endpoint)
	if t.Profile != s3.ProfileAWS {
		o.text("profile", t.Profile.String())
	}
	if t.PathStyle || t.VirtualHost {
		o.text("pathStyle", strconv.FormatBool(t.PathStyle))
	}
	o.flag("dualStack", t.DualStack)
	o.flag("accelerate", t.Accelerate)
	o.text("sendTo", t.SendTo)
	o.flag("wholeEndpoint", t.WholeEndpoint)
	o.text("signedHost", t.SignedHost)
	o.text("expectedBucketOwner", t.ExpectedBucketOwner)
	o.flag("allowHTTP", c.AllowHTTP)
	o.flag("canRefresh", c.CanRefresh)
	o.flag("remoteSign", c.RemoteSign)
	o.flag("ramp", c.Ramp)
	o.flag("failFirst", c.FailFirst)
	o.flag("smallParts", c.SmallParts)
	o.number("signatureVersion", int64(c.SignatureVersion))
	o.number("connections", int64(c.Connections))
	o.number("partSize", c.PartSize)
	o.number("multipartThreshold", c.MultipartThreshold)
	o.number("formBelow", c.FormBelow)
	if c.WithoutChecksum {
		o.text("checksum", "none")
	} else if c.Checksum != s3.NoChecksum {
		o.text("checksum", c.Checksum.String())
	}
	o.text("seed", strconv.FormatUint(c.Seed, 10))
	o.number("retryMillis", c.RetryMillis)
	o.number("stallMillis", c.StallMillis)
	o.number("handlerMillis", c.HandlerMillis)
	o.number("holdMillis", c.HoldMillis)
	if c.RefreshMillis < 0 {
		o.text("refreshMillis", "0") // not at all
	}
	o.number("refreshMillis", max(c.RefreshMillis, 0))
	return o
}

// objectFields is the reverse of wire.ReadObject.
func objectFields(object *s3.Object) []s3.Field {
	var o options
	for _, t := range []struct{ name, value string }{
		{"key", object.Key}, {"contentType", object.ContentType}, {"cacheControl", object.CacheControl},
		{"contentDisposition", object.ContentDisposition}, {"contentEncoding", object.ContentEncoding},
		{"contentLanguage", object.ContentLanguage}, {"expires", object.Expires}, {"acl", object.ACL},
		{"storageClass", object.StorageClass}, {"websiteRedirectLocation", object.WebsiteRedirect},
		{"ifNoneMatch", object.IfNoneMatch}, {"objectLockRetainUntil", object.Lock.RetainUntil},
	} {
		o.text(t.name, t.value)
	}
	for _, f := range object.Metadata {
		o = append(o, s3.Field{Name: "metadata." + f.Name, Value: f.Value})
	}
	for _, f := range object.Tags {
		o = append(o, s3.Field{Name: "tags." + f.Name, Value: f.Value})
	}
	switch object.SSE.Mode {
	case s3.SSES3:
		o.text("serverSideEncryption", "AES256")
	case s3.SSEKMS:
		o.text("serverSideEncryption", "aws:kms")
	case s3.SSEKMSDual:
		o.text("serverSideEncryption", "aws:kms:dsse")
	case s3.SSECustomer:
		o.text("customerKey", base64.StdEncoding.EncodeToString(object.SSE.CustomerKey[:]))
	}
	o.text("kmsKeyId", object.SSE.KMSKeyID)
	o.text("kmsContext", object.SSE.KMSContext)
	o.flag("bucketKey", object.SSE.BucketKey)
	switch object.Lock.Mode {
	case s3.LockGovernance:
		o.text("objectLockMode", "GOVERNANCE")
	case s3.LockCompliance:
		o.text("objectLockMode", "COMPLIANCE")
	}
	o.flag("objectLockLegalHold", object.Lock.LegalHold)
	if object.Algorithm != s3.NoChecksum {
		o.text("checksumAlgorithm", object.Algorithm.String())
		o.text("checksumValue", base64.StdEncoding.EncodeToString(object.Digest))
	}
	return o
}
