package exchange_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/cred/exchange"
)

func TestDomain(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1": "amazonaws.com", "us-gov-west-1": "amazonaws.com", "cn-north-1": "amazonaws.com.cn", "eusc-de-east-1": "amazonaws.eu",
	} {
		if got := exchange.Domain(region); got != want {
			t.Errorf("Domain(%q) = %q, want %q", region, got, want)
		}
		if !exchange.ValidRegion(region) || !exchange.Amazon("sts."+region+"."+want) {
			t.Errorf("%s is no region of AWS's", region)
		}
	}
	for _, bad := range []string{"", "-a", "a-", "EU-WEST-1", "a.b", "a/b", strings.Repeat("a", 64)} {
		if exchange.ValidRegion(bad) {
			t.Errorf("ValidRegion(%q)", bad)
		}
	}
}

// FuzzParseEndpoint: what is taken means the same to net/url, and goes nowhere
// else.
func FuzzParseEndpoint(f *testing.F) {
	for _, s := range []string{
		"https://sts.eu-west-1.amazonaws.com", "http://127.0.0.1:9000/", "http://[::1]:80/a/b", "https://store:443/sts",
		"https://user@host/", "https://host:99999", "http://host/", "https://a..b/", "https://h/?q", "", "https://[::1", "HTTPS://h",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := exchange.ParseEndpoint(s)
		if err != nil {
			return
		}
		u, err := url.Parse(e.URL())
		if err != nil {
			if strings.Contains(s, "%") || strings.Contains(s, "[") {
				return // an escape, or an address, that is none: net/http says so
			}
			t.Fatalf("ParseEndpoint(%q) = %+v, and net/url refuses it: %v", s, e, err)
		}
		host := strings.ToLower(u.Hostname())
		if strings.Trim(e.Host, "[]") != host || u.Scheme != e.Scheme || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path == "" {
			t.Fatalf("ParseEndpoint(%q) = %+v, net/url reads %+v", s, e, u)
		}
		if e.Scheme == "http" && !exchange.Loopback(e.Host) {
			t.Fatalf("ParseEndpoint(%q) goes in clear to another machine", s)
		}
	})
}
