package tidy

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// checkPure holds the syntax of pure packages: no goroutine, channel, select,
// map, float, recover or print, and panics that own up to a bug of ours.
func checkPure(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.Files {
		if pure(f) {
			ast.Inspect(f.Go, func(n ast.Node) bool {
				pureNode(n, func(p token.Pos, why string) { found = append(found, Finding{f.Path, t.Line(p), why}) })
				return true
			})
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
