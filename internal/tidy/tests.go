package tidy

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
)

var scriptSkip = regexp.MustCompile(`\b(it|test|describe|suite)\.(skip|only|todo)\b|\bskip:\s*true|\bt\.(skip|todo)\(`)

// checkSkips refuses tests that do not run. A test that cannot run says why and
// fails, or is not there.
func checkSkips(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.Files {
		if path.Ext(f.Path) == ".ts" {
			for _, m := range scriptSkip.FindAllStringIndex(f.code, -1) {
				found = append(found, Finding{f.Path, lineAt([]byte(f.code), m[0]), "a test that does not run"})
			}
		}
		if f.Go == nil {
			continue
		}
		ast.Inspect(f.Go, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := s.X.(*ast.Ident)
			if ok && slices.Contains([]string{"t", "b", "f", "tb"}, x.Name) && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, s.Sel.Name) {
				found = append(found, Finding{f.Path, t.Line(s.Pos()), "a test that does not run"})
			}
			return true
		})
	}
	return found
}

// checkFuzzing wants a fuzz target in every library that exports a Parse
// function, and for each target a committed corpus.
func checkFuzzing(t *Tree) []Finding {
	parsers := map[string]Finding{} // folder: its first parser
	fuzzed := map[string]bool{}
	corpora := map[string]bool{}
	type target struct{ dir, name, path string }
	var targets []target
	for _, f := range t.Files {
		if dir := f.Dir(); strings.Contains(dir, "/testdata/fuzz/") {
			corpora[dir] = true
		}
		if f.Go == nil {
			continue
		}
		for _, d := range f.Go.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			name := fn.Name.Name
			switch {
			case f.Test() && fn.Recv == nil && strings.HasPrefix(name, "Fuzz"):
				fuzzed[f.Dir()] = true
				targets = append(targets, target{f.Dir(), name, f.Path})
			case !f.Test() && f.Go.Name.Name != "main" && strings.HasPrefix(name, "Parse"):
				if _, ok := parsers[f.Dir()]; !ok {
					parsers[f.Dir()] = Finding{f.Path, t.Line(fn.Pos()), name + " reads what others write, and the package has no fuzz target"}
				}
			}
		}
	}
	var found []Finding
	for _, f := range t.Files {
		if p, ok := parsers[f.Dir()]; ok && !fuzzed[f.Dir()] && p.Path == f.Path {
			found = append(found, p)
		}
	}
	for _, g := range targets {
		if !corpora[path.Join(g.dir, "testdata/fuzz", g.name)] {
			found = append(found, Finding{g.path, 0, g.name + " has no committed corpus in testdata/fuzz/" + g.name})
		}
	}
	return found
}
