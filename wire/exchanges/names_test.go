package exchanges_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/bucketline/bucketline/cred/exchange"
	"github.com/bucketline/bucketline/wire/exchanges"
)

// names is testdata/names.json, which web/core/exchange.test.ts reads too.
type names struct {
	Exchanges map[string]int `json:"exchanges"`
	Queries   map[string]int `json:"queries"`
	Steps     map[string]int `json:"steps"`
	Limits    map[string]int `json:"limits"`
	Codes     []string       `json:"codes"`
}

func readNames(t *testing.T) names {
	t.Helper()
	var n names
	text, err := os.ReadFile("testdata/names.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNames_areTheModules(t *testing.T) {
	want := names{
		Exchanges: map[string]int{
			"webIdentity": exchanges.WebIdentity, "cognito": exchanges.Cognito, "container": exchanges.Container,
			"express": exchanges.Express, "grants": exchanges.Grants,
		},
		Queries: map[string]int{
			"begin": exchanges.QueryBegin, "token": exchanges.QueryToken, "source": exchanges.QuerySource, "answer": exchanges.QueryAnswer,
			"policy": exchanges.QueryPolicy,
		},
		Steps: map[string]int{
			"token": exchanges.StepToken, "source": exchanges.StepSource, "send": exchanges.StepSend, "done": exchanges.StepDone,
			"policy": exchanges.StepPolicy,
		},
		Limits: map[string]int{"maxExchangeBytes": exchange.MaxAnswer},
	}
	got := readNames(t)
	got.Codes = nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("names.json has %+v, want %+v", got, want)
	}
}

// The codes that a page may see are those in the sources: web/core has a hint
// for each of names.json's.
func TestNames_codesAreTheSources(t *testing.T) {
	files, err := filepath.Glob("../../cred/*/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no sources", err)
	}
	var found []string
	for _, file := range files {
		if filepath.Base(filepath.Dir(file)) == "r2" || filepath.Base(file) == "assume.go" {
			continue // never in a page
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`(?:ParameterError\{(?:Key: )?|Code\(\) string \{ return )"(\w+)"`).FindAllSubmatch(source, -1) {
			found = append(found, string(match[1]))
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	if want := readNames(t).Codes; !slices.Equal(found, want) {
		text, _ := json.Marshal(found)
		t.Errorf("names.json has the codes\n%q\nthe sources have\n%s", want, text)
	}
}
