package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// licences is the text that has to go along with a bundle: the name, version
// and licence of every npm package that metafile, esbuild's account of what it
// read, names. A package without a licence file is an error.
func licences(root, metafile string) ([]byte, error) {
	var meta struct{ Inputs map[string]struct{} }
	if err := json.Unmarshal([]byte(metafile), &meta); err != nil {
		return nil, err
	}
	var dirs []string
	for input := range meta.Inputs {
		if dir, ok := packageDir(input); ok && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	var text bytes.Buffer
	for _, dir := range dirs {
		if err := appendLicence(&text, filepath.Join(root, filepath.FromSlash(dir))); err != nil {
			return nil, err
		}
	}
	return text.Bytes(), nil
}

// packageDir is the folder of the npm package that a file belongs to, and
// false for a source of ours.
func packageDir(file string) (string, bool) {
	const mark = "node_modules/"
	at := strings.LastIndex(file, mark)
	if at < 0 {
		return "", false
	}
	parts := strings.SplitN(file[at+len(mark):], "/", 3)
	name := parts[0]
	if strings.HasPrefix(name, "@") && len(parts) > 1 {
		name += "/" + parts[1]
	}
	return file[:at+len(mark)] + name, true
}

func appendLicence(text *bytes.Buffer, dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil {
		return err
	}
	var about struct{ Name, Version, License string }
	if err := json.Unmarshal(data, &about); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "LICEN[CS]E*"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("package %s has no licence file: a bundle must not contain it", about.Name)
	}
	licence, err := os.ReadFile(files[0])
	if err != nil {
		return err
	}
	fmt.Fprintf(text, "%s %s (%s)\n\n%s\n\n", about.Name, about.Version, about.License, bytes.TrimSpace(licence))
	return nil
}
