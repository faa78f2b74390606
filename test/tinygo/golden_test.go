package tinygo

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/wire"
)

// names is what this needs of wire/testdata/names.json.
type names struct {
	ConfigOptions map[string]string `json:"configOptions"`
	ObjectOptions map[string]string `json:"objectOptions"`
}

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "wire", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

var photos = wire.Frame{Fields: fields("bucket", "photos", "region", "eu-west-1", "canRefresh", "true")}

// Each golden frame, and each with its end missing, as a configuration, as a
// query and as an event.
func TestGolden(t *testing.T) {
	var cases []struct{ Name, Bytes string }
	readJSON(t, "frames.json", &cases)
	h := startHost(t)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			whole, err := hex.DecodeString(c.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			p := newPair(t, h)
			for range 2 {
				for _, src := range [][]byte{whole, whole[:len(whole)-8], whole[:len(whole)/2], append(whole[:len(whole):len(whole)], 1)} {
					p.call('o', src)
					p.call('a', src)
					p.call('s', src)
					p.step(engine.Now{Wall: startWall}, src, src)
				}
				p.call('o', photos.Append(nil)) // and again with an open session
			}
		})
	}
}

// startWall is 2026-11-23T00:00:00Z.
const startWall = 1_795_392_000_000

func TestOptions(t *testing.T) {
	var n names
	readJSON(t, "names.json", &n)
	h := startHost(t)
	p := newPair(t, h)
	for name, value := range n.ConfigOptions {
		for _, value := range []string{value, "", "1", "-1", "99999999999999", "true", "é"} {
			f := wire.Frame{Fields: append(fields(name, value), photos.Fields...)}
			p.call('o', f.Append(nil))
		}
	}
	p = newPair(t, h)
	p.call('o', photos.Append(nil))
	credentials := wire.Frame{Kind: uint8(engine.EvCredentials),
		Fields: fields("accessKey", "AKID", "secretKey", "secret", "sessionToken", "token", "expiration", "2026-11-23T12:00:00Z")}
	p.step(engine.Now{Wall: startWall}, credentials.Append(nil))
	file := uint32(0)
	for name, value := range n.ObjectOptions {
		for _, value := range []string{value, "", "-1", "true", "é\n"} {
			added := wire.Frame{Kind: uint8(engine.EvAdded), Body: sizes(5)}
			described := wire.Frame{Kind: uint8(engine.EvDescribed), File: file, Fields: append(fields("key", "a"), s3.Field{Name: name, Value: value})}
			p.step(engine.Now{Wall: startWall}, added.Append(nil))
			for _, f := range p.step(engine.Now{Wall: startWall}, described.Append(nil)) {
				if f.Kind == uint8(engine.ActSend) {
					answered := wire.Frame{Kind: uint8(engine.EvAnswered), Req: f.Req, B: 200, Fields: fields("ETag", `"e"`)}
					p.step(engine.Now{Wall: startWall}, answered.Append(nil))
				}
			}
			cancel := wire.Frame{Kind: uint8(engine.EvCancel), File: file}
			p.step(engine.Now{Wall: startWall}, cancel.Append(nil))
			file++
		}
	}
}

// Every digest that there may be, around the sizes of blocks and of pages.
func TestHash(t *testing.T) {
	p := newPair(t, startHost(t))
	message := make([]byte, 300_000)
	for i := range message {
		message[i] = byte(i * i >> 3)
	}
	for algorithm := range byte(10) {
		for _, size := range []int{0, 1, 15, 16, 17, 55, 56, 63, 64, 65, 119, 120, 128, 1000, 65_536, len(message)} {
			p.call('h', append([]byte{algorithm}, message[:size]...))
		}
	}
}

// The shared memory grows as far as it is bounded, and what was in it is of no
// account.
func TestPage(t *testing.T) {
	h := startHost(t)
	p := newPair(t, h)
	p.call('o', photos.Append(nil))
	many := wire.Frame{Kind: uint8(engine.EvAdded), Body: make([]byte, wire.MaxFrameBytes-4096)}
	for range 3 {
		p.step(engine.Now{Wall: startWall}, many.Append(nil))
		p.ask(engine.Now{Wall: startWall}, 1000)
	}
	for length, want := range map[int]byte{0: 1, wire.MaxPageBytes: 1, wire.MaxPageBytes + 1: 0} {
		got, err := h.call('p', make([]byte, length))
		if err != nil || got[0] != want {
			t.Errorf("page(%d) = %v, %v, want %d", length, got, err, want)
		}
	}
}

// maxModules bound the modules, in bytes. They may be raised with reason, once
// tinygo build -size=full shows nothing in them that could have been avoided.
var maxModules = map[string]int{"engine.wasm": 400_000, "exchange.wasm": 150_000}

func TestModules_areSmall(t *testing.T) {
	for name, most := range maxModules {
		module, err := os.ReadFile(filepath.Join(root, "build", "tinygo", name))
		if err != nil {
			t.Fatal(err)
		}
		var small bytes.Buffer
		z, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := z.Write(module); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes, %d with gzip", name, len(module), small.Len())
		if len(module) > most {
			t.Errorf("%s has %d bytes, at most %d are wanted", name, len(module), most)
		}
	}
}
