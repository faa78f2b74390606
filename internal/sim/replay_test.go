package sim

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/wire"
)

// recorded is one file of three bytes that is stored.
func recorded() []byte {
	fields := func(pairs ...string) (list []s3.Field) {
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, s3.Field{Name: pairs[i], Value: pairs[i+1]})
		}
		return list
	}
	size := binary.LittleEndian.AppendUint64(nil, 3)
	now := func(mono int64) wire.Frame {
		return wire.Frame{Kind: wire.KindNow, X: mono, Y: epoch + mono}
	}
	credentials := fields("accessKey", "AKID", "secretKey", "put-here-by-hand", "sessionToken", "t", "expiration", "2026-11-23T01:00:00Z")
	var data []byte
	for _, f := range []wire.Frame{
		{Fields: fields("bucket", "photos", "region", "eu-west-1", "checksum", "none", "canRefresh", "true", "seed", "7")},
		now(0), {Kind: uint8(engine.EvAdded), Body: size},
		now(1005), {Kind: uint8(engine.EvDescribed), X: 3, Fields: fields("key", "k", "source.name", "/k")},
		{Kind: uint8(engine.EvCredentials), Fields: credentials},
		now(2000), {Kind: uint8(engine.EvSent), X: 3},
		{Kind: uint8(engine.EvAnswered), B: 200, Fields: fields("etag", `"e"`)},
		{Kind: uint8(engine.EvCancel), File: 9},
	} {
		data = f.Append(data)
	}
	return data
}

func TestReplay_saysWhatTheEngineAskedFor(t *testing.T) {
	const want = `0.000
> added 3
  < describe file 0
  < note state file 0 uploading
1.005
> described file 0: k, {Name:/k Size:3 Modified:0 Print:}
> credentials AKID until 3600000
  < send file 0 #0 PutObject /k 0+3
2.000
> sent #0: 3 bytes
> answered #0: 200 
> cancel file 9
! refused: no such file
  < note state file 0 done: 3 bytes "e" k
`
	var out bytes.Buffer
	if err := Replay(bytes.NewReader(recorded()), &out); err != nil {
		t.Fatal(err)
	}
	if out.String() != want {
		t.Errorf("replayed to\n%s\nwant\n%s", out.String(), want)
	}
	if strings.Contains(out.String(), "by-hand") {
		t.Error("a secret was printed")
	}
}

func TestReplay_whatIsNoRecording(t *testing.T) {
	good := recorded()
	odd := wire.Frame{Kind: uint8(engine.EvTick)}
	config := wire.Frame{Fields: []s3.Field{{Name: "bucket", Value: "photos"}, {Name: "region", Value: "eu-west-1"}}}
	for name, data := range map[string][]byte{
		"nothing":            nil,
		"text":               []byte("what went wrong: everything, and then some more of it, so that it is long enough"),
		"cut short":          good[:len(good)-8],
		"an event before it": odd.Append(config.Append(nil)),
	} {
		if err := Replay(bytes.NewReader(data), new(bytes.Buffer)); !errors.Is(err, ErrRecording) {
			t.Errorf("%s: %v, want %v", name, err, ErrRecording)
		}
	}
	wrong := wire.Frame{Fields: []s3.Field{{Name: "colour", Value: "red"}}}
	if err := Replay(bytes.NewReader(wrong.Append(nil)), new(bytes.Buffer)); err == nil || errors.Is(err, ErrRecording) {
		t.Errorf("a wrong configuration: %v", err)
	}
}

// Whatever the bytes, Replay returns, and the engine does not panic.
func FuzzReplay(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		err := Replay(bytes.NewReader(data), new(bytes.Buffer))
		if err != nil && strings.Contains(err.Error(), "panicked") {
			t.Error(err)
		}
	})
}
