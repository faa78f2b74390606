package main

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// declarations adds the .d.ts files of the parts below types/: those of the
// three entries and what they name.
func declarations(root string, out folder) error {
	dir, err := os.MkdirTemp("", "bucketline-types-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	err = command(filepath.Join(root, "web"), exec.Command("node", "node_modules/typescript/bin/tsc", "--noEmit", "false",
		"--declaration", "--emitDeclarationOnly", "--outDir", dir))
	if err != nil {
		return err
	}
	for _, name := range []string{"core/index.d.ts", "ui/index.d.ts", "login/index.d.ts"} {
		if err := out.addDeclaration(dir, name); err != nil {
			return err
		}
	}
	out["types/ui/lit.d.ts"] = []byte(litTypes)
	out["types/script/index.d.ts"] = []byte("export * from \"../core/index.js\";\nexport as namespace bucketline;\n")
	return nil
}

// litTypes are what the component's declarations want of Lit, which its bundle
// has inside: who compiles against the component need not install Lit.
const litTypes = `/** What the component has of Lit's element for those who use it. */
export declare class LitElement extends HTMLElement {
  /** Resolves when what was changed is on the screen's way. */
  readonly updateComplete: Promise<boolean>;
  connectedCallback(): void;
  disconnectedCallback(): void;
}
export type CSSResult = unknown;
export type PropertyDeclarations = unknown;
export type PropertyValues<T = unknown> = Map<keyof T, unknown>;
export type TemplateResult = unknown;
`

var namedModule = regexp.MustCompile(`(?:from|import|import\() ?"(\.[^"]*)\.js"`)

// addDeclaration adds dir/name and, once, whatever of ours it imports.
func (f folder) addDeclaration(dir, name string) error {
	if _, ok := f["types/"+name]; ok {
		return nil
	}
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	text := strings.ReplaceAll(string(data), `"lit"`, `"./lit.js"`)
	f["types/"+name] = []byte(text)
	for _, found := range namedModule.FindAllStringSubmatch(string(data), -1) {
		if err := f.addDeclaration(dir, path.Join(path.Dir(name), found[1])+".d.ts"); err != nil {
			return err
		}
	}
	return nil
}
