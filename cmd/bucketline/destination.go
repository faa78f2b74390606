package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// destination is where files go: s3://bucket/key for one file, or
// s3://bucket/prefix/ for any number. The key is taken as it is written:
// "%" and "+" stand for themselves.
type destination struct {
	bucket string
	key    string // of the one file, or the prefix with its slash, or empty
}

func parseDestination(text string) (destination, error) {
	rest, ok := strings.CutPrefix(text, "s3://")
	if !ok {
		return destination{}, fmt.Errorf("%q is no destination: write s3://bucket/prefix/ (the destination comes last)", text)
	}
	bucket, key, _ := strings.Cut(rest, "/")
	return destination{bucket: bucket, key: key}, nil
}

// folder reports that names go below d.
func (d destination) folder() bool { return d.key == "" || strings.HasSuffix(d.key, "/") }

func (d destination) String() string { return "s3://" + d.bucket + "/" + d.key }

// origin is one FILE or DIR of the command line, or standard input.
type origin struct {
	name  string
	dir   bool
	stdin bool
}

// standardInput is the name of a stream on the command line. A file of that
// name is "./-".
const standardInput = "-"

// parseOrigins looks at what is to be uploaded. What is wrong with one file is
// told when its turn comes; what is wrong with the command is an error.
func parseOrigins(names []string, to destination) ([]origin, error) {
	names, err := expand(names)
	if err != nil {
		return nil, err
	}
	origins := make([]origin, len(names))
	folders := 0
	for i, name := range names {
		if name == "" {
			return nil, errors.New("the name of a file is empty")
		}
		info, err := os.Stat(name)
		origins[i] = origin{name: name, dir: err == nil && info.IsDir()}
		if origins[i].dir {
			folders++
		}
	}
	if !to.folder() && (len(names) > 1 || folders > 0) {
		return nil, fmt.Errorf("%s names one object: end it with / to upload several files below it", to)
	}
	if slices.Contains(names, standardInput) {
		if len(names) > 1 || to.folder() {
			return nil, fmt.Errorf("standard input (-) goes alone, and to a key: write s3://%s/KEY", to.bucket)
		}
		return []origin{{name: standardInput, stdin: true}}, nil
	}
	if len(names) == 1 {
		return origins, nil
	}
	return origins, checkOverlap(origins)
}

// expand replaces patterns by the names that they match, in order, as most
// shells do before we see them: those of Windows do not, and quotes keep the
// others from it. A file that is called like a pattern is that file.
func expand(names []string) ([]string, error) {
	var all []string
	for _, name := range names {
		if _, err := os.Lstat(name); err == nil || !strings.ContainsAny(name, "*?[") {
			all = append(all, name)
			continue
		}
		matches, err := filepath.Glob(name)
		if err != nil {
			return nil, fmt.Errorf("%q is no pattern: %w", name, err)
		}
		if len(matches) == 0 {
			return nil, fmt.Errorf("nothing is called like %q", name)
		}
		all = append(all, matches...)
	}
	return all, nil
}

// checkOverlap refuses files and folders of which two would become the same
// object, as far as their uppermost names show: the later upload would replace
// the earlier one.
func checkOverlap(origins []origin) error {
	from := make(map[string]string)
	for _, o := range origins {
		names := []string{filepath.Base(o.name)}
		if o.dir {
			entries, err := os.ReadDir(o.name)
			if err != nil {
				continue // told when its turn comes
			}
			names = names[:0]
			for _, e := range entries {
				names = append(names, e.Name())
			}
		}
		for _, name := range names {
			if other, taken := from[name]; taken {
				return fmt.Errorf("%q is in %q and in %q, and both would get the same key: upload them apart, to different prefixes", name, other, o.name)
			}
			from[name] = o.name
		}
	}
	return nil
}
