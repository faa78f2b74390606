package nethttp

import "net/http"

// SniffBytes is how many bytes Sniff looks at.
const SniffBytes = 512

// Sniff tells a content type from the first bytes of a content, as browsers do
// (WHATWG MIME Sniffing, section 7). It always returns one.
func Sniff(head []byte) string {
	if len(head) == 0 {
		return "application/octet-stream"
	}
	return http.DetectContentType(head)
}
