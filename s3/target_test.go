package s3

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
)

// where is an Address in one line: "scheme host signed-host path", with
// "bucket!" in front when the host names it.
func where(a Address) string {
	virtual := ""
	if a.VirtualBucket != "" {
		virtual = a.VirtualBucket + "! "
	}
	return virtual + a.Scheme + " " + a.Host + " " + a.SignedHost + " " + a.prefix + " " + a.Region
}

// S3 API Reference, "Virtual hosting of buckets", "Making requests to
// dual-stack endpoints"; User Guide, "Transfer Acceleration".
func TestTargetResolve_addresses(t *testing.T) {
	aws := func(change func(*Target)) Target {
		t := Target{Bucket: "photos", Region: "eu-west-1"}
		if change != nil {
			change(&t)
		}
		return t
	}
	tests := []struct {
		name   string
		target Target
		want   string
	}{
		{"AWS", aws(nil), "photos! https photos.s3.eu-west-1.amazonaws.com photos.s3.eu-west-1.amazonaws.com / eu-west-1"},
		{"a bucket's own URL, which names it", aws(func(t *Target) { t.WholeEndpoint, t.Endpoint = true, "https://photos.s3.eu-west-1.amazonaws.com" }),
			"photos! https photos.s3.eu-west-1.amazonaws.com photos.s3.eu-west-1.amazonaws.com / eu-west-1"},
		{"a bucket's own URL, with its path", aws(func(t *Target) { t.WholeEndpoint, t.Endpoint = true, "http://Localhost:9000/photos/" }),
			"http localhost:9000 localhost:9000 /photos/ eu-west-1"},
		{"a bucket's own URL, at a CDN", aws(func(t *Target) {
			t.WholeEndpoint, t.Endpoint, t.SignedHost = true, "https://cdn.example.com", "photos.s3.amazonaws.com"
		}), "photos! https cdn.example.com photos.s3.amazonaws.com / eu-west-1"},
		{"AWS, path style", aws(func(t *Target) { t.PathStyle = true }), "https s3.eu-west-1.amazonaws.com s3.eu-west-1.amazonaws.com /photos/ eu-west-1"},
		{"AWS, dual-stack", aws(func(t *Target) { t.DualStack = true }), "photos! https photos.s3.dualstack.eu-west-1.amazonaws.com photos.s3.dualstack.eu-west-1.amazonaws.com / eu-west-1"},
		{"AWS, dual-stack, path style", aws(func(t *Target) { t.DualStack, t.PathStyle = true, true }), "https s3.dualstack.eu-west-1.amazonaws.com s3.dualstack.eu-west-1.amazonaws.com /photos/ eu-west-1"},
		{"AWS, accelerate", aws(func(t *Target) { t.Accelerate = true }), "photos! https photos.s3-accelerate.amazonaws.com photos.s3-accelerate.amazonaws.com / eu-west-1"},
		{"AWS, accelerate dual-stack", aws(func(t *Target) { t.Accelerate, t.DualStack = true, true }), "photos! https photos.s3-accelerate.dualstack.amazonaws.com photos.s3-accelerate.dualstack.amazonaws.com / eu-west-1"},
		{"AWS, China", aws(func(t *Target) { t.Region = "cn-north-1" }), "photos! https photos.s3.cn-north-1.amazonaws.com.cn photos.s3.cn-north-1.amazonaws.com.cn / cn-north-1"},
		{"AWS, bucket with dots", aws(func(t *Target) { t.Bucket = "my.photos" }), "https s3.eu-west-1.amazonaws.com s3.eu-west-1.amazonaws.com /my.photos/ eu-west-1"},
		{"AWS, access point alias", aws(func(t *Target) { t.Bucket = "ap-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias" }),
			"ap-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias! https ap-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias.s3.eu-west-1.amazonaws.com ap-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias.s3.eu-west-1.amazonaws.com / eu-west-1"},
		{"AWS behind a CDN", aws(func(t *Target) { t.SendTo = "https://cdn.example.com" }), "photos! https cdn.example.com photos.s3.eu-west-1.amazonaws.com / eu-west-1"},
		{"AWS behind a CDN, path style", aws(func(t *Target) { t.SendTo, t.PathStyle = "https://cdn.example.com:8443/", true }), "https cdn.example.com:8443 s3.eu-west-1.amazonaws.com /photos/ eu-west-1"},
		{"a bucket with dots in the host, behind a CDN", aws(func(t *Target) { t.SendTo, t.VirtualHost, t.Bucket = "https://cdn.example.com", true, "my.photos" }), "my.photos! https cdn.example.com my.photos.s3.eu-west-1.amazonaws.com / eu-west-1"},
		{"a VPC endpoint", aws(func(t *Target) { t.Endpoint = "https://bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com" }), "photos! https photos.bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com photos.bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com / eu-west-1"},

		{"a custom store with a port", Target{Endpoint: "https://store.example.com:9000", Bucket: "photos", Profile: ProfileMinIO}, "https store.example.com:9000 store.example.com:9000 /photos/ us-east-1"},
		{"the same, virtual host", Target{Endpoint: "https://store.example.com:9000", Bucket: "photos", Profile: ProfileMinIO, VirtualHost: true}, "photos! https photos.store.example.com:9000 photos.store.example.com:9000 / us-east-1"},
		{"the same, bucket with dots without TLS", Target{Endpoint: "http://store.localhost:9000", Bucket: "my.photos", Profile: ProfileMinIO, VirtualHost: true}, "my.photos! http my.photos.store.localhost:9000 my.photos.store.localhost:9000 / us-east-1"},
		{"the default port goes", Target{Endpoint: "HTTPS://Store.Example.COM:443/", Bucket: "photos", Profile: ProfileMinIO}, "https store.example.com store.example.com /photos/ us-east-1"},
		{"the other default port goes", Target{Endpoint: "http://store.example.com:80", Bucket: "photos", Profile: ProfileMinIO}, "http store.example.com store.example.com /photos/ us-east-1"},
		{"the other scheme's port stays", Target{Endpoint: "https://store.example.com:80", Bucket: "photos", Profile: ProfileMinIO}, "https store.example.com:80 store.example.com:80 /photos/ us-east-1"},
		{"an IPv4 address means the path", Target{Endpoint: "http://127.0.0.1:9000", Bucket: "photos", Region: "us-east-1"}, "http 127.0.0.1:9000 127.0.0.1:9000 /photos/ us-east-1"},
		{"an IPv6 address as browsers write it", Target{Endpoint: "http://[0:0:0:0:0:0:0:1]:9000", Bucket: "photos", Region: "us-east-1"}, "http [::1]:9000 [::1]:9000 /photos/ us-east-1"},
		{"a host name with an underscore", Target{Endpoint: "http://minio_1:9000", Bucket: "photos", Profile: ProfileMinIO}, "http minio_1:9000 minio_1:9000 /photos/ us-east-1"},

		{"Ceph", Target{Endpoint: "https://rgw.example.com", Bucket: "photos", Profile: ProfileCeph}, "https rgw.example.com rgw.example.com /photos/ us-east-1"},
		{"R2", Target{Endpoint: "https://abc.r2.cloudflarestorage.com", Bucket: "photos", Profile: ProfileR2}, "https abc.r2.cloudflarestorage.com abc.r2.cloudflarestorage.com /photos/ auto"},
		{"B2", Target{Region: "eu-central-003", Bucket: "photos", Profile: ProfileB2}, "photos! https photos.s3.eu-central-003.backblazeb2.com photos.s3.eu-central-003.backblazeb2.com / eu-central-003"},
		{"GCS", Target{Bucket: "photos", Profile: ProfileGCS}, "photos! https photos.storage.googleapis.com photos.storage.googleapis.com / auto"},
		{"GCS, bucket with an underscore", Target{Bucket: "my_photos", Profile: ProfileGCS, PathStyle: true}, "https storage.googleapis.com storage.googleapis.com /my_photos/ auto"},
		{"SeaweedFS", Target{Endpoint: "https://weed.example.com:8333", Bucket: "photos", Profile: ProfileSeaweedFS}, "https weed.example.com:8333 weed.example.com:8333 /photos/ us-east-1"},
		{"VersityGW", Target{Endpoint: "http://s3.localhost:7070", Bucket: "photos", Profile: ProfileVersityGW, VirtualHost: true}, "photos! http photos.s3.localhost:7070 photos.s3.localhost:7070 / us-east-1"},
		{"a region of one's own", Target{Endpoint: "https://rgw.example.com", Region: "Zone_A.1", Bucket: "photos", Profile: ProfileCeph}, "https rgw.example.com rgw.example.com /photos/ Zone_A.1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, err := test.target.Resolve()
			if err != nil {
				t.Fatalf("Resolve: %v", err)
			}
			if got := where(a); got != test.want {
				t.Errorf("Resolve gives\n%s, want\n%s", got, test.want)
			}
		})
	}
}

func TestTargetResolve_refuses(t *testing.T) {
	good := Target{Bucket: "photos", Region: "eu-west-1"}
	store := Target{Bucket: "photos", Endpoint: "https://store.example.com", Profile: ProfileMinIO}
	change := func(base Target, f func(*Target)) Target {
		f(&base)
		return base
	}
	tests := []struct {
		name, code, field string
		target            Target
	}{
		{"an unknown profile", CodeProfileUnknown, "profile", change(good, func(t *Target) { t.Profile = numProfiles })},
		{"no bucket", CodeBucketInvalid, "bucket", change(good, func(t *Target) { t.Bucket = "" })},
		{"a bucket ARN", CodeBucketInvalid, "bucket", change(good, func(t *Target) { t.Bucket = "arn:aws:s3:eu-west-1:123456789012:accesspoint/ap" })},
		{"a bucket's own URL with a query", CodeEndpointInvalid, "endpoint", change(good, func(t *Target) { t.WholeEndpoint, t.Endpoint = true, "https://example.com/photos?x=1" })},
		{"a bucket's own URL without a scheme", CodeEndpointInvalid, "endpoint", change(good, func(t *Target) { t.WholeEndpoint, t.Endpoint = true, "example.com/photos" })},
		{"a bucket's own URL, signed for no host", CodeEndpointInvalid, "signedHost", change(good, func(t *Target) { t.WholeEndpoint, t.Endpoint, t.SignedHost = true, "https://example.com", "a/b" })},
		{"a bucket URL", CodeBucketInvalid, "bucket", change(good, func(t *Target) { t.Bucket = "s3://photos" })},
		{"no region", CodeRegionInvalid, "region", change(good, func(t *Target) { t.Region = "" })},
		{"no region for B2", CodeRegionInvalid, "region", Target{Bucket: "photos", Profile: ProfileB2}},
		{"a region in words", CodeRegionInvalid, "region", change(good, func(t *Target) { t.Region = "EU (Ireland)" })},
		{"a region without hyphen", CodeRegionInvalid, "region", change(good, func(t *Target) { t.Region = "eu-west1" })},
		{"a region in capitals", CodeRegionInvalid, "region", change(good, func(t *Target) { t.Region = "EU-WEST-1" })},
		{"a region with a slash", CodeRegionInvalid, "region", change(store, func(t *Target) { t.Region = "a/b" })},
		{"a region of 65 characters", CodeRegionInvalid, "region", change(store, func(t *Target) { t.Region = strings.Repeat("a", 65) })},
		{"both styles", CodeStyleInvalid, "pathStyle", change(good, func(t *Target) { t.PathStyle, t.VirtualHost = true, true })},
		{"dots and virtual host over TLS", CodeStyleInvalid, "virtualHost", change(good, func(t *Target) { t.Bucket, t.VirtualHost = "my.photos", true })},
		{"an address and virtual host", CodeStyleInvalid, "virtualHost", change(store, func(t *Target) { t.Endpoint, t.VirtualHost = "http://127.0.0.1", true })},
		{"an underscore and virtual host", CodeStyleInvalid, "virtualHost", Target{Bucket: "my_photos", Profile: ProfileGCS, VirtualHost: true}},
		{"dual-stack elsewhere", CodeStyleInvalid, "dualStack", change(store, func(t *Target) { t.DualStack = true })},
		{"dual-stack with an endpoint", CodeStyleInvalid, "dualStack", change(good, func(t *Target) { t.DualStack, t.Endpoint = true, "https://x.example" })},
		{"accelerate elsewhere", CodeStyleInvalid, "accelerate", change(store, func(t *Target) { t.Accelerate = true })},
		{"accelerate and path style", CodeStyleInvalid, "accelerate", change(good, func(t *Target) { t.Accelerate, t.PathStyle = true, true })},
		{"accelerate and dots", CodeStyleInvalid, "accelerate", change(good, func(t *Target) { t.Accelerate, t.Bucket = true, "my.photos" })},
		{"accelerate in China", CodeStyleInvalid, "accelerate", change(good, func(t *Target) { t.Accelerate, t.Region = true, "cn-north-1" })},
		{"no endpoint", CodeEndpointInvalid, "endpoint", change(store, func(t *Target) { t.Endpoint = "" })},
		{"a bad endpoint to send to", CodeEndpointInvalid, "sendTo", change(good, func(t *Target) { t.SendTo = "cdn.example.com" })},
		{"an owner in words", CodeOwnerInvalid, "expectedBucketOwner", change(good, func(t *Target) { t.ExpectedBucketOwner = "me" })},
		{"an owner of 11 digits", CodeOwnerInvalid, "expectedBucketOwner", change(good, func(t *Target) { t.ExpectedBucketOwner = "12345678901" })},
		{"an owner of 13 digits", CodeOwnerInvalid, "expectedBucketOwner", change(good, func(t *Target) { t.ExpectedBucketOwner = "1234567890123" })},
		{"an owner with a line break", CodeOwnerInvalid, "expectedBucketOwner", Target{Bucket: "photos", Endpoint: "https://rgw.example.com", Profile: ProfileCeph, ExpectedBucketOwner: "a\r\nb"}},
		{"an owner where nobody looks", CodeUnsupported, "expectedBucketOwner", change(store, func(t *Target) { t.ExpectedBucketOwner = "123456789012" })},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.target.Resolve()
			checkInput(t, err, test.code, test.field)
		})
	}
}

// checkInput wants an *InputError with that code and field, a hint, and no
// control character in its text.
func checkInput(t *testing.T, err error, code, field string) {
	t.Helper()
	var input *InputError
	if !errors.As(err, &input) {
		t.Fatalf("error is %v, want an InputError with code %s", err, code)
	}
	if input.Code != code || input.Field != field {
		t.Errorf("error is %s about %q (%v), want %s about %q", input.Code, input.Field, err, code, field)
	}
	if input.Problem == "" || input.Hint == "" || controls(err.Error()) {
		t.Errorf("error %q says too little, or more than one line", err)
	}
}

// User Guide, "General purpose bucket naming rules".
func TestCheckBucket(t *testing.T) {
	tests := []struct {
		name string
		ok   bool
	}{
		{"ab", false}, {"abc", true}, {strings.Repeat("a", 62), true}, {strings.Repeat("a", 63), true}, {strings.Repeat("a", 64), false},
		{"a-b", true}, {"a.b", true}, {"1a2", true}, {"a--b", true}, {"a-b.c-d", true}, {"1.2.3", true}, {"1.2.3.4.5", true},
		{"-ab", false}, {"ab-", false}, {".ab", false}, {"ab.", false}, {"a..b", false}, {"a.-b", false}, {"a-.b", false},
		{"Abc", false}, {"a_b", false}, {"a b", false}, {"a/b", false}, {"äbc", false}, {"a\nb", false},
		{"192.168.5.4", false}, {"256.168.5.4", true},
		{"xn--abc", false}, {"sthree-abc", false}, {"amzn-s3-demo-bucket", false},
		{"abc-s3alias", true}, {"abc--ol-s3", false}, {"abc.mrap", false}, {"abc--use1-az4--x-s3", true}, {"abc--x-s3", false}, {"abc--table-s3", false},
	}
	for _, test := range tests {
		if err := checkBucket(test.name, ProfileAWS); (err == nil) != test.ok {
			t.Errorf("checkBucket(%q) = %v, want ok %t", test.name, err, test.ok)
		}
	}
}

func TestCheckBucket_cloudStorageAllowsMore(t *testing.T) {
	long := strings.Repeat("a.", 110) + "aa" // 222 characters
	tests := []struct {
		name string
		ok   bool
	}{{"a_b", true}, {"_ab", true}, {long[1:], false}, {"a" + long[1:], true}, {"a" + long, false}, {strings.Repeat("a", 64), false}}
	for _, test := range tests {
		if err := checkBucket(test.name, ProfileGCS); (err == nil) != test.ok {
			t.Errorf("checkBucket(%q) = %v, want ok %t", test.name, err, test.ok)
		}
	}
}

func TestParseOrigin(t *testing.T) {
	tests := []struct{ in, want string }{
		{"https://a.example", "https a.example"},
		{"https://a.example/", "https a.example"},
		{"http://a.example:8080", "http a.example:8080"},
		{"http://a.example:1", "http a.example:1"},
		{"http://a.example:65535", "http a.example:65535"},
		{"https://127.0.0.1", "https 127.0.0.1"},
		{"https://[2001:DB8::1]", "https [2001:db8::1]"},
		{"https://[2001:db8:0:0:1:0:0:1]:81", "https [2001:db8::1:0:0:1]:81"},
		{"https://[::ffff:1.2.3.4]", "https [::ffff:102:304]"},
		{"https://xn--bcher-kva.example", "https xn--bcher-kva.example"},
		{"", ""}, {"a.example", ""}, {"//a.example", ""}, {"ftp://a.example", ""}, {"https:/a.example", ""}, {"https:a.example", ""},
		{"https://", ""}, {"https:///", ""}, {"https://a.example//", ""}, {"https://a.example/path", ""}, {"https://a.example/path/", ""},
		{"https://user@a.example", ""}, {"https://user:pw@a.example", ""}, {"https://a.example?x", ""}, {"https://a.example/?x=1", ""}, {"https://a.example#f", ""},
		{"https://a.example:", ""}, {"https://a.example:0", ""}, {"https://a.example:65536", ""}, {"https://a.example:080", ""}, {"https://a.example:+1", ""}, {"https://a.example:x", ""}, {"https://:80", ""},
		{"https://a..example", ""}, {"https://.a", ""}, {"https://a.", ""}, {"https://-a.example", ""}, {"https://a-.example", ""}, {"https://a b", ""}, {"https://a%41.example", ""},
		{"https://bücher.example", ""}, {"https://" + strings.Repeat("a", 64) + ".example", ""}, {"https://" + strings.Repeat("a.", 127) + "a", ""},
		{"https://1.2.3", ""}, {"https://1.2.3.4.5", ""}, {"https://1.2.3.256", ""}, {"https://01.2.3.4", ""}, {"https://0x7f.1", ""}, {"https://2130706433", ""}, {"https://a.0x1", ""},
		{"https://[::1", ""}, {"https://::1", ""}, {"https://[]", ""}, {"https://[:]", ""}, {"https://[1::2::3]", ""}, {"https://[1:2:3:4:5:6:7:8:9]", ""}, {"https://[fe80::1%25eth0]", ""}, {"https://[::1]x", ""}, {"https://[12345::]", ""},
	}
	for _, test := range tests {
		scheme, host, err := parseOrigin("endpoint", test.in)
		if got := strings.TrimSpace(scheme + " " + host); err == nil && got != test.want {
			t.Errorf("parseOrigin(%q) = %q, want %q", test.in, got, test.want)
		}
		if (err == nil) != (test.want != "") {
			t.Errorf("parseOrigin(%q) has error %v, want %q", test.in, err, test.want)
		}
	}
}

// Every text form of random addresses, good and bad, against net/netip.
func TestParseIPv6_agreesWithNetip(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	pieces := []string{":", "::", "0", "1", "ab", "FFFF", "0db8", "00000", "1.2.3.4", "g", "."}
	good := 0
	for range 200_000 {
		var text string
		if random.IntN(2) == 0 {
			for range 1 + random.IntN(16) {
				text += pieces[random.IntN(len(pieces))]
			}
		} else {
			var raw [16]byte
			for i := range raw {
				if random.IntN(3) == 0 {
					raw[i] = byte(random.IntN(256))
				}
			}
			text = netip.AddrFrom16(raw).StringExpanded()
			if random.IntN(2) == 0 {
				text = netip.AddrFrom16(raw).String()
			}
		}
		want, err := netip.ParseAddr(text)
		groups, ok := parseIPv6(text)
		if ok != (err == nil && want.Is6()) {
			t.Fatalf("parseIPv6(%q) = %v, %t, netip says %v, %v", text, groups, ok, want, err)
		}
		if !ok {
			continue
		}
		good++
		raw := want.As16()
		for i := range groups {
			if groups[i] != uint16(raw[2*i])<<8|uint16(raw[2*i+1]) {
				t.Fatalf("parseIPv6(%q) = %x, netip has %x", text, groups, raw)
			}
		}
		// netip writes the last 32 bits of a mapped address with dots; the URL
		// Standard does not.
		if !want.Is4In6() {
			if got := string(appendIPv6(nil, groups)); got != "["+want.String()+"]" {
				t.Fatalf("appendIPv6(%q) = %s, netip has %s", text, got, want)
			}
		}
	}
	if good < 50_000 {
		t.Errorf("only %d addresses were good: the comparison has lost its power", good)
	}
}

func TestAddressLoopback(t *testing.T) {
	tests := []struct {
		host string
		want bool
	}{
		{"localhost", true}, {"localhost:9000", true}, {"s3.localhost:80", true}, {"127.0.0.1", true}, {"127.1.2.3:9", true}, {"[::1]:9000", true}, {"[::1]", true},
		{"localhost.example.com", false}, {"notlocalhost", false}, {"128.0.0.1", false}, {"127.example.com", false}, {"[::2]", false}, {"127.0.0.1.example.com", false},
	}
	for _, test := range tests {
		a := Address{Host: test.host}
		if got := a.Loopback(); got != test.want {
			t.Errorf("Loopback of %q = %t, want %t", test.host, got, test.want)
		}
	}
}

func TestParseProfile(t *testing.T) {
	for p := ProfileAWS; p < numProfiles; p++ {
		if got, ok := ParseProfile(p.String()); got != p || !ok {
			t.Errorf("ParseProfile(%q) = %v, %t, want %v", p, got, ok, p)
		}
	}
	if p, ok := ParseProfile(""); p != ProfileAWS || !ok {
		t.Errorf("ParseProfile of nothing = %v, %t, want aws", p, ok)
	}
	if got := numProfiles.String(); got != "unknown" {
		t.Errorf("a profile that does not exist is called %q", got)
	}
	if p, ok := ParseProfile("AWS"); ok {
		t.Errorf("ParseProfile(AWS) = %v, want none: names are lower case", p)
	}
}

// Each profile's facts, as its documentation has them; see the table itself.
func TestProfile_facts(t *testing.T) {
	tests := []struct {
		p                          Profile
		region                     string
		path, equal, form, v2, acc bool
		put                        int64
	}{
		{ProfileAWS, "", false, false, true, true, true, 5 << 30},
		{ProfileMinIO, "us-east-1", true, false, true, true, false, 5 << 30},
		{ProfileCeph, "us-east-1", true, false, true, true, false, 5 << 30},
		{ProfileR2, "auto", true, true, false, false, false, 5363340410},
		{ProfileB2, "", false, false, true, false, false, 5 << 30},
		{ProfileGCS, "auto", false, false, false, false, false, 5 << 30},
		{ProfileSeaweedFS, "us-east-1", true, false, true, true, false, 5 << 30},
		{ProfileVersityGW, "us-east-1", true, false, true, false, false, 5 << 30},
	}
	if len(tests) != int(numProfiles) {
		t.Errorf("%d profiles are tested of %d", len(tests), numProfiles)
	}
	for _, test := range tests {
		f := test.p.Facts()
		if f.Region != test.region || f.PathStyle != test.path || f.EqualParts != test.equal || f.MaxSinglePut != test.put ||
			test.p.Has(FeaturePostForm) != test.form || test.p.Has(FeatureSignatureV2) != test.v2 || test.p.Has(FeatureAccelerate) != test.acc {
			t.Errorf("facts of %v are %+v, want %+v", test.p, *f, test)
		}
		if f.MaxPartSize > MaxPartSize || f.MaxObjectSize > MaxObjectSize || f.MaxSinglePut > f.MaxPartSize {
			t.Errorf("limits of %v are above S3's own: %+v", test.p, *f)
		}
	}
}

// The AWS SDK's endpoint rules are an independent table of the same hosts.
func TestTargetResolve_agreesWithSDK(t *testing.T) {
	regions := []string{"us-east-1", "us-west-2", "eu-west-1", "eu-central-2", "ap-southeast-4", "il-central-1", "mx-central-1", "cn-north-1",
		"cn-northwest-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "eusc-de-east-1"}
	resolver := awss3.NewDefaultEndpointResolverV2()
	compared := 0
	for _, region := range regions {
		for _, bucket := range []string{"photos", "my.photos"} {
			for bits := range 8 {
				target := Target{Bucket: bucket, Region: region, PathStyle: bits&1 != 0, DualStack: bits&2 != 0, Accelerate: bits&4 != 0}
				sdk, sdkErr := resolver.ResolveEndpoint(context.Background(), awss3.EndpointParameters{
					Bucket: aws.String(bucket), Region: aws.String(region), UseFIPS: aws.Bool(false), UseDualStack: aws.Bool(target.DualStack),
					Accelerate: aws.Bool(target.Accelerate), ForcePathStyle: aws.Bool(target.PathStyle), UseGlobalEndpoint: aws.Bool(false),
				}.WithDefaults())
				a, err := target.Resolve()
				if err != nil {
					// The SDK silently leaves acceleration out of path style.
					if sdkErr == nil && !target.Accelerate {
						t.Errorf("%+v: %v, the SDK has %v", target, err, sdk.URI.String())
					}
					continue
				}
				if sdkErr != nil {
					t.Errorf("%+v: %s, the SDK says %v", target, where(a), sdkErr)
					continue
				}
				compared++
				want, _ := url.Parse(sdk.URI.String())
				if a.Scheme != want.Scheme || a.Host != want.Host || strings.TrimSuffix(a.prefix, "/") != strings.TrimSuffix(want.Path, "/") {
					t.Errorf("%+v: %s, the SDK has %s", target, where(a), want)
				}
			}
		}
	}
	if compared < 100 {
		t.Errorf("only %d addresses were compared", compared)
	}
}

func FuzzTargetResolve(f *testing.F) {
	f.Add("https://store.example.com:9000", "us-east-1", "photos", "", byte(1), byte(0))
	f.Add("", "eu-west-1", "my.photos", "https://cdn.example.com", byte(0), byte(2))
	f.Add("http://[::1]:9000", "", "photos", "", byte(1), byte(1))
	f.Fuzz(func(t *testing.T, endpoint, region, bucket, sendTo string, profile, bits byte) {
		target := Target{Endpoint: endpoint, Region: region, Bucket: bucket, SendTo: sendTo, Profile: Profile(profile),
			PathStyle: bits&1 != 0, VirtualHost: bits&2 != 0, DualStack: bits&4 != 0, Accelerate: bits&8 != 0}
		a, err := target.Resolve()
		if err != nil {
			var input *InputError
			if !errors.As(err, &input) || controls(err.Error()) {
				t.Errorf("Resolve gives %q, want one line of an InputError", err)
			}
			return
		}
		// What we send must be what a URL parser makes of it.
		text := string(a.AppendObjectURL(nil, "k"))
		u, err := url.Parse(text)
		if err != nil || u.Host != a.Host || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != a.prefix+"k" {
			t.Errorf("Resolve of %+v gives %s, which parses as %+v, %v", target, text, u, err)
		}
	})
}
