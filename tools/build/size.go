package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// peers are what others' pages load for the same work, at the versions of
// web/package-lock.json.
var peers = []struct{ name, source string }{
	{"Evaporate, with js-sha256 and spark-md5", `export { default } from "evaporate"; export { sha256 } from "js-sha256"; export { default as md5 } from "spark-md5";`},
	{"Uppy: core and aws-s3", `export { default as Uppy } from "@uppy/core"; export { default as S3 } from "@uppy/aws-s3";`},
	{"Amplify: uploadData", `export { Amplify } from "aws-amplify"; export { uploadData } from "aws-amplify/storage";`},
	{"Fine Uploader: core for S3", `export { default } from "fine-uploader/lib/core/s3";`},
	{"AWS SDK: client-s3 and lib-storage", `export { S3Client } from "@aws-sdk/client-s3"; export { Upload } from "@aws-sdk/lib-storage";`},
}

// wholes are the files of dist that a page loads together.
var wholes = []struct {
	name  string
	files []string
}{
	{"**to upload, without an interface**", []string{"bucketline.js", "engine.wasm"}},
	{"with hashing beside the page", []string{"bucketline.js", "engine.wasm", "bucketline-worker.js"}},
	{"with credentials from a service", []string{"bucketline.js", "engine.wasm", "bucketline-worker.js", "exchange.wasm"}},
}

// buildSize makes the release, measures it and its peers, writes the table into
// bench/size.md and prints it.
func buildSize(root string) error {
	if err := buildDist(root); err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(root, "dist", "manifest.json"))
	if err != nil {
		return err
	}
	var manifest Manifest
	if err := json.Unmarshal(data, &manifest); err != nil {
		return err
	}
	var text strings.Builder
	text.WriteString("# What a page loads\n\nMade by `make size`, in bytes. All scripts are bundled and minified by the same\nesbuild for the same browsers, and compressed as well as gzip and Brotli can.\n")
	heading(&text, "Ours, by what is loaded together")
	for _, whole := range wholes {
		var sum Size
		for _, name := range whole.files {
			size := manifest.Files[name]
			sum.Bytes, sum.Gzip, sum.Brotli = sum.Bytes+size.Bytes, sum.Gzip+size.Gzip, sum.Brotli+size.Brotli
		}
		row(&text, whole.name, sum)
	}
	heading(&text, "Ours, by file")
	for _, name := range slices.Sorted(maps.Keys(manifest.Files)) {
		row(&text, "`"+name+"`", manifest.Files[name])
	}
	heading(&text, "Peers")
	for _, peer := range peers {
		size, err := peerSize(root, peer.source)
		if err != nil {
			return fmt.Errorf("%s: %w", peer.name, err)
		}
		row(&text, peer.name, size)
	}
	text.WriteString("\nWhat the files of ours may weigh, and why, is in `web/size-budget.json`; a test\nholds them to it.\n")
	fmt.Print(text.String())
	return replace(filepath.Join(root, "bench", "size.md"), []byte(text.String()))
}

func heading(text *strings.Builder, name string) {
	fmt.Fprintf(text, "\n| %s | raw | gzip | Brotli |\n|---|--:|--:|--:|\n", name)
}

func row(text *strings.Builder, name string, size Size) {
	fmt.Fprintf(text, "| %s | %s | %s | %s |\n", name, grouped(size.Bytes), grouped(size.Gzip), grouped(size.Brotli))
}

// grouped is n with commas between the thousands.
func grouped(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}

// peerSize bundles what a page with a peer has.
func peerSize(root, source string) (Size, error) {
	options := browser(filepath.Join(root, "build"))
	options.EntryPointsAdvanced = nil
	options.Stdin = &api.StdinOptions{Contents: source, ResolveDir: filepath.Join(root, "web")}
	options.Sourcemap = api.SourceMapNone
	options.AbsWorkingDir, options.LogLevel = root, api.LogLevelSilent
	result := api.Build(options)
	if len(result.Errors) > 0 {
		text := api.FormatMessages(result.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return Size{}, errors.New(strings.TrimSpace(strings.Join(text, "")))
	}
	if len(result.OutputFiles) != 1 {
		return Size{}, fmt.Errorf("%d files instead of one", len(result.OutputFiles))
	}
	data := result.OutputFiles[0].Contents
	zipped, err := gzipped(data)
	if err != nil {
		return Size{}, err
	}
	small, err := brotlied(data)
	return Size{Bytes: len(data), Gzip: len(zipped), Brotli: len(small)}, err
}
