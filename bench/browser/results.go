package browser

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
)

// load reads the results that save wrote: none where there is no file.
func load(path string) ([]Result, error) {
	var results []Result
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return results, json.Unmarshal(text, &results)
}

// save keeps results for a later run to add to.
func save(path string, results []Result) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(results, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// replace puts r in the place of the result of the same workload, or at its own.
func replace(results []Result, r Result) []Result {
	results = slices.DeleteFunc(results, func(old Result) bool { return old.Name == r.Name })
	results = append(results, r)
	order := func(r Result) int {
		return slices.IndexFunc(workloads(), func(w Workload) bool { return w.Name == r.Name })
	}
	slices.SortFunc(results, func(a, b Result) int { return order(a) - order(b) })
	return results
}
