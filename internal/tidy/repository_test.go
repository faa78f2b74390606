package tidy

import (
	"os/exec"
	"strings"
	"testing"
)

// TestRepository holds every rule over this repository.
func TestRepository(t *testing.T) {
	root, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		t.Fatalf("find the repository: %v", err)
	}
	tree, err := Load(strings.TrimSpace(string(root)))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Files) < 20 {
		t.Fatalf("found %d files: this is not the repository", len(tree.Files))
	}
	for _, rule := range Rules {
		t.Run(strings.ReplaceAll(rule.Name, " ", "_"), func(t *testing.T) {
			for _, f := range rule.Check(tree) {
				t.Error(f)
			}
		})
	}
}

// Rows that name each other wrongly would grant nothing, or everything.
func TestFolders_rowsExistAndHaveNoCircle(t *testing.T) {
	rows := map[string]Folder{}
	for _, row := range folders {
		if _, twice := rows[row.Path]; twice {
			t.Errorf("two rows for %s", row.Path)
		}
		rows[row.Path] = row
	}
	done := map[string]bool{}
	var visit func(name string, way []string)
	visit = func(name string, way []string) {
		for _, before := range way {
			if before == name {
				t.Fatalf("a circle: %s", strings.Join(append(way, name), " -> "))
			}
		}
		if done[name] {
			return
		}
		for _, next := range rows[name].May {
			row, ok := rows[next]
			if !ok {
				t.Errorf("%s may import %s, which has no row", name, next)
			}
			if rows[name].Band == Pure && row.Band != Pure {
				t.Errorf("%s is pure and may import %s, which is not", name, next)
			}
			if rows[name].Band == Driver && row.Band == Open {
				t.Errorf("%s imports the standard library alone, and may import %s, which does not", name, next)
			}
			if next != name {
				visit(next, append(way, name))
			}
		}
		done[name] = true
	}
	for name := range rows {
		visit(name, nil)
	}
}
