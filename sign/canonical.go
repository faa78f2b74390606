package sign

import (
	"slices"
	"strings"

	"github.com/bucketline/bucketline/s3"
)

// canonical puts headers and query parameters into the order that signatures
// want. It holds the scratch space for that and nothing between two requests.
type canonical struct {
	header []s3.Field
	names  []byte // of header: "host;range;x-amz-date"
	arena  []byte // names and values of the query, encoded
	pairs  []pair
}

// pair is one encoded query parameter in the arena: name up to value, then
// value up to end.
type pair struct{ name, value, end int }

// unsigned lists the headers that are sent but never signed, because they
// belong to the connection or are rewritten on the way. Host has a line of its
// own, from Request.SignedHost.
var unsigned = [...]string{
	"authorization", "connection", "expect", "host", "keep-alive", "te", "trailer",
	"transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",
}

func isSigned(name string) bool {
	for _, u := range unsigned {
		if equalFold(name, u) {
			return false
		}
	}
	return !hasPrefixFold(name, "proxy-")
}

// sortSigned fills k.header with the headers of r that are signed, host among
// them, by lower-case name; equal names stay in the order sent.
//
// S3 API Reference, "Signature Calculations for the Authorization Header",
// Task 1, asks for host, Content-MD5 and every x-amz- header. Everything else
// that is sent is signed as well, but for the list above, so that nobody on the
// way can change a Range, a Content-Type or an If-None-Match.
func (k *canonical) sortSigned(r *s3.Request) {
	k.header = append(k.header[:0], s3.Field{Name: "host", Value: signedHost(r)})
	for _, f := range r.Header {
		if isSigned(f.Name) {
			k.header = append(k.header, f)
		}
	}
	slices.SortStableFunc(k.header, compareNames)
	k.names = k.names[:0]
	for i, f := range k.header {
		if i > 0 && equalFold(f.Name, k.header[i-1].Name) {
			continue
		}
		if i > 0 {
			k.names = append(k.names, ';')
		}
		k.names = appendLower(k.names, f.Name)
	}
}

// appendNames appends the names that sortSigned left.
func (k *canonical) appendNames(dst []byte) []byte { return append(dst, k.names...) }

// appendLines appends a line "name:value" for each name that sortSigned left,
// the values of one name joined by commas.
//
// The S3 text trims the ends of a value; the general Version 4 text also folds
// inner runs of spaces into one, as AWS's own signers and MinIO's server do for
// S3. We fold, and count every ASCII white space as space.
func (k *canonical) appendLines(dst []byte) []byte {
	for i, f := range k.header {
		if i > 0 && equalFold(f.Name, k.header[i-1].Name) {
			dst[len(dst)-1] = ','
		} else {
			dst = append(appendLower(dst, f.Name), ':')
		}
		dst = append(appendFolded(dst, f.Value), '\n')
	}
	return dst
}

// appendQuery appends the canonical query: names and values encoded, then
// sorted by encoded name and, for equal names, by encoded value. A parameter
// without a value is "name=". The signature itself is left out.
func (k *canonical) appendQuery(dst []byte, query []s3.Field) []byte {
	k.arena, k.pairs = k.arena[:0], k.pairs[:0]
	for _, f := range query {
		if f.Name == querySignature {
			continue
		}
		p := pair{name: len(k.arena)}
		k.arena = s3.AppendEscaped(k.arena, f.Name, false)
		p.value = len(k.arena)
		k.arena = s3.AppendEscaped(k.arena, f.Value, false)
		p.end = len(k.arena)
		k.pairs = append(k.pairs, p)
	}
	slices.SortFunc(k.pairs, k.comparePairs)
	for i, p := range k.pairs {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(append(dst, k.arena[p.name:p.value]...), '=')
		dst = append(dst, k.arena[p.value:p.end]...)
	}
	return dst
}

func (k *canonical) comparePairs(a, b pair) int {
	if c := slices.Compare(k.arena[a.name:a.value], k.arena[b.name:b.value]); c != 0 {
		return c
	}
	return slices.Compare(k.arena[a.value:a.end], k.arena[b.value:b.end])
}

// signedHost is the Host header that the store will see. HTTP clients leave a
// scheme's own port out of it, so it is left out here too.
func signedHost(r *s3.Request) string {
	host := r.SignedHost
	if host == "" {
		host = r.Host
	}
	switch r.Scheme {
	case "https":
		return strings.TrimSuffix(host, ":443")
	case "http":
		return strings.TrimSuffix(host, ":80")
	}
	return host
}

// setField gives the field called name, in any case, this value, and appends
// it when there is none. Further fields of that name are removed, and all of
// them when value is empty: an empty header is never needed here.
func setField(fields []s3.Field, name, value string) []s3.Field {
	kept := fields[:0]
	for _, f := range fields {
		if equalFold(f.Name, name) {
			if value == "" {
				continue
			}
			f, value = s3.Field{Name: name, Value: value}, ""
		}
		kept = append(kept, f)
	}
	if value != "" {
		kept = append(kept, s3.Field{Name: name, Value: value})
	}
	return kept
}

// fieldValue is the value of the first field called name, in any case.
func fieldValue(fields []s3.Field, name string) (string, bool) {
	for _, f := range fields {
		if equalFold(f.Name, name) {
			return f.Value, true
		}
	}
	return "", false
}

// appendFolded appends s without white space at its ends and with one space
// for each run of white space inside.
func appendFolded(dst []byte, s string) []byte {
	clean := 0 // bytes without white space, which most values have none of
	for clean < len(s) && !isSpace(s[clean]) {
		clean++
	}
	start, space := len(dst), false
	dst = append(dst, s[:clean]...)
	for i := clean; i < len(s); i++ {
		if isSpace(s[i]) {
			space = len(dst) > start
			continue
		}
		if space {
			dst, space = append(dst, ' '), false
		}
		dst = append(dst, s[i])
	}
	return dst
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func appendLower(dst []byte, s string) []byte {
	start := len(dst)
	dst = append(dst, s...)
	for i, c := range dst[start:] {
		dst[start+i] = lower(c)
	}
	return dst
}

func compareNames(a, b s3.Field) int {
	for i := 0; i < len(a.Name) && i < len(b.Name); i++ {
		x, y := a.Name[i], b.Name[i]
		if x == y {
			continue
		}
		if x, y = lower(x), lower(y); x != y {
			return int(x) - int(y)
		}
	}
	return len(a.Name) - len(b.Name)
}

// equalFold compares without regard to the case of ASCII letters, the only
// ones in the names of headers.
func equalFold(a, b string) bool {
	return len(a) == len(b) && hasPrefixFold(a, b)
}

func hasPrefixFold(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := 0; i < len(prefix); i++ {
		if s[i] != prefix[i] && lower(s[i]) != lower(prefix[i]) {
			return false
		}
	}
	return true
}
