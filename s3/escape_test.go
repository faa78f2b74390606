package s3

import (
	"net/url"
	"strings"
	"testing"
)

// S3 API Reference, "Authenticating Requests": UriEncode. The wanted text is
// spelled out byte by byte from its rules, not computed with them.
func TestAppendEscaped_everyByte(t *testing.T) {
	const alone = "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"
	for c := 0; c < 256; c++ {
		want := strings.ToUpper("%" + string("0123456789abcdef"[c/16]) + string("0123456789abcdef"[c%16]))
		if strings.IndexByte(alone, byte(c)) >= 0 {
			want = string(rune(c))
		}
		if got := string(AppendEscaped(nil, string([]byte{byte(c)}), false)); got != want {
			t.Errorf("AppendEscaped(%#x) = %q, want %q", c, got, want)
		}
	}
}

func TestAppendEscaped(t *testing.T) {
	tests := []struct {
		name, in  string
		keepSlash bool
		want      string
	}{
		{"nothing", "", true, ""},
		{"a key with all that needs care", "user 1/ümlaut +&=?#~*'()!.bin", true, "user%201/%C3%BCmlaut%20%2B%26%3D%3F%23~%2A%27%28%29%21.bin"},
		{"the same as a query value", "a/b c", false, "a%2Fb%20c"},
		{"double slashes stay", "//a//b/", true, "//a//b/"},
		{"percent signs are data", "%2F%", true, "%252F%25"},
		{"right-to-left text", "שלום", true, "%D7%A9%D7%9C%D7%95%D7%9D"},
		{"an emoji", "\U0001f600", true, "%F0%9F%98%80"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := string(AppendEscaped([]byte("x"), test.in, test.keepSlash))
			if got != "x"+test.want {
				t.Errorf("AppendEscaped(x, %q, %t) = %q, want %q", test.in, test.keepSlash, got, "x"+test.want)
			}
			if back, err := url.PathUnescape(got); err != nil || back != "x"+test.in {
				t.Errorf("PathUnescape(%q) = %q, %v, want %q", got, back, err, "x"+test.in)
			}
		})
	}
}
