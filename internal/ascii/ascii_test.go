package ascii

import (
	"strings"
	"testing"
)

func TestLower(t *testing.T) {
	for _, s := range []string{"", "a", "A", "zZ", "@AZ[`az{", "x-Amz-Meta-É", "HTTPS", "\u212a", "a\xffB"} {
		want := strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				return r + 'a' - 'A'
			}
			return r
		}, s)
		if s == "a\xffB" {
			want = "a\xffb" // bytes that are no text stay
		}
		if got := Lower(s); got != want {
			t.Errorf("Lower(%q) = %q, want %q", s, got, want)
		}
	}
}
