package tidy

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// checkPure holds the syntax of pure packages: no goroutine, channel, select,
// map, float, recover, print or init; package-level variables that are errors
// or tables and that nobody assigns to; panics that own up to a bug of ours.
// A main package may keep state, since a module without any would be no use.
func checkPure(t *Tree) []Finding {
	tables := map[string]map[string]bool{} // folder: its package-level variables
	for _, f := range t.Files {
		if pure(f) {
			for _, v := range packageVars(f) {
				if tables[f.Dir()] == nil {
					tables[f.Dir()] = map[string]bool{}
				}
				for _, name := range v.Names {
					tables[f.Dir()][name.Name] = true
				}
			}
		}
	}
	var found []Finding
	for _, f := range t.Files {
		if !pure(f) {
			continue
		}
		report := func(p token.Pos, why string) { found = append(found, Finding{f.Path, t.Line(p), why}) }
		ast.Inspect(f.Go, func(n ast.Node) bool {
			pureNode(n, report)
			return true
		})
		if f.Go.Name.Name != "main" {
			checkVars(f, tables[f.Dir()], report)
		}
	}
	return found
}

func pure(f *File) bool {
	row, known := folder(f.Dir())
	return f.Go != nil && !f.Test() && known && row.Band == Pure
}

// pureNode reports what a pure package may not say.
func pureNode(n ast.Node, report func(token.Pos, string)) {
	switch n := n.(type) {
	case *ast.GoStmt:
		report(n.Pos(), "a goroutine in a pure package")
	case *ast.ChanType, *ast.SendStmt:
		report(n.Pos(), "a channel in a pure package")
	case *ast.SelectStmt:
		report(n.Pos(), "a select in a pure package")
	case *ast.MapType:
		report(n.Pos(), "a map in a pure package: its order is not ours")
	case *ast.BasicLit:
		if n.Kind == token.FLOAT || n.Kind == token.IMAG {
			report(n.Pos(), "a float in a pure package")
		}
	case *ast.Ident:
		if slices.Contains([]string{"float32", "float64", "complex64", "complex128"}, n.Name) && n.Obj == nil {
			report(n.Pos(), "a float in a pure package")
		}
	case *ast.FuncDecl:
		if n.Recv == nil && n.Name.Name == "init" {
			report(n.Pos(), "an init function: who calls it, and when?")
		}
	case *ast.CallExpr:
		pureCall(n, report)
	}
}

func pureCall(call *ast.CallExpr, report func(token.Pos, string)) {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		switch f.Name {
		case "recover":
			report(f.Pos(), "recover in a pure package: TinyGo's does nothing")
		case "print", "println":
			report(f.Pos(), "a pure package prints nothing")
		case "panic":
			if len(call.Args) == 1 && !strings.HasPrefix(leftmost(call.Args[0]), internalError) {
				report(f.Pos(), "a panic whose text does not begin with "+strconv.Quote(internalError))
			}
		}
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok && x.Obj == nil {
			if name := x.Name + "." + f.Sel.Name; slices.ContainsFunc(pureCalls, func(c string) bool { return strings.HasPrefix(name, c) }) {
				report(f.Pos(), name+" costs too much in the module")
			}
		}
	}
}

// leftmost returns the string literal that a sum of strings begins with.
func leftmost(e ast.Expr) string {
	for {
		sum, ok := e.(*ast.BinaryExpr)
		if !ok {
			break
		}
		e = sum.X
	}
	if lit, ok := e.(*ast.BasicLit); ok {
		text, _ := strconv.Unquote(lit.Value)
		return text
	}
	return ""
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

// checkVars wants package-level variables to be constant in all but name.
func checkVars(f *File, tables map[string]bool, report func(token.Pos, string)) {
	specs := packageVars(f)
	for _, v := range specs {
		if len(v.Values) == 0 {
			report(v.Pos(), "package-level state: "+v.Names[0].Name+" is neither an error nor a table")
		}
		for _, value := range v.Values {
			if !constant(value) {
				report(value.Pos(), "package-level state: a variable is an error or a table")
			}
		}
	}
	isTable := func(e ast.Expr) bool {
		id, ok := root(e).(*ast.Ident)
		if !ok || !tables[id.Name] {
			return false
		}
		if id.Obj == nil {
			return true // of another file of the package
		}
		decl, ok := id.Obj.Decl.(*ast.ValueSpec)
		return ok && slices.Contains(specs, decl)
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
		return ok && (x.Name == "errors" && f.Sel.Name == "New" || strings.HasPrefix(x.Name, "crc") && f.Sel.Name == "MakeTable")
	}
	return false
}

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
