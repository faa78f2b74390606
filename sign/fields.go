package sign

import "github.com/bucketline/bucketline/s3"

// PolicyFields are the form fields that Policy adds besides the policy and the
// signature, for whoever words a policy alone: each is a condition of it too.
func (v *V4) PolicyFields(c *Credentials, region string, at UnixMilli) []s3.Field {
	return v.policyFields(c, region, at)
}

// PolicyFields are the form fields that Policy adds besides the policy and the
// signature, for whoever words a policy alone. The token is a condition of it
// too.
func (v *V2) PolicyFields(c *Credentials) []s3.Field {
	return append([]s3.Field{{Name: "AWSAccessKeyId", Value: c.AccessKeyID}}, tokenField(c)...)
}
