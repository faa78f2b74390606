// Package browser measures uploads in a real browser: ours at its defaults and
// at its best, beside the libraries that people use instead and beside bare
// loops, which are the floors. All of them run in Chromium, in pages bundled by
// the same esbuild, against package stub.
//
//	make bench-browser
//	go test ./bench/browser -run '^$' -bench Uploads -benchtime 1x -timeout 3h \
//		-workloads one256/wan -contestants 'floor|bucketline' -runs 1
//
// It knows nothing of how a contestant works: page/NAME.js does. What is
// measured comes from outside the page where that is possible: requests from
// the store, processor time and memory from the system.
//
// Next: workload.go for what is uploaded, browser_test.go for how a run goes.
package browser

import (
	"regexp"
)

// Contestant is a way to upload: the module page/Module.js, in one of its
// variants.
type Contestant struct {
	Module, Variant string

	// Label is what the report calls it.
	Label string

	// For says which kinds of workloads it makes sense for; nil: all.
	For *Kind

	// Default marks what is what its library does by itself.
	Default bool
}

// contestants are in the order of the report.
func contestants() []Contestant {
	one, many := OneFile, ManyFiles
	return []Contestant{
		{Module: "floor", Variant: "one name", Label: "floor: bare XHR loop, six PUTs of 8 MiB", For: &one},
		{Module: "floor", Variant: "two names", Label: "the same over two names", For: &one},
		{Module: "floor", Variant: "forms", Label: "floor: bare pool of six fetches that POST", For: &many},
		{Module: "floor", Variant: "puts", Label: "bare pool of six XHRs that PUT", For: &many},
		{Module: "bucketline", Variant: "TinyGo's module", Label: "bucketline", Default: true},
		{Module: "bucketline", Variant: "TinyGo's module, forms", Label: "bucketline, `formBelow`", For: &many},
		{Module: "bucketline", Variant: "Go's module", Label: "bucketline, the development build", For: &one},
		{Module: "bucketline", Variant: "Go's module, forms", Label: "bucketline, the development build, `formBelow`", For: &many},
		{Module: "amplify", Label: "Amplify storage", Default: true},
		{Module: "amplify", Variant: "checksum", Label: "Amplify storage, with a checksum", For: &one},
		{Module: "evaporate", Label: "Evaporate", Default: true},
		{Module: "evaporate", Variant: "tuned", Label: "Evaporate, 6 parts of 8 MiB", For: &one},
		{Module: "libstorage", Label: "lib-storage", Default: true},
		{Module: "libstorage", Variant: "tuned", Label: "lib-storage, 6 parts, no checksum"},
		{Module: "fineuploader", Label: "Fine Uploader", Default: true},
		{Module: "fineuploader", Variant: "tuned", Label: "Fine Uploader, concurrent, 6 connections"},
		{Module: "uppy", Label: "Uppy", Default: true},
		{Module: "uppy", Variant: "tuned", Label: "Uppy, parts of 64 MiB", For: &one},
	}
}

// Name identifies it in filters.
func (c Contestant) Name() string {
	if c.Variant == "" {
		return c.Module
	}
	return c.Module + "/" + c.Variant
}

// modules are the names that the contestants' scripts have.
func modules(list []Contestant) []string {
	var names []string
	for _, c := range list {
		if len(names) == 0 || names[len(names)-1] != c.Module {
			names = append(names, c.Module)
		}
	}
	return names
}

// chosen are the contestants for w whose names match.
func chosen(w Workload, pattern *regexp.Regexp) []Contestant {
	var list []Contestant
	for _, c := range contestants() {
		if (c.For == nil || *c.For == w.Kind) && pattern.MatchString(c.Name()) {
			list = append(list, c)
		}
	}
	return list
}
