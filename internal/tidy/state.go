package tidy

import (
	"go/ast"
	"go/token"
	"slices"
)

// checkState wants libraries without state of their own: package-level
// variables are errors or tables, nobody assigns to them, and nothing happens
// in an init function. Commands may keep state, since a module without any
// would be no use; so may the Open folders and tests.
func checkState(t *Tree) []Finding {
	tables := map[string]map[string]bool{} // folder: its package-level variables
	for _, f := range t.Files {
		if !library(f) {
			continue
		}
		for _, v := range packageVars(f) {
			if tables[f.Dir()] == nil {
				tables[f.Dir()] = map[string]bool{}
			}
			for _, name := range v.Names {
				tables[f.Dir()][name.Name] = true
			}
		}
	}
	var found []Finding
	for _, f := range t.Files {
		if library(f) {
			report := func(p token.Pos, why string) { found = append(found, Finding{f.Path, t.Line(p), why}) }
			checkInit(f, report)
			checkVars(f, report)
			checkAssignments(f, tables[f.Dir()], report)
		}
	}
	return found
}

// library reports that f is of a Pure or Driver package that others import.
func library(f *File) bool {
	row, known := folder(f.Dir())
	return f.Go != nil && !f.Test() && f.Go.Name.Name != "main" && known && row.Band != Open && !slices.Contains(stateful, f.Path)
}

func checkInit(f *File, report func(token.Pos, string)) {
	for _, d := range f.Go.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			report(fn.Pos(), "an init function: who calls it, and when?")
		}
	}
}

// packageVars returns the specifications of a file's package-level variables.
func packageVars(f *File) []*ast.ValueSpec {
	var list []*ast.ValueSpec
	for _, d := range f.Go.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
			for _, s := range g.Specs {
				list = append(list, s.(*ast.ValueSpec))
			}
		}
	}
	return list
}

// checkVars wants package-level variables to be constant in all but name. A
// blank one, with which the compiler checks an interface, is none.
func checkVars(f *File, report func(token.Pos, string)) {
	for _, v := range packageVars(f) {
		if v.Names[0].Name == "_" {
			continue
		}
		if len(v.Values) == 0 {
			report(v.Pos(), v.Names[0].Name+" is package-level state, neither an error nor a table")
		}
		for _, value := range v.Values {
			if !constant(value) {
				report(value.Pos(), v.Names[0].Name+" is package-level state, neither an error nor a table")
			}
		}
	}
}

// checkAssignments refuses to change a package's tables.
func checkAssignments(f *File, tables map[string]bool, report func(token.Pos, string)) {
	own := packageVars(f)
	isTable := func(e ast.Expr) bool {
		id, ok := root(e).(*ast.Ident)
		if !ok || !tables[id.Name] {
			return false
		}
		if id.Obj == nil {
			return true // of another file of the package
		}
		decl, ok := id.Obj.Decl.(*ast.ValueSpec)
		return ok && slices.Contains(own, decl)
	}
	ast.Inspect(f.Go, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				if n.Tok != token.DEFINE && isTable(left) {
					report(left.Pos(), "assigns to a package-level variable")
				}
			}
		case *ast.IncDecStmt:
			if isTable(n.X) {
				report(n.Pos(), "assigns to a package-level variable")
			}
		}
		return true
	})
}

// constant reports that the value of a package-level variable is an error or a
// table: a literal, a pointer to one, a function, or a call that makes an error
// or a table from constants and that we know.
func constant(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CompositeLit, *ast.FuncLit:
		return true
	case *ast.UnaryExpr:
		_, literal := e.X.(*ast.CompositeLit)
		return e.Op == token.AND && literal
	case *ast.CallExpr:
		f, ok := e.Fun.(*ast.SelectorExpr)
		if !ok {
			_, conversion := e.Fun.(*ast.ArrayType)
			return conversion
		}
		x, ok := f.X.(*ast.Ident)
		return ok && slices.Contains(constructors, x.Name+"."+f.Sel.Name)
	}
	return false
}

// constructors make errors and tables.
var constructors = []string{"errors.New", "regexp.MustCompile", "crc32.MakeTable", "crc64.MakeTable", "strings.NewReplacer"}

// root returns what an assignment such as table[i].name = x begins with.
func root(e ast.Expr) ast.Expr {
	for {
		switch inner := e.(type) {
		case *ast.IndexExpr:
			e = inner.X
		case *ast.SelectorExpr:
			e = inner.X
		case *ast.StarExpr:
			e = inner.X
		case *ast.ParenExpr:
			e = inner.X
		default:
			return e
		}
	}
}
