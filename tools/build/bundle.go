package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// buildPage makes the demo page in the folder that devstack embeds.
func buildPage(root string) error {
	dir, err := buildModules(root)
	if err != nil {
		return err
	}
	page := filepath.Join(root, "devstack", "page")
	out, err := bundle(root, browser(page,
		entry(root, "web/demo/demo.ts", "demo"),
		entry(root, "web/demo/demo.css", "demo"),
	))
	if err != nil {
		return err
	}
	for _, name := range []string{"web/demo/index.html", "web/demo/favicon.svg"} {
		if err := out.addFile(filepath.Join(root, name)); err != nil {
			return err
		}
	}
	if err := out.addModules(dir); err != nil {
		return err
	}
	if err := out.addWorker(root); err != nil {
		return err
	}
	return out.write(page, "README.md")
}

// buildTests bundles every test of web/ for node, one file each and flat:
// web/core/wire.test.ts becomes core.wire.test.js. They run in the
// repository's root, so testdata is found from there.
func buildTests(root string) error {
	if err := buildEngine(root); err != nil {
		return err
	}
	web := filepath.Join(root, "web")
	tests, err := sourcesWith(web, ".test.ts")
	if err != nil {
		return err
	}
	var entries []api.EntryPoint
	for _, path := range tests {
		name, err := filepath.Rel(web, path)
		if err != nil {
			return err
		}
		name = strings.ReplaceAll(strings.TrimSuffix(filepath.ToSlash(name), ".ts"), "/", ".")
		entries = append(entries, api.EntryPoint{InputPath: path, OutputPath: name})
	}
	dir := filepath.Join(root, "build", "test", "web")
	options := browser(dir, entries...)
	options.Platform = api.PlatformNode
	options.Engines = []api.Engine{{Name: api.EngineNode, Version: "20"}}
	options.Sourcemap = api.SourceMapInline
	options.MinifyWhitespace, options.MinifyIdentifiers, options.MinifySyntax = false, false, false
	out, err := bundle(root, options)
	if err != nil {
		return err
	}
	return out.write(dir)
}

// buildE2E makes the pages that the browser tests open: each script of
// test/e2e/page bundled, every other file beside it as it is.
func buildE2E(root string) error {
	from, err := buildModules(root)
	if err != nil {
		return err
	}
	source := filepath.Join(root, "test", "e2e", "page")
	files, err := os.ReadDir(source)
	if err != nil {
		return err
	}
	plain := folder{}
	var entries []api.EntryPoint
	for _, file := range files {
		name := file.Name()
		path := filepath.Join(source, name)
		if base, isScript := strings.CutSuffix(name, ".ts"); isScript && !strings.HasSuffix(name, ".d.ts") {
			entries = append(entries, api.EntryPoint{InputPath: path, OutputPath: base})
			continue
		}
		if err := plain.addFile(path); err != nil {
			return err
		}
	}
	if len(entries) == 0 {
		return errors.New("test/e2e/page holds no script")
	}
	dir := filepath.Join(root, "build", "e2e")
	out, err := bundle(root, browser(dir, entries...))
	if err != nil {
		return err
	}
	for name, data := range plain {
		out[name] = data
	}
	if err := out.addWorker(root); err != nil {
		return err
	}
	if err := out.addModules(from); err != nil {
		return err
	}
	return out.write(dir)
}

// addModules adds the modules that lie in dir.
func (f folder) addModules(dir string) error {
	for _, name := range modules {
		if err := f.addFile(filepath.Join(dir, name+".wasm")); err != nil {
			return err
		}
	}
	return nil
}

// addWorker adds the worker that computes digests beside a page. It is a script
// and no module: Firefox before 114 takes no modules there.
func (f folder) addWorker(root string) error {
	options := browser(filepath.Join(root, "dist"), entry(root, "web/core/worker.ts", "bucketline-worker"))
	options.Format = api.FormatIIFE
	out, err := bundle(root, options)
	if err != nil {
		return err
	}
	delete(out, "LICENSES.txt") // it holds no package
	for name, data := range out {
		f[name] = data
	}
	return nil
}

func entry(root, source, name string) api.EntryPoint {
	return api.EntryPoint{InputPath: filepath.Join(root, filepath.FromSlash(source)), OutputPath: name}
}

// browser is how everything for browsers is bundled: ES modules that Chromium
// 94, Firefox 93 and Safari 16.4 understand, minified, each with its map.
func browser(dir string, entries ...api.EntryPoint) api.BuildOptions {
	return api.BuildOptions{
		EntryPointsAdvanced: entries,
		Outdir:              dir,
		Bundle:              true,
		Format:              api.FormatESModule,
		Platform:            api.PlatformBrowser,
		Target:              api.ES2022,
		Engines: []api.Engine{
			{Name: api.EngineChrome, Version: "94"},
			{Name: api.EngineFirefox, Version: "93"},
			{Name: api.EngineSafari, Version: "16.4"},
		},
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		Sourcemap:         api.SourceMapLinked,
		LegalComments:     api.LegalCommentsNone, // LICENSES.txt has them whole
		Loader:            map[string]api.Loader{".svg": api.LoaderText},
		Metafile:          true,
	}
}

// bundle runs esbuild and gives its outputs by their names below Outdir, and
// the licences of what they contain.
func bundle(root string, options api.BuildOptions) (folder, error) {
	options.AbsWorkingDir = root
	options.LogLevel = api.LogLevelSilent
	result := api.Build(options)
	if messages := append(result.Errors, result.Warnings...); len(messages) > 0 {
		text := api.FormatMessages(messages, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return nil, errors.New(strings.TrimSpace(strings.Join(text, "")))
	}
	out := folder{}
	for _, file := range result.OutputFiles {
		name, err := filepath.Rel(options.Outdir, file.Path)
		if err != nil {
			return nil, err
		}
		out[filepath.ToSlash(name)] = file.Contents
	}
	if options.Platform == api.PlatformBrowser {
		licences, err := licences(root, result.Metafile)
		if err != nil {
			return nil, err
		}
		out["LICENSES.txt"] = licences
	}
	return out, nil
}
