package exchange

import (
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/internal/ascii"
)

// maxEndpoint is in bytes. A host name has at most 253.
const maxEndpoint = 1024

// Endpoint is the URL of a service, taken apart.
type Endpoint struct {
	Scheme    string // "https" or "http"
	Authority string // host[:port], as it was written
	Path      string // begins with a slash
	Host      string // without the port, in lower case
}

// URL is the whole.
func (e Endpoint) URL() string { return e.Scheme + "://" + e.Authority + e.Path }

// ParseEndpoint takes the URL of a service apart; its path is "/" if it had
// none. Over http the token and the credentials would travel in clear, so only
// this machine may be asked so. The error is ErrNoEndpoint, ErrBadEndpoint or
// ErrInsecureEndpoint.
func ParseEndpoint(s string) (Endpoint, error) {
	if s == "" {
		return Endpoint{}, ErrNoEndpoint
	}
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || len(s) > maxEndpoint || scheme != "https" && scheme != "http" {
		return Endpoint{}, ErrBadEndpoint
	}
	authority, path, _ := strings.Cut(rest, "/")
	host, ok := hostOf(authority)
	if !ok || !validPath(path) {
		return Endpoint{}, ErrBadEndpoint
	}
	if scheme == "http" && !Loopback(host) {
		return Endpoint{}, ErrInsecureEndpoint
	}
	return Endpoint{Scheme: scheme, Authority: authority, Path: "/" + path, Host: host}, nil
}

// hostOf checks host[:port] and returns the host.
func hostOf(authority string) (string, bool) {
	host, port := authority, ""
	if end := strings.IndexByte(authority, ']'); end >= 0 {
		host, port = authority[:end+1], authority[end+1:]
		inner, bracket := strings.CutPrefix(host, "[")
		if !bracket || !only(inner[:len(inner)-1], "0123456789abcdefABCDEF:.") {
			return "", false
		}
	} else {
		if colon := strings.IndexByte(authority, ':'); colon >= 0 {
			host, port = authority[:colon], authority[colon:]
		}
		if !validName(host) {
			return "", false
		}
	}
	if port != "" {
		n, err := strconv.ParseUint(port[1:], 10, 16)
		if port[0] != ':' || err != nil || n == 0 {
			return "", false
		}
	}
	return ascii.Lower(host), true
}

// validName: letters, digits, hyphens and, for the names that container
// networks give, underscores, in labels that are not empty.
func validName(host string) bool {
	if host == "" || strings.Contains("."+host+".", "..") {
		return false
	}
	for i := range len(host) {
		if c := host[i]; !Alphanumeric(c) && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}

func validPath(path string) bool {
	for i := range len(path) {
		if c := path[i]; !Alphanumeric(c) && strings.IndexByte("-._~/%", c) < 0 {
			return false
		}
	}
	return true
}

// only reports that s is not empty and all of letters.
func only(s, letters string) bool {
	return s != "" && strings.Trim(s, letters) == ""
}

// Loopback reports that a host, without its port, is this machine: localhost
// and the names below it (RFC 6761, section 6.3), 127.0.0.0/8 and ::1 (RFC
// 6890).
func Loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || host == "[::1]" {
		return true
	}
	octets := strings.Split(host, ".")
	if len(octets) != 4 || octets[0] != "127" {
		return false
	}
	for _, octet := range octets {
		if n, err := strconv.ParseUint(octet, 10, 8); err != nil || strconv.Itoa(int(n)) != octet {
			return false
		}
	}
	return true
}

// Amazon reports that a host is AWS's own, in any partition.
func Amazon(host string) bool {
	for _, suffix := range amazonDomains {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}

var amazonDomains = [...]string{".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws"}

// Domain is where AWS's services of a region are, without a point before it:
// IAM User Guide, "AWS partitions".
func Domain(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "amazonaws.com.cn"
	case strings.HasPrefix(region, "eusc-"):
		return "amazonaws.eu"
	}
	return "amazonaws.com"
}

// ValidRegion reports that s can be a label of a host name, and part of a
// signature's scope.
func ValidRegion(s string) bool {
	return len(s) <= 63 && only(s, "abcdefghijklmnopqrstuvwxyz0123456789-") && s[0] != '-' && s[len(s)-1] != '-'
}
