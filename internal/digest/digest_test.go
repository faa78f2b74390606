package digest

import (
	"bytes"
	"encoding"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math/rand/v2"
	"testing"
)

// pair is the same function, ours and the standard library's.
type pair struct {
	name     string
	small    func(key []byte) hash.Hash
	standard func(key []byte) hash.Hash
}

var pairs = []pair{
	{"MD5", func([]byte) hash.Hash { return newSmall(md5) }, func([]byte) hash.Hash { return NewMD5() }},
	{"SHA-1", func([]byte) hash.Hash { return newSmall(sha1) }, func([]byte) hash.Hash { return NewSHA1() }},
	{"SHA-256", func([]byte) hash.Hash { return newSmall(sha256) }, func([]byte) hash.Hash { return NewSHA256() }},
	{"HMAC-SHA1", func(key []byte) hash.Hash { return newSmallHMAC(sha1, key) }, NewHMACSHA1},
	{"HMAC-SHA256", func(key []byte) hash.Hash { return newSmallHMAC(sha256, key) }, NewHMACSHA256},
}

// Every length around the first blocks, and random ones, in random pieces; the
// key has every length around that of a block, where HMAC hashes it.
func TestSmall_isTheStandardLibrarys(t *testing.T) {
	random := rand.New(rand.NewChaCha8([32]byte{6}))
	message := make([]byte, 1<<16)
	for i := range message {
		message[i] = byte(random.Uint32())
	}
	for _, p := range pairs {
		t.Run(p.name, func(t *testing.T) {
			for n := range 1000 {
				length, keyLength := n, n%130
				if n >= 600 {
					length = random.IntN(len(message))
				}
				key := message[n : n+keyLength]
				small, standard := p.small(key), p.standard(key)
				if small.Size() != standard.Size() || small.BlockSize() != standard.BlockSize() {
					t.Fatalf("sizes are %d and %d, want %d and %d", small.Size(), small.BlockSize(), standard.Size(), standard.BlockSize())
				}
				for range 2 { // again after Reset
					compare(t, random, message[:length], small, standard)
					small.Reset()
					standard.Reset()
				}
			}
		})
	}
}

// compare writes message in pieces, and asks for a digest after each.
func compare(t *testing.T, random *rand.Rand, message []byte, small, standard hash.Hash) {
	t.Helper()
	rest := message
	for {
		piece := rest[:min(len(rest), random.IntN(200)+len(rest)/4)]
		rest = rest[len(piece):]
		if n, err := small.Write(piece); n != len(piece) || err != nil {
			t.Fatalf("Write = %d, %v, want %d", n, err, len(piece))
		}
		standard.Write(piece)
		got, want := small.Sum([]byte("x")), standard.Sum([]byte("x"))
		if !bytes.Equal(got, want) {
			t.Fatalf("of %d bytes: %x, want %x", len(message)-len(rest), got, want)
		}
		if len(rest) == 0 {
			return
		}
	}
}

// RFC 1321, appendix A.5; FIPS 180-2, appendices A.1 and B.1; RFC 2202, section
// 3, case 2; RFC 4231, section 4.3.
func TestSmall_publishedExamples(t *testing.T) {
	const jefe, question = "Jefe", "what do ya want for nothing?"
	for i, c := range []struct{ key, message, want string }{
		{"", "message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
		{"", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{"", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{jefe, question, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
		{jefe, question, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	} {
		h := pairs[i].small([]byte(c.key))
		h.Write([]byte(c.message))
		if got := hex.EncodeToString(h.Sum(nil)); got != c.want {
			t.Errorf("%s(%q) = %s, want %s", pairs[i].name, c.message, got, c.want)
		}
	}
}

// The length of a message counts in bits, in more than 32 of them. Both are
// told that 8 GiB have gone before: the standard library's state ends with that
// number.
func TestSmall_longMessage(t *testing.T) {
	const before = 8 << 30
	for _, p := range pairs[:3] {
		h, standard := p.small(nil), p.standard(nil)
		h.(*small).length = before
		state, err := standard.(encoding.BinaryMarshaler).MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		binary.BigEndian.PutUint64(state[len(state)-8:], before)
		if err := standard.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
			t.Fatal(err)
		}
		if got, want := h.Sum(nil), standard.Sum(nil); !bytes.Equal(got, want) {
			t.Errorf("%s after 8 GiB: %x, want %x", p.name, got, want)
		}
	}
}

func TestSums(t *testing.T) {
	message := []byte("message digest")
	md5, sha256 := SumMD5(message), SumSHA256(message)
	for _, c := range []struct {
		hash hash.Hash
		sum  []byte
	}{{NewMD5(), md5[:]}, {NewSHA256(), sha256[:]}} {
		c.hash.Write(message)
		if want := c.hash.Sum(nil); !bytes.Equal(c.sum, want) {
			t.Errorf("sum = %x, want %x", c.sum, want)
		}
	}
}
