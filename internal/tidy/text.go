package tidy

import (
	"bytes"
	"fmt"
	"path"
	"strings"
)

// lineAt returns the line of an offset.
func lineAt(data []byte, offset int) int { return 1 + bytes.Count(data[:offset], []byte("\n")) }

// checkTexts refuses the banned texts in every text file.
func checkTexts(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.Files {
		if f.Binary() {
			continue
		}
		for _, b := range banned {
			for _, m := range b.pattern.FindAllIndex(f.Data, -1) {
				line := lineAt(f.Data, m[1])
				text := strings.TrimSpace(string(f.Data[m[0]:m[1]]))
				found = append(found, Finding{f.Path, line, fmt.Sprintf("%q: %s", text, b.why)})
			}
		}
	}
	return found
}

// checkSizes refuses large files: they are made, or fetched, by the tests.
func checkSizes(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.Files {
		if len(f.Data) > maxTracked {
			found = append(found, Finding{f.Path, 0, fmt.Sprintf("%d bytes, of %d at most", len(f.Data), maxTracked)})
		}
	}
	return found
}

// checkLocks wants npm lock files without the addresses they were fetched from,
// so that any registry serves.
func checkLocks(t *Tree) []Finding {
	var found []Finding
	for _, f := range t.Files {
		if path.Base(f.Path) != "package-lock.json" {
			continue
		}
		if i := bytes.Index(f.Data, []byte(`"resolved"`)); i >= 0 {
			found = append(found, Finding{f.Path, lineAt(f.Data, i), "a lock file with addresses"})
		}
	}
	return found
}
