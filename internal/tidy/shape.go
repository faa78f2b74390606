package tidy

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
)

// checkLength holds maxFunction and maxFile. The rows of a test's table are
// data and do not count; nor, in TypeScript, do the functions within a
// function, which are how it keeps state without a class.
func checkLength(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.Files {
		if f.Go == nil && path.Ext(f.Path) != ".ts" {
			continue
		}
		if n := bytes.Count(f.Data, []byte("\n")); n > maxFile {
			found = append(found, Finding{f.Path, 0, fmt.Sprintf("%d lines, of %d at most", n, maxFile)})
		}
		for _, fn := range t.functions(f) {
			if fn.lines > maxFunction {
				found = append(found, Finding{f.Path, fn.line, fmt.Sprintf("function %s has %d lines, of %d at most", fn.name, fn.lines, maxFunction)})
			}
		}
	}
	return found
}

// function is what checkLength measures.
type function struct {
	name        string
	line, lines int
}

func (t *Tree) functions(f *File) []function {
	if f.Go == nil {
		return scriptFunctions(f.code)
	}
	var list []function
	for _, d := range f.Go.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		lines := t.Line(fn.End()) - t.Line(fn.Pos()) + 1
		if f.Test() {
			lines -= t.tableLines(fn)
		}
		list = append(list, function{fn.Name.Name, t.Line(fn.Pos()), lines})
	}
	return list
}

// tableLines counts the lines within the literals of a function.
func (t *Tree) tableLines(fn *ast.FuncDecl) int {
	lines := 0
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		table, ok := n.(*ast.CompositeLit)
		if ok && t.Line(table.Rbrace)-t.Line(table.Lbrace) > 1 {
			lines += t.Line(table.Rbrace) - t.Line(table.Lbrace) - 1
		}
		return !ok
	})
	return lines
}

// checkNames refuses files whose name says nothing.
func checkNames(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.Files {
		ext := path.Ext(f.Path)
		if !slices.Contains([]string{".go", ".ts", ".js"}, ext) {
			continue
		}
		base := strings.TrimSuffix(path.Base(f.Path), ext)
		base = strings.TrimSuffix(strings.TrimSuffix(base, "_test"), ".test")
		if slices.Contains(vague, base) {
			found = append(found, Finding{f.Path, 0, "name the file for the noun inside"})
		}
	}
	return found
}

// checkComments wants a comment on every package, and on every exported name of
// a library: a type's or function's begins with the name (after an article), as
// does that of a lone constant or variable; those of a group may share one.
func checkComments(t *Tree) []Finding {
	var found []Finding
	packages := map[string]*File{} // the first file of each folder
	documented := map[string]bool{}
	for _, f := range t.Files {
		if f.Go == nil || f.Test() {
			continue
		}
		if packages[f.Dir()] == nil {
			packages[f.Dir()] = f
		}
		if doc := f.Go.Doc.Text(); doc != "" {
			documented[f.Dir()] = true
			if want := packageComment(f); !strings.HasPrefix(doc, want) {
				found = append(found, Finding{f.Path, t.Line(f.Go.Doc.Pos()), "the package comment does not begin with " + want})
			}
		}
		if f.Go.Name.Name != "main" {
			for _, d := range f.Go.Decls {
				for _, n := range undocumented(d) {
					found = append(found, Finding{f.Path, t.Line(n.Pos()), n.Name + " has no comment that begins with its name"})
				}
			}
		}
	}
	for dir, f := range packages {
		if !documented[dir] {
			found = append(found, Finding{f.Path, 1, "package " + f.Go.Name.Name + " has no comment"})
		}
	}
	slices.SortFunc(found, func(a, b Finding) int { return strings.Compare(a.String(), b.String()) })
	return found
}

// known are the methods whose meaning the standard library gives.
var known = []string{"Error", "Unwrap", "Is", "String", "GoString"}

func packageComment(f *File) string {
	if f.Go.Name.Name == "main" {
		return "Command " + path.Base(f.Dir())
	}
	return "Package " + f.Go.Name.Name
}

// undocumented returns the exported names that a declaration leaves without a
// comment.
func undocumented(d ast.Decl) []*ast.Ident {
	switch d := d.(type) {
	case *ast.FuncDecl:
		wanted := d.Recv == nil || receiver(d).IsExported() && !slices.Contains(known, d.Name.Name)
		if d.Name.IsExported() && wanted && !begins(d.Doc, d.Name.Name) {
			return []*ast.Ident{d.Name}
		}
	case *ast.GenDecl:
		var names []*ast.Ident
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && !begins(s.Doc, s.Name.Name) && (d.Lparen.IsValid() || !begins(d.Doc, s.Name.Name)) {
					names = append(names, s.Name)
				}
			case *ast.ValueSpec:
				if s.Names[0].IsExported() && !valueDocumented(d, s) {
					return append(names, s.Names[0]) // one comment on the group will do
				}
			}
		}
		return names
	}
	return nil
}

func valueDocumented(d *ast.GenDecl, s *ast.ValueSpec) bool {
	if !d.Lparen.IsValid() {
		return begins(d.Doc, s.Names[0].Name)
	}
	return s.Doc != nil || s.Comment != nil || d.Doc != nil
}

// begins reports that a comment begins with a name, after an article or none.
func begins(doc *ast.CommentGroup, name string) bool {
	text := doc.Text()
	for _, article := range []string{"", "A ", "An ", "The "} {
		if rest, ok := strings.CutPrefix(text, article+name); ok && !startsWord(rest) {
			return true
		}
	}
	return false
}

// startsWord reports that rest goes on with the word before it.
func startsWord(rest string) bool {
	return rest != "" && (token.IsIdentifier("a"+rest[:1]) || rest[0] >= 0x80)
}

// receiver returns the type name of a method's receiver.
func receiver(d *ast.FuncDecl) *ast.Ident {
	e := d.Recv.List[0].Type
	for {
		switch inner := e.(type) {
		case *ast.StarExpr:
			e = inner.X
		case *ast.IndexExpr:
			e = inner.X
		case *ast.IndexListExpr:
			e = inner.X
		case *ast.Ident:
			return inner
		default:
			return ast.NewIdent("_")
		}
	}
}
