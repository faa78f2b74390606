package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/evanw/esbuild/pkg/api"
)

// buildDist makes dist/, the release: the npm package, whose modules are built
// by TinyGo, and beside it compressed copies for servers that compress nothing
// themselves. The scripts are self-contained: a static page has no bundler that
// could resolve a package's name.
func buildDist(root string) error {
	if err := buildTinyGo(root); err != nil {
		return err
	}
	out, err := bundleParts(root)
	if err != nil {
		return err
	}
	for _, add := range []func(string) error{out.addWorker, out.addScript, out.addFine} {
		if err := add(root); err != nil {
			return err
		}
	}
	if err := declarations(root, out); err != nil {
		return err
	}
	if err := out.addModules(filepath.Join(root, "build", "tinygo")); err != nil {
		return err
	}
	for _, name := range []string{"LICENSE", "web/README.md"} {
		if err := out.addFile(filepath.Join(root, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	about, err := publishedPackage(root)
	if err != nil {
		return err
	}
	out["package.json"] = about
	dist := filepath.Join(root, "dist")
	if err := out.addManifest(dist); err != nil {
		return err
	}
	return out.write(dist)
}

// bundleParts bundles the library, its login and its component as ES modules.
func bundleParts(root string) (folder, error) {
	out, err := bundle(root, browser(filepath.Join(root, "dist"),
		entry(root, "web/core/index.ts", "bucketline"),
		entry(root, "web/login/index.ts", "bucketline-login"),
	))
	if err != nil {
		return nil, err
	}
	options := browser(filepath.Join(root, "dist"), entry(root, "web/ui/index.ts", "bucketline-ui"))
	options.Inject = []string{filepath.Join(root, "web", "ui", "server.ts")}
	component, err := bundle(root, options)
	if err != nil {
		return nil, err
	}
	component["LICENSES.txt"] = slices.Concat(component["LICENSES.txt"], out["LICENSES.txt"])
	maps.Copy(out, component)
	return out, nil
}

// addScript adds the library as one script for a page without modules, which
// has the engine and the worker inside. Only exchange.wasm is looked for beside
// it, when a page first wants an exchange.
func (f folder) addScript(root string) error {
	module, err := os.ReadFile(filepath.Join(root, "build", "tinygo", "engine.wasm"))
	if err != nil {
		return err
	}
	worker, _, _ := strings.Cut(string(f["bucketline-worker.js"]), "//# sourceMappingURL=")
	options := browser(filepath.Join(root, "dist"), entry(root, "web/script/index.ts", "bucketline.min"))
	options.Format, options.GlobalName = api.FormatIIFE, "bucketline"
	options.Banner = map[string]string{"js": "var bucketlineScript=document.currentScript?document.currentScript.src:location.href;"}
	options.Define = map[string]string{
		"bucketlineModule": quoted(packed(module)),
		"bucketlineWorker": quoted(strings.TrimSpace(worker)),
		"import.meta.url":  "bucketlineScript",
	}
	return f.addBundle(root, options)
}

// quoted is text as a JSON string, which a definition of esbuild's is.
func quoted(text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string can be no reason for it
	}
	return string(data)
}

// addBundle adds what options make, without its licences: the package's
// LICENSES.txt has them.
func (f folder) addBundle(root string, options api.BuildOptions) error {
	out, err := bundle(root, options)
	if err != nil {
		return err
	}
	delete(out, "LICENSES.txt")
	for name, data := range out {
		f[name] = data
	}
	return nil
}

// publishedPackage is web/package.json without what only this repository needs:
// scripts, and dependencies, which the bundles hold.
func publishedPackage(root string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(root, "web", "package.json"))
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, fmt.Errorf("web/package.json: %w", err)
	}
	for _, name := range []string{"scripts", "dependencies", "devDependencies"} {
		delete(fields, name)
	}
	published, err := json.MarshalIndent(fields, "", "  ")
	return append(published, '\n'), err
}

// Manifest is dist/manifest.json: what a page may load, and what it weighs.
type Manifest struct {
	Name    string          `json:"name"`
	Version string          `json:"version"`
	Files   map[string]Size `json:"files"` // by their names in dist
}

// Size is one file's, in bytes: as it is, and compressed as well as gzip and
// brotli can. Integrity is what an integrity attribute takes.
type Size struct {
	Bytes     int    `json:"bytes"`
	Gzip      int    `json:"gzip"`
	Brotli    int    `json:"brotli"`
	Integrity string `json:"integrity"`
}

// addManifest adds manifest.json, and of each file in it the copies NAME.gz and
// NAME.br. Those of a file that dist has already are taken from there, because
// brotli takes its time.
func (f folder) addManifest(dist string) error {
	var about struct{ Name, Version string }
	if err := json.Unmarshal(f["package.json"], &about); err != nil {
		return err
	}
	manifest := Manifest{Name: about.Name, Version: about.Version, Files: map[string]Size{}}
	for name, data := range f {
		if !weighed(name) {
			continue
		}
		path := filepath.Join(dist, name)
		have, _ := os.ReadFile(path)
		same := bytes.Equal(have, data)
		for _, kind := range []struct {
			suffix   string
			compress func([]byte) ([]byte, error)
		}{{".gz", gzipped}, {".br", brotlied}} {
			var err error
			if f[name+kind.suffix], err = os.ReadFile(path + kind.suffix); same && err == nil {
				continue
			}
			if f[name+kind.suffix], err = kind.compress(data); err != nil {
				return err
			}
		}
		sum := sha512.Sum384(data)
		manifest.Files[name] = Size{
			Bytes: len(data), Gzip: len(f[name+".gz"]), Brotli: len(f[name+".br"]),
			Integrity: "sha384-" + base64.StdEncoding.EncodeToString(sum[:]),
		}
	}
	text, err := json.MarshalIndent(manifest, "", "  ")
	f["manifest.json"] = append(text, '\n')
	return err
}

// weighed says whether the file called name is one that browsers load.
func weighed(name string) bool {
	return !strings.Contains(name, "/") && slices.Contains([]string{".js", ".wasm"}, filepath.Ext(name))
}

func gzipped(data []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	return written(w, data, &out)
}

func brotlied(data []byte) ([]byte, error) {
	var out bytes.Buffer
	return written(brotli.NewWriterLevel(&out, brotli.BestCompression), data, &out)
}

// written is what w has put into out for data.
func written(w io.WriteCloser, data []byte, out *bytes.Buffer) ([]byte, error) {
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err := w.Close()
	return out.Bytes(), err
}
