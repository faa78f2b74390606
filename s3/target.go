package s3

import "strings"

// Target is where objects go, as the user configures it. Resolve checks it
// once and turns it into an [Address].
type Target struct {
	// Endpoint is the URL of the store, "https://host" or "https://host:port".
	// It is empty for AWS and for the profiles that know their own host (B2,
	// GCS).
	Endpoint string

	// Region is part of the host name on AWS and of every signature. Most
	// profiles other than AWS have a default.
	Region string

	Bucket string

	// PathStyle puts the bucket into the path, VirtualHost into the host name.
	// With neither set the profile decides, but an IP address as endpoint, or
	// a bucket with dots over TLS, always means the path.
	PathStyle, VirtualHost bool

	// DualStack and Accelerate choose other host names; AWS only.
	DualStack, Accelerate bool

	// SendTo is the URL to connect to, such as "https://cdn.example.com", when
	// a CDN there forwards to the bucket under the bucket's own host name. The
	// signature covers the bucket's own host, not this one.
	SendTo string

	// WholeEndpoint says that Endpoint is the bucket's own URL: a slash and the
	// key follow it as it is, path and all. SignedHost is then the host[:port]
	// that signatures cover, or empty when it is Endpoint's.
	WholeEndpoint bool
	SignedHost    string

	Profile Profile

	// ExpectedBucketOwner is the account ID that must own the bucket, or
	// empty. The store refuses with 403 when another account owns it.
	ExpectedBucketOwner string
}

// Resolve checks t and works out its hosts. The error is an *InputError that
// names the option to change. Whether plain http may be used at all is for the
// caller to decide: see [Address.Loopback].
func (t *Target) Resolve() (Address, error) {
	if !t.Profile.Valid() {
		return Address{}, wrong(CodeProfileUnknown, "profile", "is unknown",
			"use aws, minio, ceph, r2, b2, gcs, seaweedfs or versitygw")
	}
	a := Address{Profile: t.Profile, Bucket: t.Bucket, Region: t.Region, owner: t.ExpectedBucketOwner}
	known := t.Profile.Facts()
	if err := checkBucket(t.Bucket, t.Profile); err != nil {
		return Address{}, err
	}
	if a.Region == "" {
		a.Region = known.Region
	}
	endpoint := t.Endpoint
	if endpoint == "" {
		endpoint = strings.Replace(known.Endpoint, "{region}", a.Region, 1)
	}
	ownHosts := t.Profile == ProfileAWS && endpoint == ""
	if err := checkRegion(a.Region, ownHosts); err != nil {
		return Address{}, err
	}
	if err := t.checkStyle(ownHosts, a.Region); err != nil {
		return Address{}, err
	}
	host, err := "", error(nil)
	if t.WholeEndpoint {
		return t.whole(a)
	}
	switch {
	case ownHosts:
		a.Scheme, host = "https", t.ownHost(a.Region)
	case endpoint == "":
		return Address{}, wrong(CodeEndpointInvalid, "endpoint", "is missing",
			"give the URL of the store, such as https://s3.example.com")
	default:
		if a.Scheme, host, err = parseOrigin("endpoint", endpoint); err != nil {
			return Address{}, err
		}
	}
	if err := t.place(&a, host); err != nil {
		return Address{}, err
	}
	if err := checkOwner(t.ExpectedBucketOwner, t.Profile); err != nil {
		return Address{}, err
	}
	a.Host = a.SignedHost
	if t.SendTo != "" {
		if a.Scheme, a.Host, err = parseOrigin("sendTo", t.SendTo); err != nil {
			return Address{}, err
		}
	}
	return a, nil
}

// whole resolves an endpoint that is the bucket's own URL. Where its path does
// not name the bucket its host does, or whoever listens there knows.
func (t *Target) whole(a Address) (Address, error) {
	rest, path := strings.TrimSuffix(t.Endpoint, "/"), ""
	if scheme := strings.Index(rest, "://"); scheme >= 0 {
		if slash := strings.IndexByte(rest[scheme+3:], '/'); slash >= 0 {
			rest, path = rest[:scheme+3+slash], rest[scheme+3+slash:]
		}
	}
	var err error
	if a.Scheme, a.Host, err = parseOrigin("endpoint", rest); err != nil {
		return Address{}, err
	}
	if !visible(path) || strings.ContainsAny(path, "?#%") {
		return Address{}, wrong(CodeEndpointInvalid, "endpoint", "has a path that is no plain text", "give the bucket's URL without a query")
	}
	a.SignedHost, a.prefix = a.Host, path+"/"
	if t.SignedHost != "" {
		if _, a.SignedHost, err = parseOrigin("signedHost", a.Scheme+"://"+t.SignedHost); err != nil {
			return Address{}, err
		}
	}
	if path != "/"+t.Bucket {
		a.VirtualBucket = t.Bucket
	}
	return a, checkOwner(t.ExpectedBucketOwner, t.Profile)
}

// place puts the bucket into the host or into the path.
func (t *Target) place(a *Address, host string) error {
	dots := strings.IndexByte(t.Bucket, '.') >= 0 && a.Scheme == "https"
	name, _ := splitPort(host)
	inPath := t.PathStyle || !t.VirtualHost && !t.Accelerate &&
		(a.Profile.Facts().PathStyle || isAddress(host) || dots)
	switch {
	case inPath:
		a.SignedHost, a.prefix = host, "/"+t.Bucket+"/"
		return nil
	case isAddress(host):
		return wrong(CodeStyleInvalid, "virtualHost", "cannot be used with an IP address",
			"set pathStyle or give the endpoint by name")
	case dots && t.SendTo == "":
		// The certificate for *.host does not match two labels (RFC 6125,
		// section 6.4.3). Behind a CDN it is the CDN's connection that counts.
		return wrong(CodeStyleInvalid, "virtualHost", "cannot be used over TLS with a bucket name that has dots",
			"set pathStyle")
	case !hostLabels(t.Bucket+"."+name) || strings.IndexByte(t.Bucket, '_') >= 0:
		return wrong(CodeStyleInvalid, "virtualHost", "cannot be used: "+quote(t.Bucket)+" is no host name",
			"set pathStyle")
	}
	a.VirtualBucket, a.SignedHost, a.prefix = t.Bucket, t.Bucket+"."+host, "/"
	return nil
}

// checkStyle: User Guide, "Configuring fast, secure file transfers using
// Amazon S3 Transfer Acceleration", requirements; "Making requests over IPv6".
func (t *Target) checkStyle(ownHosts bool, region string) error {
	_, directory := Zone(t.Bucket)
	switch {
	case directory && ownHosts && (t.PathStyle || t.DualStack || t.Accelerate):
		return wrong(CodeStyleInvalid, "pathStyle", "dualStack and accelerate are not for directory buckets", "leave them out")
	case t.PathStyle && t.VirtualHost:
		return wrong(CodeStyleInvalid, "pathStyle", "and virtualHost are both set", "set one of them or none")
	case t.DualStack && !ownHosts:
		return wrong(CodeStyleInvalid, "dualStack", "is for Amazon's own endpoints only",
			"leave it out; the endpoint's name decides about IPv6")
	case !t.Accelerate:
		return nil
	case !ownHosts:
		return wrong(CodeStyleInvalid, "accelerate", "is for Amazon's own endpoints only", "leave it out")
	case t.PathStyle:
		return wrong(CodeStyleInvalid, "accelerate", "needs the bucket in the host name", "leave pathStyle out")
	case strings.IndexByte(t.Bucket, '.') >= 0:
		return wrong(CodeStyleInvalid, "accelerate", "cannot be used with a bucket name that has dots",
			"leave it out or use another bucket")
	case domainOf(region) != "amazonaws.com":
		return wrong(CodeStyleInvalid, "accelerate", "does not exist in region "+quote(region), "leave it out")
	}
	return nil
}

// ownHost is Amazon's host for t without the bucket.
// S3 API Reference, "Making requests to dual-stack endpoints"; User Guide,
// "Getting started with Amazon S3 Transfer Acceleration".
func (t *Target) ownHost(region string) string {
	zone, directory := Zone(t.Bucket)
	switch {
	case directory:
		return "s3express-" + zone + "." + region + "." + domainOf(region)
	case t.Accelerate && t.DualStack:
		return "s3-accelerate.dualstack.amazonaws.com"
	case t.Accelerate:
		return "s3-accelerate.amazonaws.com"
	case t.DualStack:
		return "s3.dualstack." + region + "." + domainOf(region)
	}
	return "s3." + region + "." + domainOf(region)
}

// domains has Amazon's domain by the first letters of the region: the
// partitions of the AWS SDKs' endpoint rules.
var domains = [...]struct{ prefix, domain string }{
	{"cn-", "amazonaws.com.cn"},
	{"eusc-", "amazonaws.eu"},
	{"us-iso-", "c2s.ic.gov"},
	{"us-isob-", "sc2s.sgov.gov"},
	{"eu-isoe-", "cloud.adc-e.uk"},
	{"us-isof-", "csp.hci.ic.gov"},
}

func domainOf(region string) string {
	for i := range domains {
		if strings.HasPrefix(region, domains[i].prefix) {
			return domains[i].domain
		}
	}
	return "amazonaws.com"
}

// checkRegion: Amazon's own regions are two or more words and a number, as in
// "us-gov-west-1". Elsewhere a region is any word that fits a credential scope.
func checkRegion(region string, ownHosts bool) error {
	if region == "" {
		return wrong(CodeRegionInvalid, "region", "is missing",
			`give the bucket's region, such as "eu-west-1"; most stores without regions take "us-east-1"`)
	}
	if ownHosts && !amazonRegion(region) {
		return wrong(CodeRegionInvalid, "region", quote(region)+" is no region of AWS",
			`write it as in "eu-west-1", or give an endpoint`)
	}
	for i := 0; i < len(region); i++ {
		if c := region[i]; !alphanumeric(c) && c != '-' && c != '_' && c != '.' || len(region) > 64 {
			return wrong(CodeRegionInvalid, "region", quote(region)+" has a character that a region cannot have",
				"use letters, digits, hyphens, dots and underscores, 64 at most")
		}
	}
	return nil
}

func amazonRegion(s string) bool {
	words := 0
	for more := true; more; words++ {
		var word string
		word, s, more = strings.Cut(s, "-")
		if word == "" || digits(word) == more {
			return false
		}
		for i := 0; i < len(word); i++ {
			if !alphanumeric(word[i]) || lower(word[i]) != word[i] {
				return false
			}
		}
	}
	return words >= 3
}

// checkOwner: S3 API Reference, "Verifying bucket ownership with bucket owner
// condition": an account ID of AWS is 12 digits; other stores have their own.
func checkOwner(owner string, p Profile) error {
	switch {
	case owner == "":
		return nil
	case !p.Has(FeatureOwner):
		return wrong(CodeUnsupported, "expectedBucketOwner", "is not checked by this store ("+p.String()+")",
			"leave it out")
	case p == ProfileAWS && (len(owner) != 12 || !digits(owner)), !visible(owner) || len(owner) > 128:
		return wrong(CodeOwnerInvalid, "expectedBucketOwner", quote(owner)+" is no account ID",
			"on AWS it is 12 digits")
	}
	return nil
}
