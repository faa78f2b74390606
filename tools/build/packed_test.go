package main

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"
)

// A packed text gives its bytes back by the rules that web/core/packed.ts
// follows, and holds nothing that a script would have to escape.
func TestPacked_givesTheBytesBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 10_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "zeros": make([]byte, 1000), "every byte": noise[:0:0], "noise": noise, "a module": []byte("\x00asm\x01\x00\x00\x00"),
	} {
		if name == "every byte" {
			for i := range 256 {
				data = append(data, byte(i))
			}
		}
		text := packed(data)
		if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }); i >= 0 {
			t.Errorf("%s: the text has %q at %d", name, text[i], i)
		}
		if got := unpacked(t, text); !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes come back as %d others", name, len(data), len(got))
		}
	}
	if text := packed(make([]byte, 1000)); len(text) != 512+1000 {
		t.Errorf("a thousand zeros take %d characters, want one each and 512 for the table", len(text))
	}
}

// unpacked is packed backwards, as web/core/packed.ts does it.
func unpacked(t *testing.T, text string) []byte {
	t.Helper()
	order, err := hex.DecodeString(text[:512])
	if err != nil {
		t.Fatal(err)
	}
	const alphabet = " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"
	var data []byte
	for text = text[512:]; text != ""; {
		i := strings.IndexByte(alphabet, text[0])
		text = text[1:]
		if i >= singles {
			i = singles + (i-singles)*len(alphabet) + strings.IndexByte(alphabet, text[0])
			text = text[1:]
		}
		data = append(data, order[i])
	}
	return data
}
