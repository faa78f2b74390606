package tidy

import (
	"encoding/json"
	"go/ast"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// spec is one import of a Go file.
type spec struct {
	path string
	line int
}

// imports returns what a Go file imports, but for "C".
func (t *Tree) imports(f *File) []spec {
	var list []spec
	if f.Go == nil {
		return nil
	}
	for _, i := range f.Go.Imports {
		name, _ := strconv.Unquote(i.Path.Value)
		list = append(list, spec{name, t.Line(i.Pos())})
	}
	return list
}

// ours returns the folder of an import of our own, or false.
func ours(name string) (string, bool) {
	if name == module {
		return ".", true
	}
	return strings.CutPrefix(name, module+"/")
}

// standard reports that an import is of the standard library: its first element
// has no dot.
func standard(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return !strings.Contains(first, ".")
}

// checkDirection holds the May column of the folders table. Test files are
// free, but for the sinks.
func checkDirection(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.Files {
		if f.Go == nil {
			continue
		}
		row, known := folder(f.Dir())
		if !known {
			found = append(found, Finding{f.Path, 1, "folder " + f.Dir() + " has no row in the folders table of internal/tidy"})
			continue
		}
		for _, i := range t.imports(f) {
			dir, own := ours(i.path)
			if !own || dir == f.Dir() {
				continue
			}
			if withinAny(dir, sinks) && !(withinAny(f.Dir(), sinks) && allowed(row, dir)) {
				found = append(found, Finding{f.Path, i.line, dir + " is imported by nobody"})
			} else if !f.Test() && !allowed(row, dir) {
				found = append(found, Finding{f.Path, i.line, row.Path + " may not import " + dir})
			}
		}
	}
	return found
}

// allowed reports that row may import dir. Naming a folder does not grant those
// below it that have rows of their own.
func allowed(row Folder, dir string) bool {
	target, known := folder(dir)
	return known && slices.Contains(row.May, target.Path)
}

// checkPackages holds the Band, Std and HTTP columns of the folders table, for
// all but test files.
func checkPackages(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.Files {
		row, known := folder(f.Dir())
		if f.Go == nil || f.Test() || !known {
			continue
		}
		for _, i := range t.imports(f) {
			why := ""
			_, own := ours(i.path)
			switch {
			case own:
			case !standard(i.path) && row.Band != Open && i.path != row.Module:
				why = row.Path + " imports the standard library alone, not " + i.path
			case row.Band == Pure && !slices.Contains(pureStd, i.path) && !slices.Contains(row.Std, i.path) && !t.saidUnsafe(f, i.path):
				why = i.path + " is not among the standard packages of pure packages"
			case (i.path == "net/http" || strings.HasPrefix(i.path, "net/http/")) && !row.HTTP:
				why = row.Path + " may not use " + i.path
			case row.Band == Driver && slices.Contains(loud, i.path):
				why = "a library does not log"
			}
			if why != "" {
				found = append(found, Finding{f.Path, i.line, why})
			}
		}
	}
	return found
}

// saidUnsafe reports that an import is unsafe and that every function that uses
// it has a comment, to say why it is sound.
func (t *Tree) saidUnsafe(f *File, name string) bool {
	if name != "unsafe" {
		return false
	}
	said := true
	for _, d := range f.Go.Decls {
		fn, isFunction := d.(*ast.FuncDecl)
		ast.Inspect(d, func(n ast.Node) bool {
			if use, ok := n.(*ast.SelectorExpr); ok {
				x, ok := use.X.(*ast.Ident)
				said = said && !(ok && x.Name == "unsafe" && (!isFunction || fn.Doc == nil))
			}
			return true
		})
	}
	return said
}

// checkNotes wants every Go module that our code imports, and every npm package
// that a package.json names, in a decision note: by its name or by that of the
// repository that it is part of.
func checkNotes(t *Tree) []Finding {
	notes := ""
	var modules []string
	for _, f := range t.Files {
		if f.Dir() == "docs/decisions" {
			notes += string(f.Data)
		}
		if f.Path == "go.mod" {
			for _, m := range requires.FindAllStringSubmatch(string(f.Data), -1) {
				modules = append(modules, m[1])
			}
		}
	}
	var found []Finding
	seen := map[string]bool{}
	want := func(name, path string, line int) {
		if !seen[name] && !noted(notes, name) {
			found = append(found, Finding{path, line, name + " has no note in docs/decisions"})
		}
		seen[name] = true
	}
	for _, f := range t.Files {
		for _, i := range t.imports(f) {
			if _, own := ours(i.path); !own && !standard(i.path) {
				want(moduleOf(i.path, modules), f.Path, i.line)
			}
		}
		if path.Base(f.Path) == "package.json" {
			for _, name := range npmPackages(f.Data) {
				want(name, f.Path, 0)
			}
		}
	}
	return found
}

// npmPackages returns the names that a package.json depends on, in order. One
// that does not parse has none; npm says so soon enough.
func npmPackages(data []byte) []string {
	var file struct{ Dependencies, DevDependencies map[string]string }
	_ = json.Unmarshal(data, &file)
	names := slices.Collect(maps.Keys(file.Dependencies))
	names = slices.AppendSeq(names, maps.Keys(file.DevDependencies))
	slices.Sort(names)
	return names
}

func noted(notes, module string) bool {
	if strings.Contains(notes, module) {
		return true
	}
	elements := strings.Split(module, "/")
	return len(elements) > 3 && strings.Contains(notes, strings.Join(elements[:3], "/"))
}

var requires = regexp.MustCompile(`(?m)^(?:require)?\s+(\S+\.\S+/\S+) v\d`)

// moduleOf returns the module that a package belongs to: the longest of
// modules that holds it, or the package itself.
func moduleOf(name string, modules []string) string {
	best := ""
	for _, m := range modules {
		if within(name, m) && len(m) > len(best) {
			best = m
		}
	}
	if best == "" {
		return name
	}
	return best
}

// importFrom finds an import in stripped code, where the name is blanks between
// its quotes.
var importFrom = regexp.MustCompile("(?m)^[ \\t]*(?:import|export)\\b[^;\"'`]*?\\bfrom\\s*[\"']( *)[\"']|^[ \\t]*import\\s*[\"']( *)[\"']|\\bimport\\(\\s*[\"']( *)[\"']")

// checkScripts holds the scripts table. Tests beside the code are free.
func checkScripts(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.Files {
		if path.Ext(f.Path) != ".ts" || forTests(f.Path) || strings.HasSuffix(f.Path, ".d.ts") {
			continue
		}
		for _, row := range scripts {
			if !within(f.Dir(), row.path) {
				continue
			}
			for _, m := range importFrom.FindAllStringSubmatchIndex(f.code, -1) {
				at, end := max(m[2], m[4], m[6]), max(m[3], m[5], m[7])
				name := string(f.Data[at:end])
				may := slices.Contains(row.packages, packageName(name))
				if strings.HasPrefix(name, ".") {
					dir := path.Dir(path.Join(f.Dir(), name))
					may = within(dir, row.path) || withinAny(dir, row.may)
				}
				if !may {
					found = append(found, Finding{f.Path, lineAt(f.Data, at), row.path + " may not import " + name})
				}
			}
		}
	}
	return found
}

// packageName returns the npm package of an import such as "lit/decorators.js".
func packageName(name string) string {
	parts := strings.SplitN(name, "/", 3)
	if strings.HasPrefix(name, "@") && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

// forTests reports that a script is a test, or the testing.ts that the tests of
// its folder share.
func forTests(name string) bool {
	return strings.HasSuffix(name, ".test.ts") || path.Base(name) == "testing.ts"
}
