// Package ascii has the letters A to Z in lower case, for names of protocols,
// which have no others. What package strings does for all alphabets takes 7 KB
// of tables in the module, and makes a "k" of the sign for kelvins.
package ascii

// Lower returns s with A to Z in lower case, and every other byte as it is.
func Lower(s string) string {
	for i := 0; i < len(s); i++ {
		if upper(s[i]) {
			lower := []byte(s)
			for ; i < len(lower); i++ {
				if upper(lower[i]) {
					lower[i] += 'a' - 'A'
				}
			}
			return string(lower)
		}
	}
	return s
}

func upper(c byte) bool { return 'A' <= c && c <= 'Z' }
