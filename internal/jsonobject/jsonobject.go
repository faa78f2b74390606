// Package jsonobject reads a JSON object member by member, more strictly than
// encoding/json: for documents that somebody else reads too, and in which
// nothing may be said twice.
package jsonobject

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Members calls visit for each member of the JSON object that text is, in their
// order, and ends with visit's first error. It refuses what encoding/json
// forgives: a member that comes twice (RFC 8259, section 4, leaves open which
// one counts), and anything but white space after the object.
//
// value is visit's to keep. How long text may be is the caller's to bound.
func Members(text []byte, visit func(name string, value json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	seen := map[string]struct{}{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if _, twice := seen[name]; twice {
			return fmt.Errorf("%.40q comes twice", name)
		}
		seen[name] = struct{}{}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		if err := visit(name, value); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is something after the JSON object")
	}
	return nil
}
