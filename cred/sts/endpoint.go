package sts

import (
	"strconv"
	"strings"
)

// maxEndpoint is in bytes. A host name has at most 253.
const maxEndpoint = 1024

// parseEndpoint takes an endpoint apart and returns it with a path, "/" if it
// had none, and its host without the port, in lower case. Over http the token
// and the credentials would travel in clear, so only this machine may be asked
// so.
func parseEndpoint(s string) (url, host string, err error) {
	if s == "" {
		return "", "", ErrNoEndpoint
	}
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || len(s) > maxEndpoint || scheme != "https" && scheme != "http" {
		return "", "", ErrBadEndpoint
	}
	authority, path, _ := strings.Cut(rest, "/")
	host, ok = hostOf(authority)
	if !ok || !validPath(path) {
		return "", "", ErrBadEndpoint
	}
	if scheme == "http" && !loopback(host) {
		return "", "", ErrInsecureEndpoint
	}
	return scheme + "://" + authority + "/" + path, host, nil
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
	return strings.ToLower(host), true
}

// validName: letters, digits, hyphens and, for the names that container
// networks give, underscores, in labels that are not empty.
func validName(host string) bool {
	if host == "" || strings.Contains("."+host+".", "..") {
		return false
	}
	for i := range len(host) {
		if c := host[i]; !alphanumeric(c) && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}

func validPath(path string) bool {
	for i := range len(path) {
		if c := path[i]; !alphanumeric(c) && strings.IndexByte("-._~/%", c) < 0 {
			return false
		}
	}
	return true
}

// only reports that s is not empty and all of letters.
func only(s, letters string) bool {
	return s != "" && strings.Trim(s, letters) == ""
}

// loopback reports that a host is this machine: localhost and the names below
// it (RFC 6761, section 6.3), 127.0.0.0/8 and ::1 (RFC 6890).
func loopback(host string) bool {
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

// amazon reports that a host is AWS's own, in any partition.
func amazon(host string) bool {
	for _, suffix := range amazonDomains {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}

var amazonDomains = [...]string{".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws"}
