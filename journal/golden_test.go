package journal

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the dumps in testdata, and the records of which there are none yet")

// Records of version 1 lie on disks: they must parse for ever, so -update
// leaves their bytes alone. Beside each lies a dump, to be read.
func TestParse_goldenRecords(t *testing.T) {
	for name, want := range map[string]Record{"small": small(), "full": full()} {
		path := "testdata/v1_" + name
		data, err := os.ReadFile(path + ".record")
		if *update && os.IsNotExist(err) {
			data = want.Append(nil)
			err = os.WriteFile(path+".record", data, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := mustParse(t, data); !same(got, want) {
			t.Errorf("%s: got\n%+v, want\n%+v", name, got, want)
		}
		if got := want.Append(nil); !bytes.Equal(got, data) {
			t.Errorf("%s is written as\n%s, want\n%s", name, hex.Dump(got), hex.Dump(data))
		}
		text := dump(t, data)
		if *update {
			if err := os.WriteFile(path+".txt", text, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if golden, err := os.ReadFile(path + ".txt"); err != nil || !bytes.Equal(golden, text) {
			t.Errorf("%s: %v; the dump is\n%s", name, err, text)
		}
	}
}

// dump is what a record says, and its bytes.
func dump(t *testing.T, data []byte) []byte {
	r := mustParse(t, data)
	var b bytes.Buffer
	parts := r.Parts
	r.Parts = nil
	dumpFields(&b, "", reflect.ValueOf(r))
	for _, p := range parts {
		fmt.Fprintf(&b, "part %d, ETag %q, digest %q\n", p.Number, p.ETag, p.Digest)
	}
	b.WriteString("\n" + strings.ReplaceAll(hex.Dump(data), " \n", "\n"))
	return b.Bytes()
}

// dumpFields lists the fields that are set.
func dumpFields(b *bytes.Buffer, name string, v reflect.Value) {
	if v.IsZero() {
		return
	}
	if v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			dumpFields(b, strings.TrimPrefix(name+"."+v.Type().Field(i).Name, "."), v.Field(i))
		}
		return
	}
	switch v.Kind() {
	case reflect.String, reflect.Slice:
		fmt.Fprintf(b, "%s %q\n", name, v)
	case reflect.Bool:
		fmt.Fprintf(b, "%s\n", name)
	default: // a number, also where it has a name
		fmt.Fprintf(b, "%s %d\n", name, v.Interface())
	}
}
