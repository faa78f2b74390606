package main

import (
	"fmt"
	"strings"

	"github.com/bucketline/bucketline"
)

// pick finds the unfinished uploads in a journal that names call, by the first
// characters of the records' names, or all of them.
func pick(folder string, names []string, all bool) ([]bucketline.Unfinished, error) {
	var list []bucketline.Unfinished
	for u, err := range bucketline.ListUnfinished(folder) {
		if err != nil && u.Name == "" {
			return nil, err
		}
		list = append(list, u) // a damaged one can be aborted, too
	}
	if all {
		return list, nil
	}
	var picked []bucketline.Unfinished
	for _, name := range names {
		var found []bucketline.Unfinished
		for _, u := range list {
			if strings.HasPrefix(u.Name, name) {
				found = append(found, u)
			}
		}
		switch {
		case name == "" || len(found) == 0:
			return nil, fmt.Errorf("%q is no unfinished upload: \"bucketline ls\" lists them", name)
		case len(found) > 1:
			return nil, fmt.Errorf("%q is how %d unfinished uploads begin: write more of the name", name, len(found))
		}
		picked = append(picked, found[0])
	}
	return picked, nil
}

// group is unfinished uploads of one store and bucket, and the configuration
// of a client for them.
type group struct {
	config bucketline.Config
	list   []bucketline.Unfinished
}

// groups sorts uploads by where they go, in the order in which the places come
// up. base has all that records do not tell.
func groups(base bucketline.Config, list []bucketline.Unfinished) []group {
	var sorted []group
	at := make(map[bucketline.Place]int)
	for _, u := range list {
		i, known := at[u.Place()]
		if !known {
			c := base
			u.Configure(&c)
			i = len(sorted)
			at[u.Place()] = i
			sorted = append(sorted, group{config: c})
		}
		sorted[i].list = append(sorted[i].list, u)
	}
	return sorted
}
