package main

import (
	"slices"
	"strconv"
	"strings"
)

// singles is how many characters of a packed text stand for a byte each;
// web/core/packed.ts has the same number.
const singles = 91

// packed is data as printable ASCII without quotes and backslashes: nearly as
// short as the bytes, and unlike base64 as compressible as they are (145 KB of
// 330 KB by gzip, where base64 comes to 183 KB). It begins with 512 hex digits,
// which list the bytes from the most frequent on. The first 91 of them are one
// character each. The others are two, of which the first is one of the last
// two characters of the alphabet.
func packed(data []byte) string {
	var counts [256]int
	for _, b := range data {
		counts[b]++
	}
	order := make([]byte, 256)
	for i := range order {
		order[i] = byte(i)
	}
	slices.SortStableFunc(order, func(a, b byte) int { return counts[b] - counts[a] })
	var alphabet []byte
	for c := byte(' '); c <= '~'; c++ {
		if c != '"' && c != '\\' {
			alphabet = append(alphabet, c)
		}
	}
	var codes [256]string
	var text strings.Builder
	for i, b := range order {
		text.WriteString(strconv.FormatInt(int64(b>>4), 16))
		text.WriteString(strconv.FormatInt(int64(b&15), 16))
		if i < singles {
			codes[b] = string(alphabet[i : i+1])
			continue
		}
		rare := i - singles
		codes[b] = string([]byte{alphabet[singles+rare/len(alphabet)], alphabet[rare%len(alphabet)]})
	}
	for _, b := range data {
		text.WriteString(codes[b])
	}
	return text.String()
}
