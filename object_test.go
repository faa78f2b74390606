package bucketline

import (
	"reflect"
	"testing"

	"github.com/bucketline/bucketline/s3"
)

// Every field of s3's object comes from a field of the same name, and goes back
// into it: none is forgotten when one is added there.
func TestObject_isS3s(t *testing.T) {
	var given Object
	fill(reflect.ValueOf(&given).Elem())
	given.OnConflict = ConflictFail
	stored := given.stored()
	for _, f := range reflect.VisibleFields(reflect.TypeFor[s3.Object]()) {
		if f.Name == "ChecksumType" {
			continue // the engine's own choice
		}
		got, want := reflect.ValueOf(stored).FieldByIndex(f.Index), reflect.ValueOf(given).FieldByName(f.Name)
		if !want.IsValid() || !reflect.DeepEqual(got.Interface(), want.Interface()) || got.IsZero() {
			t.Errorf("%s is not what was given", f.Name)
		}
	}
	back := objectOf(&stored)
	back.Priority = given.Priority
	if !reflect.DeepEqual(back, given) {
		t.Errorf("the way back makes %+v of %+v", back, given)
	}
}

// fill makes every field of v another value than zero.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Array:
		fill(v.Index(0))
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	default:
		v.SetUint(1)
	}
}

// What is to be done on a conflict asks for the condition by itself.
func TestObject_condition(t *testing.T) {
	for _, c := range []struct {
		ifNoneMatch string
		onConflict  OnConflict
		want        string
	}{
		{"", ConflictFail, ""}, {"*", ConflictFail, "*"}, {"", ConflictReplace, ""},
		{"", ConflictSkip, "*"}, {"", ConflictRename, "*"}, {"", ConflictAsk, "*"}, {`"e"`, ConflictSkip, `"e"`},
	} {
		o := Object{IfNoneMatch: c.ifNoneMatch, OnConflict: c.onConflict}
		if got := o.stored().IfNoneMatch; got != c.want {
			t.Errorf("%q with %d asks for %q, want %q", c.ifNoneMatch, c.onConflict, got, c.want)
		}
	}
}
