package tinygo

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/bucketline/bucketline/cred"
	"github.com/bucketline/bucketline/engine"
	"github.com/bucketline/bucketline/s3"
	"github.com/bucketline/bucketline/wire"
)

func fields(words ...string) []s3.Field {
	var list []s3.Field
	for i := 0; i < len(words); i += 2 {
		list = append(list, s3.Field{Name: words[i], Value: words[i+1]})
	}
	return list
}

// optionNames are those that do not follow from the name of the field.
var optionNames = map[string]string{
	"ACL": "acl", "WebsiteRedirect": "websiteRedirectLocation",
}

// options names what is set of a struct, as wire takes it: PartSize as
// partSize, in decimal. What it cannot name, the round trip misses.
func options(v reflect.Value) []s3.Field {
	var list []s3.Field
	for i := range v.NumField() {
		f := v.Field(i)
		name := v.Type().Field(i).Name
		first := []rune(name)
		first[0] = unicode.ToLower(first[0])
		option := string(first)
		if other, ok := optionNames[name]; ok {
			option = other
		}
		switch {
		case f.IsZero() && name != "PathStyle":
		case f.Kind() == reflect.String || f.Kind() == reflect.Bool || f.CanInt() || name == "Seed":
			list = append(list, s3.Field{Name: option, Value: fmt.Sprint(f)})
		case f.Type() == reflect.TypeFor[[]s3.Field]():
			for _, pair := range f.Interface().([]s3.Field) {
				list = append(list, s3.Field{Name: option + "." + pair.Name, Value: pair.Value})
			}
		}
	}
	return list
}

// frameConfig is the reverse of wire.ReadConfig.
func frameConfig(t *testing.T, c *engine.Config) []byte {
	t.Helper()
	f := wire.Frame{Fields: options(reflect.ValueOf(*c))}
	if c.WithoutChecksum {
		f.Fields = slices.DeleteFunc(f.Fields, func(o s3.Field) bool { return o.Name == "withoutChecksum" })
		f.Fields = append(f.Fields, s3.Field{Name: "checksum", Value: "none"})
	} else if c.Checksum != s3.NoChecksum {
		f.Fields = append(f.Fields, s3.Field{Name: "checksum", Value: c.Checksum.String()})
	}
	for _, o := range options(reflect.ValueOf(c.Target)) {
		if o.Name == "pathStyle" && !c.Target.PathStyle && !c.Target.VirtualHost || o.Name == "virtualHost" {
			continue
		}
		f.Fields = append(f.Fields, o)
	}
	if p := c.Target.Profile; p != s3.ProfileAWS {
		f.Fields = append(f.Fields, s3.Field{Name: "profile", Value: p.String()})
	}
	var back engine.Config
	if err := wire.ReadConfig(f.Fields, &back); err != nil || back != *c {
		t.Fatalf("wire.ReadConfig(%q) = %+v, %v, want %+v: teach frameConfig its options", f.Fields, back, err, *c)
	}
	return f.Append(nil)
}

// frameEvent is the reverse of wire.ReadEvent. What has no case of its own is
// framed as most events are.
func frameEvent(t *testing.T, ev *engine.Event) []byte {
	t.Helper()
	f := wire.Frame{
		Kind: uint8(ev.Kind), A: uint8(ev.Cause) | uint8(ev.OnConflict) | uint8(ev.Priority), B: uint16(ev.Status),
		File: uint32(ev.File), Req: uint32(ev.Req), X: ev.Bytes, Y: int64(ev.Wall),
		Fields: ev.Header, Body: slices.Concat(ev.Digest, ev.Record, ev.Body),
	}
	switch ev.Kind {
	case engine.EvAdded:
		frameAdded(&f, ev.Files)
	case engine.EvDescribed:
		f.X, f.Y = ev.Source.Size, ev.Source.Modified
		f.Fields = options(reflect.ValueOf(*ev.Object))
		if ev.Object.Algorithm != s3.NoChecksum {
			value := base64.StdEncoding.EncodeToString(ev.Object.Digest)
			f.Fields = append(f.Fields, fields("checksumAlgorithm", ev.Object.Algorithm.String(), "checksumValue", value)...)
		}
		for _, o := range options(reflect.ValueOf(ev.Source)) {
			if o.Name == "name" || o.Name == "print" {
				f.Fields = append(f.Fields, s3.Field{Name: "source." + o.Name, Value: o.Value})
			}
		}
	case engine.EvAnswered:
		f.A = uint8(len(ev.Digest))
	case engine.EvCredentials:
		f.Fields = frameCredentials(ev.Credentials)
	case engine.EvRead:
		if ev.Last {
			f.A = 1
		}
	case engine.EvSweep:
		f.Fields = fields("prefix", ev.Name)
		for _, id := range ev.Keep {
			f.Body = append(f.Body, id+"\n"...)
		}
	case engine.EvAbandon:
		f.Fields = fields("name", ev.Name)
	}
	src := f.Append(nil)
	if back, err := readEvent(src); err != nil || text(t, back) != text(t, ev) {
		t.Fatalf("wire.ReadEvent(%+v) = %s, %v, want %s: teach frameEvent how this event is framed", f, text(t, back), err, text(t, ev))
	}
	return src
}

func frameAdded(f *wire.Frame, files []engine.Spec) {
	f.Body = []byte{}
	for _, file := range files {
		f.A = uint8(file.Priority)
		f.Body = append(f.Body, sizes(file.Size)...)
	}
}

// readEvent reads an event as the module does.
func readEvent(src []byte) (*engine.Event, error) {
	var f wire.Frame
	var ev engine.Event
	if _, err := f.Read(src); err != nil {
		return &ev, err
	}
	return &ev, wire.ReadEvent(&f, &ev)
}

// text is what v holds, where an empty slice is as good as none.
func text(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(":null", ":none", `:""`, ":none", ":[]", ":none").Replace(string(out))
}

func frameCredentials(c *cred.Credentials) []s3.Field {
	return fields("accessKey", c.AccessKeyID, "secretKey", c.SecretAccessKey, "sessionToken", c.SessionToken,
		"expiration", time.UnixMilli(int64(c.Expiration)).UTC().Format(time.RFC3339Nano))
}

// sizes is the body of EvAdded.
func sizes(list ...int64) []byte {
	var body []byte
	for _, size := range list {
		body = binary.LittleEndian.AppendUint64(body, uint64(size))
	}
	return body
}

func decimal(n int) string { return strconv.Itoa(n) }
