package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/evanw/esbuild/pkg/api"
)

// umdHead and umdFoot make a script for pages, AMD loaders and CommonJS alike,
// as Fine Uploader's own file is.
const (
	umdHead = `(function(root,make){` +
		`if(typeof define==="function"&&define.amd)define([],make);` +
		`else if(typeof module==="object"&&module.exports)module.exports=make();` +
		`else root.qq=make();` +
		`})(typeof self!=="undefined"?self:this,function(){"use strict";`
	umdFoot = `return fineUploader.qq;});`
	// exportNames is never run: Node finds in it what a program may import by name.
	exportNames = "0&&(module.exports={s3,status,version,supportedFeatures,Error,Promise,UploadButton,DragAndDrop});\n"
)

// addFine adds the drop-in for Fine Uploader: one file with the engine inside,
// built by TinyGo for its size. It is there as .cjs, too, because the package's .js files
// are modules to Node and to bundlers; that one says what it exports.
func (f folder) addFine(root string) error {
	if err := buildTinyGo(root); err != nil {
		return err
	}
	module, err := os.ReadFile(filepath.Join(root, "build", "tinygo", "engine.wasm"))
	if err != nil {
		return err
	}
	options := browser(filepath.Join(root, "dist"), entry(root, "web/fine/index.ts", "fine-uploader"))
	options.Format, options.GlobalName = api.FormatIIFE, "fineUploader"
	options.Banner = map[string]string{"js": umdHead}
	options.Footer = map[string]string{"js": umdFoot}
	options.Define = map[string]string{"bucketlineModule": quoted(packed(module))}
	// What asks where its own file lies is not used here.
	options.LogOverride = map[string]api.LogLevel{"empty-import-meta": api.LogLevelSilent}
	out, err := bundle(root, options)
	if err != nil {
		return err
	}
	script := out["fine-uploader.js"]
	if script == nil {
		return errors.New("there is no fine-uploader.js")
	}
	out["fine-uploader.cjs"] = slices.Concat(script, []byte(exportNames))
	out["fine-uploader-licenses.txt"] = out["LICENSES.txt"]
	delete(out, "LICENSES.txt")
	for name, data := range out {
		f[name] = data
	}
	return f.addFineTypes(root)
}

// addFineTypes adds its declarations, which are written by hand: the interface
// is another project's. They are those of a CommonJS module.
func (f folder) addFineTypes(root string) error {
	data, err := os.ReadFile(filepath.Join(root, "web", "fine", "fine-uploader.d.ts"))
	if err != nil {
		return err
	}
	f["types/fine/fine-uploader.d.cts"] = data
	return nil
}

// buildFine makes the drop-in alone, beside what dist has.
func buildFine(root string) error {
	out := folder{}
	if err := out.addFine(root); err != nil {
		return err
	}
	for name, data := range out {
		path := filepath.Join(root, "dist", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
