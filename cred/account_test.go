package cred_test

import (
	"testing"

	"github.com/bucketline/bucketline/cred"
)

func TestAccount_readsAmazonsOwnIDs(t *testing.T) {
	for _, c := range []struct {
		name, id string
		want     uint64
		ok       bool
	}{
		{"a published example", "ASIAQNZGKIQY56JQ7WML", 29608264753, true},
		{"before 2019", "AKIAIOSFODNN7EXAMPLE", 0, false},
		{"another store's", "Q3AM3UQ867SPQQA43P2F", 0, false},
		{"too short", "ASIAQNZGKIQY56JQ7WM", 0, false},
		{"a digit that is none", "ASIAQNZGKIQY56JQ7WM1", 0, false},
		{"lower case", "ASIAQNZGKIQY56JQ7Wml", 0, false},
		{"nothing", "", 0, false},
		{"the prefix alone", "ASIA", 0, false},
	} {
		if got, ok := cred.Account(c.id); got != c.want || ok != c.ok {
			t.Errorf("%s: Account = %d, %v, want %d, %v", c.name, got, ok, c.want, c.ok)
		}
	}
}
