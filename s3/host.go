package s3

import (
	"strconv"
	"strings"

	"github.com/bucketline/bucketline/internal/ascii"
)

// parseOrigin reads a URL that may have a scheme, a host and a port and
// nothing else. The host comes back as a browser writes it, because the store
// checks the signature against the Host header that the browser sends: in
// lower case, IPv6 in its shortest form, and no port where it is the scheme's
// own (URL Standard, sections 3.5 and 4.1).
func parseOrigin(field, text string) (scheme, host string, err error) {
	bad := func(problem, hint string) (string, string, error) {
		return "", "", wrong(CodeEndpointInvalid, field, quote(text)+" "+problem, hint)
	}
	scheme, rest, found := strings.Cut(text, "://")
	scheme = ascii.Lower(scheme)
	if !found || scheme != "https" && scheme != "http" {
		return bad("has no https:// in front", `write it as "https://host" or "https://host:port"`)
	}
	rest = strings.TrimSuffix(rest, "/")
	switch {
	// Not quoted: a password or a token may be in it.
	case strings.IndexByte(rest, '@') >= 0:
		return "", "", wrong(CodeEndpointInvalid, field, "has a user name or password", "take it out; credentials are given separately")
	case strings.IndexByte(rest, '?') >= 0 || strings.IndexByte(rest, '#') >= 0:
		return "", "", wrong(CodeEndpointInvalid, field, "has a query or a fragment", "keep scheme, host and port only")
	case strings.IndexByte(rest, '/') >= 0:
		return bad("has a path", "keep scheme, host and port only; the bucket is an option of its own")
	}
	name, port := splitPort(rest)
	if port != "" {
		n, err := strconv.Atoi(port)
		if err != nil || !digits(port) || n < 1 || n > 65535 || port[0] == '0' {
			return bad("has a bad port", "ports are 1 to 65535")
		}
		if scheme == "https" && n == 443 || scheme == "http" && n == 80 {
			port = ""
		}
	} else if strings.HasSuffix(rest, ":") {
		return bad("has a colon and no port", "take the colon out or put the port after it")
	}
	name, problem := normalHost(name)
	if problem != "" {
		return bad(problem, `write it as "https://host" or "https://host:port"`)
	}
	if port != "" {
		name += ":" + port
	}
	return scheme, name, nil
}

// splitPort cuts host[:port]; the brackets of an IPv6 address stay.
func splitPort(s string) (name, port string) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.IndexByte(s[i:], ']') >= 0 {
		return s, ""
	}
	return s[:i], s[i+1:]
}

// normalHost returns a host name or address in lower case and shortest form,
// or what is wrong with it.
func normalHost(s string) (host, problem string) {
	if len(s) > 1 && s[0] == '[' && s[len(s)-1] == ']' {
		groups, ok := parseIPv6(s[1 : len(s)-1])
		if !ok {
			return "", "is no IPv6 address"
		}
		return string(appendIPv6(nil, groups)), ""
	}
	host = ascii.Lower(s)
	if host == "" {
		return "", "has no host"
	}
	for i := 0; i < len(host); i++ {
		if host[i] >= 0x80 {
			return "", "has a host that is not ASCII (use its xn-- form)"
		}
	}
	if !hostLabels(host) {
		return "", "has a bad host name"
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if (digits(last) || strings.HasPrefix(last, "0x")) && !isIPv4(host) {
		return "", "has a number for a host that is no IPv4 address"
	}
	return host, ""
}

// hostLabels: RFC 1123, section 2.1, and underscores, which container names
// have and browsers send.
func hostLabels(s string) bool {
	if len(s) > 253 {
		return false
	}
	start := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '.' {
			if !alphanumeric(s[i]) && s[i] != '-' && s[i] != '_' {
				return false
			}
			continue
		}
		label := s[start:i]
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		start = i + 1
	}
	return true
}

// isIPv4 reports four decimal numbers 0 to 255 without leading zeros.
func isIPv4(s string) bool {
	parts := 0
	for rest, more := s, true; more; parts++ {
		var part string
		part, rest, more = strings.Cut(rest, ".")
		if !digits(part) || len(part) > 3 || len(part) > 1 && part[0] == '0' {
			return false
		}
		if n, _ := strconv.Atoi(part); n > 255 {
			return false
		}
	}
	return parts == 4
}

// parseIPv6 reads the text forms of RFC 4291, section 2.2, without a zone.
func parseIPv6(s string) (groups [8]uint16, ok bool) {
	n, gap := 0, -1
	if strings.HasPrefix(s, "::") {
		gap, s = 0, s[2:]
	}
	for s != "" && n < 8 {
		part, rest, more := strings.Cut(s, ":")
		if !more && strings.IndexByte(part, '.') >= 0 {
			if !isIPv4(part) || n > 6 {
				return groups, false
			}
			for i := 0; i < 2; i++ {
				high, tail, _ := strings.Cut(part, ".")
				low, tail, _ := strings.Cut(tail, ".")
				h, _ := strconv.Atoi(high)
				l, _ := strconv.Atoi(low)
				groups[n] = uint16(h<<8 | l)
				n, part = n+1, tail
			}
			s = ""
			break
		}
		v, err := strconv.ParseUint(part, 16, 16)
		if err != nil || len(part) > 4 {
			return groups, false
		}
		groups[n] = uint16(v)
		n, s = n+1, rest
		if !more {
			break
		}
		if rest == "" {
			return groups, false // a colon at the end
		}
		if rest[0] == ':' {
			if gap >= 0 {
				return groups, false
			}
			gap, s = n, rest[1:]
		}
	}
	if s != "" || gap < 0 && n != 8 || gap >= 0 && n == 8 {
		return groups, false
	}
	if gap >= 0 {
		moved := n - gap
		copy(groups[8-moved:], groups[gap:n])
		clear(groups[gap : 8-moved])
	}
	return groups, true
}

// appendIPv6 writes the bracketed form of the URL Standard, section 3.6: the
// first longest run of two or more zero groups becomes "::".
func appendIPv6(dst []byte, groups [8]uint16) []byte {
	runStart, runLen := 0, 1
	for i := 0; i < 8; i++ {
		n := 0
		for i+n < 8 && groups[i+n] == 0 {
			n++
		}
		if n > runLen {
			runStart, runLen = i, n
		}
	}
	dst = append(dst, '[')
	for i := 0; i < 8; i++ {
		if runLen > 1 && i == runStart {
			dst = append(dst, "::"...)
			i += runLen - 1
			continue
		}
		if i > 0 && dst[len(dst)-1] != ':' {
			dst = append(dst, ':')
		}
		dst = strconv.AppendUint(dst, uint64(groups[i]), 16)
	}
	return append(dst, ']')
}

// isAddress reports an IPv4 or IPv6 address, under which no bucket can be a
// host name.
func isAddress(host string) bool {
	name, _ := splitPort(host)
	return name[0] == '[' || isIPv4(name)
}

// isLoopback: RFC 6761, section 6.3 (localhost); RFC 1122, section 3.2.1.3
// (127/8); RFC 4291, section 2.5.3 (::1).
func isLoopback(host string) bool {
	name, _ := splitPort(host)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") ||
		name == "[::1]" || isIPv4(name) && strings.HasPrefix(name, "127.")
}
