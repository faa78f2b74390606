package s3

const upperHex = "0123456789ABCDEF"

// AppendEscaped appends s percent-encoded once, as Signature Version 4's
// UriEncode wants it: A-Z a-z 0-9 - . _ ~ stand for themselves, every other
// byte becomes %XX with upper-case digits. A slash stands for itself when
// keepSlash is true, which is right for an object key in a path and wrong for
// the name or the value of a query parameter.
//
// S3 API Reference, "Authenticating Requests: Using the Authorization Header".
func AppendEscaped(dst []byte, s string, keepSlash bool) []byte {
	plain := 0 // from here on nothing is appended yet
	for i := 0; i < len(s); i++ {
		c := s[i]
		if unreserved(c) || c == '/' && keepSlash {
			continue
		}
		dst = append(dst, s[plain:i]...)
		dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		plain = i + 1
	}
	return append(dst, s[plain:]...)
}

// unreserved: RFC 3986, section 2.3.
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}
