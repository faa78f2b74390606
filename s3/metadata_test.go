package s3

import (
	"mime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestAppendMetadata(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"nothing", "", ""},
		{"plain text", "a b, c=d", "a b, c=d"},
		{"an umlaut", "ö", "=?UTF-8?B?w7Y=?="},
		{"space at the start", " a", "=?UTF-8?B?IGE=?="},
		{"space at the end", "a ", "=?UTF-8?B?YSA=?="},
		{"two spaces, which a signer may fold", "a  b", "=?UTF-8?B?YSAgYg==?="},
		{"a tab", "a\tb", "=?UTF-8?B?YQli?="},
		{"what looks encoded", "=?UTF-8?B?w7Y=?=", "=?UTF-8?B?PT9VVEYtOD9CP3c3WT0/PQ==?="},
		{"45 bytes, one word", strings.Repeat("\u20ac", 15), "=?UTF-8?B?" + strings.Repeat("4oKs", 15) + "?="},
		{"46 bytes, two words", strings.Repeat("\u20ac", 15) + "a", "=?UTF-8?B?" + strings.Repeat("4oKs", 15) + "?= =?UTF-8?B?YQ==?="},
		{"characters stay whole", strings.Repeat("a", 44) + "ö", "=?UTF-8?B?" + strings.Repeat("YWFh", 14) + "YWE=?= =?UTF-8?B?w7Y=?="},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := string(AppendMetadata([]byte("x"), test.value))
			if got != "x"+test.want {
				t.Errorf("AppendMetadata(%q) = %q, want %q", test.value, got, "x"+test.want)
			}
			if n := metadataLen(test.value); n != len(test.want) {
				t.Errorf("metadataLen(%q) = %d, want %d", test.value, n, len(test.want))
			}
			// Another reader of RFC 2047, the one minio-go uses.
			var other mime.WordDecoder
			if back, err := other.DecodeHeader(test.want); err != nil || back != test.value {
				t.Errorf("mime decodes %q as %q, %v, want %q", test.want, back, err, test.value)
			}
			if back := DecodeMetadata(test.want); back != test.value {
				t.Errorf("DecodeMetadata(%q) = %q, want %q", test.want, back, test.value)
			}
		})
	}
}

// What stores answer with, and what is none of ours.
func TestDecodeMetadata(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain text", "a b", "a b"},
		{"encoding Q, as MinIO answers", "=?UTF-8?q?h=C3=A4_b?=", "hä b"},
		{"the name of the charset in any case", "=?utf-8?b?w7Y=?=", "ö"},
		{"a language (RFC 2231)", "=?UTF-8*de?B?w7Y=?=", "ö"},
		{"Latin-1", "=?ISO-8859-1?Q?=F6?=", "ö"},
		{"words and text between", "a =?UTF-8?B?w7Y=?= b =?UTF-8?B?w7Y=?=c", "a ö b öc"},
		{"only space between words", "=?UTF-8?B?w7Y=?= \t=?UTF-8?B?w7Y=?=", "öö"},
		{"an unknown charset", "=?KOI8-R?B?w7Y=?=", "=?KOI8-R?B?w7Y=?="},
		{"an unknown encoding", "=?UTF-8?X?w7Y=?=", "=?UTF-8?X?w7Y=?="},
		{"bad base64", "=?UTF-8?B?w7Y?=", "=?UTF-8?B?w7Y?="},
		{"bad Q", "=?UTF-8?Q?=F?=", "=?UTF-8?Q?=F?="},
		{"not UTF-8", "=?UTF-8?B?/w==?=", "=?UTF-8?B?/w==?="},
		{"no end", "=?UTF-8?B?w7Y=", "=?UTF-8?B?w7Y="},
		{"space inside", "=?UTF-8?Q?a b?=", "=?UTF-8?Q?a b?="},
		{"marks alone", "=?=?=?", "=?=?=?"},
		{"a control character in Q", "=?UTF-8?Q?a\x01?=", "=?UTF-8?Q?a\x01?="},
		{"a word at the limit", "=?UTF-8?Q?" + strings.Repeat("a", maxWord-12) + "?=", strings.Repeat("a", maxWord-12)},
		{"a word above the limit", "=?UTF-8?Q?" + strings.Repeat("a", maxWord-11) + "?=", "=?UTF-8?Q?" + strings.Repeat("a", maxWord-11) + "?="},
	}
	for _, test := range tests {
		if got := DecodeMetadata(test.in); got != test.want {
			t.Errorf("%s: DecodeMetadata(%q) = %q, want %q", test.name, test.in, got, test.want)
		}
	}
}

// A megabyte of words that begin and do not end takes no noticeable time.
func TestDecodeMetadata_isNotQuadratic(t *testing.T) {
	hostile := strings.Repeat("=?UTF-8?B?", 100_000)
	start := time.Now()
	if got := DecodeMetadata(hostile); got != hostile {
		t.Errorf("DecodeMetadata changes what has no end, to %d bytes", len(got))
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("a header of a megabyte takes %v", took)
	}
}

func FuzzDecodeMetadata(f *testing.F) {
	f.Add("=?UTF-8?B?w7Y=?= a =?utf-8?q?=C3=A4_b?=")
	f.Add("a  b")
	f.Fuzz(func(t *testing.T, value string) {
		DecodeMetadata(value)
		if !utf8.ValidString(value) || controls(value) {
			return
		}
		sent := string(AppendMetadata(nil, value))
		if !printable(sent) || strings.TrimSpace(sent) != sent || len(sent) != metadataLen(value) {
			t.Errorf("AppendMetadata(%q) = %q, which no header carries unchanged, or not of length %d", value, sent, metadataLen(value))
		}
		if back := DecodeMetadata(sent); back != value {
			t.Errorf("DecodeMetadata(%q) = %q, want %q", sent, back, value)
		}
		for word := range strings.FieldsSeq(sent) {
			if strings.HasPrefix(word, wordHead) && len(word) > 75 {
				t.Errorf("AppendMetadata(%q) has a word of %d bytes, RFC 2047 allows 75", value, len(word))
			}
		}
	})
}

func TestAppendDisposition(t *testing.T) {
	tests := []struct{ name, want string }{
		{"a b.txt", `attachment; filename="a b.txt"`},
		{`a"b\c.txt`, `attachment; filename="a_b_c.txt"; filename*=UTF-8''a%22b%5Cc.txt`},
		{"50%.txt", `attachment; filename="50_.txt"; filename*=UTF-8''50%25.txt`},
		{"ä/€.txt", `attachment; filename="___.txt"; filename*=UTF-8''%C3%A4%2F%E2%82%AC.txt`},
		{"a\r\nb", `attachment; filename="a__b"; filename*=UTF-8''a%0D%0Ab`},
	}
	for _, test := range tests {
		got := string(AppendDisposition(nil, "attachment", test.name))
		if got != test.want {
			t.Errorf("AppendDisposition(%q) = %s, want %s", test.name, got, test.want)
		}
		// RFC 6266 readers prefer the second form; Go's needs it alone.
		if _, second, found := strings.Cut(test.want, "; filename*="); found {
			got = "attachment; filename*=" + second
		}
		if _, params, err := mime.ParseMediaType(got); err != nil || params["filename"] != test.name {
			t.Errorf("mime reads %s as %q, %v, want %q", got, params["filename"], err, test.name)
		}
	}
}
