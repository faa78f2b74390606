package tidy

import (
	"slices"
	"strings"
	"testing"
)

// sample is a small tree that a rule is shown.
type sample struct {
	name  string
	files map[string]string
	want  []string // the findings, each as "path:line"; none: the sample is good
}

// check fails the test unless the rule finds what the sample wants, no more and
// no less.
func (s *sample) check(t *testing.T, rule Rule) {
	t.Helper()
	texts := map[string][]byte{}
	for name, text := range s.files {
		texts[name] = []byte(text)
	}
	tree, err := newTree(texts)
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	var got, full []string
	for _, f := range rule.Check(tree) {
		where, _, _ := strings.Cut(f.String(), ": ")
		got, full = append(got, where), append(full, f.String())
	}
	slices.Sort(got)
	if !slices.Equal(got, s.want) {
		t.Errorf("%s: found %q, want %q", s.name, full, s.want)
	}
}

// code is a Go file of one line of declarations or statements.
func code(pkg, text string) string { return "package " + pkg + "\n" + text }

// body is a Go file whose only function has the text as its body, on line 2.
func body(text string) string { return "package s3\nfunc f() { " + text + " }" }

func one(path, text string) map[string]string { return map[string]string{path: text} }

// TestRules_canFail shows every rule bad and good samples.
func TestRules_canFail(t *testing.T) {
	shown := map[string]bool{}
	for _, rule := range Rules {
		good, bad := 0, 0
		for _, s := range samples[rule.Name] {
			s.check(t, rule)
			if len(s.want) > 0 {
				bad++
			} else {
				good++
			}
		}
		shown[rule.Name] = true
		if good == 0 || bad == 0 {
			t.Errorf("rule %q is shown %d good samples and %d bad ones, want some of both", rule.Name, good, bad)
		}
	}
	for name := range samples {
		if !shown[name] {
			t.Errorf("samples for a rule %q that there is not", name)
		}
	}
}

var samples = map[string][]sample{
	"direction between folders": {
		{"downward", one("engine/a.go", code("engine", `import "github.com/bucketline/bucketline/s3"`)), nil},
		{"upward", one("s3/a.go", code("s3", `import "github.com/bucketline/bucketline/engine"`)), []string{"s3/a.go:2"}},
		{"upward for another platform", one("s3/a.go", "//go:build tinygo\n\npackage s3\n"+`import "github.com/bucketline/bucketline/engine"`), []string{"s3/a.go:4"}},
		{"sideways between drivers", one("driver/dirjournal/a.go", code("dirjournal", `import "github.com/bucketline/bucketline/driver/nethttp"`)), []string{"driver/dirjournal/a.go:2"}},
		{"a folder does not grant those below it", one("cred/a.go", code("cred", `import "github.com/bucketline/bucketline/cred/sts"`)), []string{"cred/a.go:2"}},
		{"a row covers the folders below it", one("engine/deep/a.go", code("deep", `import "github.com/bucketline/bucketline/s3"`)), nil},
		{"tests are free", one("s3/a_test.go", code("s3", `import "github.com/bucketline/bucketline/engine"`)), nil},
		{"but not of sinks", one("s3/a_test.go", code("s3", `import "github.com/bucketline/bucketline/test/stores"`)), []string{"s3/a_test.go:2"}},
		{"nobody imports a command", one("devstack/a.go", code("devstack", `import "github.com/bucketline/bucketline/cmd/bucketline"`)), []string{"devstack/a.go:2"}},
		{"test may import test", one("test/e2e/a_test.go", code("e2e", `import "github.com/bucketline/bucketline/test/webdriver"`)), nil},
		{"a sink imports another where its row says so", one("bench/browser/a.go", code("browser", `import "github.com/bucketline/bucketline/test/webdriver"`)), nil},
		{"and only there", one("bench/native/a_test.go", code("native", `import "github.com/bucketline/bucketline/test/webdriver"`)), []string{"bench/native/a_test.go:2"}},
		{"the root by name", one("cmd/bucketline/a.go", code("main", `import "github.com/bucketline/bucketline"`)), nil},
		{"the root is not for the engine", one("engine/a.go", code("engine", `import "github.com/bucketline/bucketline"`)), []string{"engine/a.go:2"}},
		{"a folder without a row", one("pkg/a.go", "package pkg"), []string{"pkg/a.go:1"}},
	},
	"standard packages and modules": {
		{"pure, allowed", one("s3/a.go", code("s3", `import "strings"`)), nil},
		{"pure, a clock", one("s3/a.go", code("s3", `import "time"`)), []string{"s3/a.go:2"}},
		{"pure, fmt", one("cred/sts/a.go", code("sts", `import "fmt"`)), []string{"cred/sts/a.go:2"}},
		{"pure, in a test", one("s3/a_test.go", code("s3", `import "fmt"`)), nil},
		{"pure, a module", one("s3/a.go", code("s3", `import "golang.org/x/text"`)), []string{"s3/a.go:2"}},
		{"driver, a module", one("driver/a.go", code("driver", `import "golang.org/x/sync/errgroup"`)), []string{"driver/a.go:2"}},
		{"a cover, its module", one("driver/crc64nvme/a.go", code("crc64nvme", `import "github.com/minio/crc64nvme"`)), nil},
		{"a cover, another module", one("driver/crc64nvme/a.go", code("crc64nvme", `import "github.com/minio/highwayhash"`)), []string{"driver/crc64nvme/a.go:2"}},
		{"its module elsewhere", one("driver/a.go", code("driver", `import "github.com/minio/crc64nvme"`)), []string{"driver/a.go:2"}},
		{"open, a module", one("devstack/a.go", code("devstack", `import "golang.org/x/sync/errgroup"`)), nil},
		{"driver, a log", one("driver/a.go", code("driver", `import "log/slog"`)), []string{"driver/a.go:2"}},
		{"open, a log", one("devstack/a.go", code("devstack", `import "log/slog"`)), nil},
		{"driver, net/http", one("driver/a.go", code("driver", `import "net/http"`)), []string{"driver/a.go:2"}},
		{"driver, net/http/httptrace", one("driver/a.go", code("driver", `import "net/http/httptrace"`)), []string{"driver/a.go:2"}},
		{"nethttp, net/http", one("driver/nethttp/a.go", code("nethttp", `import "net/http"`)), nil},
		{"hashes in their package", one("internal/digest/a.go", code("digest", `import "crypto/sha256"`)), nil},
		{"hashes elsewhere", one("sign/a.go", code("sign", `import "crypto/sha256"`)), []string{"sign/a.go:2"}},
		{"unsafe with a comment", one("s3/a.go", code("s3", "import \"unsafe\"\n// f is sound because.\nfunc f(b []byte) string { return unsafe.String(&b[0], len(b)) }")), nil},
		{"unsafe without", one("s3/a.go", code("s3", "import \"unsafe\"\nfunc f(b []byte) string { return unsafe.String(&b[0], len(b)) }")), []string{"s3/a.go:2"}},
		{"unsafe in the module's main", one("cmd/engine/a.go", code("main", "import \"unsafe\"\nfunc f(b *byte) uintptr { return uintptr(unsafe.Pointer(b)) }")), nil},
	},
	"modules have a decision note": {
		{"noted by its module", map[string]string{
			"go.mod":                              "module m\n\nrequire (\n\tgithub.com/a/b v1.0.0\n\tgithub.com/a v1.0.0\n)\n",
			"devstack/a.go":                       code("devstack", `import "github.com/a/b/c"`),
			"docs/decisions/0002-dependencies.md": "github.com/a/b because",
		}, nil},
		{"noted by its repository", map[string]string{
			"go.mod":                              "module m\n\nrequire github.com/a/b/sub v1.0.0\n",
			"devstack/a.go":                       code("devstack", `import "github.com/a/b/sub/c"`),
			"docs/decisions/0002-dependencies.md": "github.com/a/b because",
		}, nil},
		{"noted is another", map[string]string{
			"go.mod":                              "module m\n\nrequire github.com/a/b v1.0.0\n",
			"devstack/a.go":                       code("devstack", `import "github.com/a/b/c"`),
			"docs/decisions/0002-dependencies.md": "github.com/a because",
		}, []string{"devstack/a.go:2"}},
		{"of npm", map[string]string{
			"web/package.json":                    `{"name": "x", "dependencies": {"lit": "1"}, "devDependencies": {"@a/b": "1"}}`,
			"docs/decisions/0002-dependencies.md": "lit because",
		}, []string{"web/package.json"}},
		{"of a test", map[string]string{
			"go.mod":       "module m\n\nrequire github.com/a/b v1.0.0\n",
			"s3/a_test.go": code("s3", `import "github.com/a/b"`),
		}, []string{"s3/a_test.go:2"}},
	},
	"direction of scripts": {
		{"within", one("web/core/a.ts", `import { b } from "./b.ts";`), nil},
		{"upward", one("web/core/a.ts", "\nimport type { b } from '../ui/b.ts';"), []string{"web/core/a.ts:2"}},
		{"downward", one("web/ui/a.ts", `import { LitElement } from "lit"; import x from "../core/a.ts"`), nil},
		{"a package in core", one("web/core/a.ts", `import { x } from "lit";`), []string{"web/core/a.ts:1"}},
		{"over several lines", one("web/core/a.ts", "import {\n  x,\n  y,\n} from \"lit\";"), []string{"web/core/a.ts:4"}},
		{"for its effect", one("web/core/a.ts", `import "lit";`), []string{"web/core/a.ts:1"}},
		{"on demand", one("web/core/a.ts", `const x = await import("lit");`), []string{"web/core/a.ts:1"}},
		{"handed on", one("web/core/a.ts", `export { x } from "lit";`), []string{"web/core/a.ts:1"}},
		{"a package's folder", one("web/ui/a.ts", `import { x } from "lit/decorators.js";`), nil},
		{"a package of a like name", one("web/ui/a.ts", `import { x } from "lit-html";`), []string{"web/ui/a.ts:1"}},
		{"a union of strings", one("web/core/a.ts", "export type A =\n  | \"from\"\n  | \"b\";\n// from \"there\"\nexport const c = 'from \"lit\"';"), nil},
		{"a test", one("web/core/a.test.ts", `import test from "node:test";`), nil},
		{"what tests share", one("web/core/testing.ts", `import test from "node:test";`), nil},
	},
	"pure packages decide and never do": {
		{"plain", one("s3/a.go", body("for i := range 3 { _ = i / 2 }")), nil},
		{"goroutine", one("s3/a.go", body("go f()")), []string{"s3/a.go:2"}},
		{"channel", one("s3/a.go", body("var c chan int; _ = c")), []string{"s3/a.go:2"}},
		{"send", one("s3/a.go", body("c <- 1")), []string{"s3/a.go:2"}},
		{"select", one("s3/a.go", body("select {}")), []string{"s3/a.go:2"}},
		{"map", one("s3/a.go", body("m := map[string]int{}; _ = m")), []string{"s3/a.go:2"}},
		{"float by its type", one("s3/a.go", body("x := float64(1); _ = x")), []string{"s3/a.go:2"}},
		{"float by its literal", one("s3/a.go", body("x := 1.5; _ = x")), []string{"s3/a.go:2"}},
		{"recover", one("s3/a.go", body("recover()")), []string{"s3/a.go:2"}},
		{"println", one("s3/a.go", body("println(1)")), []string{"s3/a.go:2"}},
		{"a panic of ours", one("s3/a.go", body(`panic("bucketline: internal error: " + x)`)), nil},
		{"another panic", one("s3/a.go", body(`panic("oh no")`)), []string{"s3/a.go:2"}},
		{"a costly function", one("s3/a.go", body("strconv.QuoteToASCII(x)")), []string{"s3/a.go:2"}},
		{"not pure", one("devstack/a.go", code("devstack", "func f() { go f() }")), nil},
		{"a test", one("s3/a_test.go", body("go f()")), nil},
	},
	"no package-level state": {
		{"plain", one("s3/a.go", code("s3", "var ErrA = errors.New(\"a\")\nvar table = [...]string{\"a\"}\nvar p = &T{}\nvar crc = crc32.MakeTable(1)\nfunc f(a []int) int { x := table[0]; x = \"b\"; return len(a) / 2 * len(x) }")), nil},
		{"init", one("s3/a.go", code("s3", "func init() {}")), []string{"s3/a.go:2"}},
		{"a method named init", one("s3/a.go", code("s3", "func (t *T) init() {}")), nil},
		{"a state", one("s3/a.go", code("s3", "var count int")), []string{"s3/a.go:2"}},
		{"a number that could be a constant", one("s3/a.go", code("s3", "var count = 1")), []string{"s3/a.go:2"}},
		{"a table that is changed", one("s3/a.go", code("s3", "var table = []int{1}\nfunc f() { table[0] = 2 }")), []string{"s3/a.go:3"}},
		{"a table that is counted up", one("s3/a.go", code("s3", "var table = []int{1}\nfunc f() { table[0]++ }")), []string{"s3/a.go:3"}},
		{"a table changed from another file", map[string]string{
			"s3/a.go": code("s3", "var table = []T{}"),
			"s3/b.go": code("s3", "func f() { table[0].x = 2 }"),
		}, []string{"s3/b.go:2"}},
		{"a local of the same name", one("s3/a.go", code("s3", "var table = []int{1}\nfunc f() { table := []int{1}; table[0] = 2 }")), nil},
		{"state of a driver", one("driver/a.go", code("driver", "var once sync.Once")), []string{"driver/a.go:2"}},
		{"an interface checked", one("driver/a.go", code("driver", "var _ error = (*E)(nil)")), nil},
		{"state of a test", one("driver/a_test.go", code("driver", "var update = flag.Bool(\"\", false, \"\")")), nil},
		{"state where everything is open", one("devstack/a.go", code("devstack", "var x = 1")), nil},
		{"state of a main package", one("cmd/engine/a.go", code("main", "var session *int")), nil},
	},
	"length of functions and files": {
		{"longest function", one("s3/a.go", code("s3", "func f() {"+strings.Repeat("\n", maxFunction-1)+"}")), nil},
		{"a line more", one("s3/a.go", code("s3", "func f() {"+strings.Repeat("\n", maxFunction)+"}")), []string{"s3/a.go:2"}},
		{"a table in a test", one("s3/a_test.go", code("s3", "func f() {\n_ = []int{"+strings.Repeat("1,\n", maxFunction)+"}\n}")), nil},
		{"a table in a function", one("s3/a.go", code("s3", "func f() {\n_ = []int{"+strings.Repeat("1,\n", maxFunction)+"}\n}")), []string{"s3/a.go:2"}},
		{"longest file", one("web/core/a.ts", strings.Repeat("\n", maxFile)), nil},
		{"longest file and a line", one("web/core/a.ts", strings.Repeat("\n", maxFile+1)), []string{"web/core/a.ts"}},
		{"longest Go file and a line", one("s3/a.go", "package s3"+strings.Repeat("\n", maxFile+1)), []string{"s3/a.go"}},
		{"a script's function", one("web/core/a.ts", "\nfunction f() {"+strings.Repeat("\n", maxFunction-1)+"}"), nil},
		{"a script's function and a line", one("web/core/a.ts", "\nfunction f() {"+strings.Repeat("\n", maxFunction)+"}"), []string{"web/core/a.ts:2"}},
		{"a method", one("web/core/a.ts", "class A {\n  async b(): Promise<{ c: number }> {"+strings.Repeat("\n", maxFunction)+"}\n}"), []string{"web/core/a.ts:2"}},
		{"an arrow in a call", one("web/core/a.ts", "f(1, { a: 2 }, async (x) => {"+strings.Repeat("\n", maxFunction)+"});"), []string{"web/core/a.ts:1"}},
		{"parameters with a type", one("web/core/a.ts", "function f(a: { b: number }): void {"+strings.Repeat("\n", maxFunction)+"}"), []string{"web/core/a.ts:1"}},
		{"functions within a function", one("web/core/a.ts", "function f() {\n"+strings.Repeat("  function g() {\n  if (x) {\n\n\n\n}\n}\n", 30)+"}"), nil},
		{"a long object", one("web/core/a.ts", "const x = {"+strings.Repeat("\n", maxFunction)+"};"), nil},
		{"braces in a text", one("web/core/a.ts", "function f() { return `{${g({})}{`; }"+strings.Repeat("\n", maxFunction)), nil},
	},
	"file names": {
		{"a noun", one("s3/part.go", "package s3"), nil},
		{"utils", one("s3/utils.go", "package s3"), []string{"s3/utils.go"}},
		{"a test of helpers", one("s3/helpers_test.go", "package s3"), []string{"s3/helpers_test.go"}},
		{"common in a script", one("web/core/common.ts", ""), []string{"web/core/common.ts"}},
	},
	"comments at the door": {
		{"all there", one("s3/a.go", "// Package s3 does.\npackage s3\n\n// A Key is.\ntype Key string\n\n// Len is.\nfunc (k Key) Len() int { return 0 }\n\nfunc (k Key) String() string { return \"\" }\n\n// Limits.\nconst (\n\tA = 1\n\tB = 2\n)\n"), nil},
		{"no package comment", map[string]string{"s3/a.go": "package s3", "s3/b.go": "package s3"}, []string{"s3/a.go:1"}},
		{"a package comment of another kind", one("s3/a.go", "// This package does.\npackage s3"), []string{"s3/a.go:1"}},
		{"a command", one("cmd/x/main.go", "// Command x does.\npackage main"), nil},
		{"a command's comment that is not", one("cmd/x/main.go", "// Package main does.\npackage main"), []string{"cmd/x/main.go:1"}},
		{"a function without", one("s3/a.go", "// Package s3 does.\npackage s3\n\nfunc F() {}"), []string{"s3/a.go:4"}},
		{"a function's comment about something else", one("s3/a.go", "// Package s3 does.\npackage s3\n\n// Fun is.\nfunc F() {}"), []string{"s3/a.go:5"}},
		{"a method without", one("s3/a.go", "// Package s3 does.\npackage s3\n\n// T is.\ntype T[E any] int\nfunc (t *T[E]) F() {}"), []string{"s3/a.go:6"}},
		{"a method of nobody's type", one("s3/a.go", "// Package s3 does.\npackage s3\n\ntype t int\nfunc (t *t) F() {}"), nil},
		{"a type without", one("s3/a.go", "// Package s3 does.\npackage s3\n\ntype T int"), []string{"s3/a.go:4"}},
		{"a constant without", one("s3/a.go", "// Package s3 does.\npackage s3\n\nconst C = 1"), []string{"s3/a.go:4"}},
		{"a group without", one("s3/a.go", "// Package s3 does.\npackage s3\n\nconst (\n\tA = 1 // bytes\n\tB = 2\n\tC = 2\n)"), []string{"s3/a.go:6"}},
		{"a test package", one("s3/a_test.go", "package s3_test\n\nfunc F() {}"), nil},
	},
	"TypeScript is strict": {
		{"good", one("web/core/a.ts", "const a: unknown = !b && c !== d; // any, console.log\nPromise.any([x]); f({ any: 1 }); const e = /any!./.test(`any${a}!.`); g(\"x!\");"), nil},
		{"any as a type", one("web/core/a.ts", "let a: any = 1;\nlet b: any;"), []string{"web/core/a.ts:1", "web/core/a.ts:2"}},
		{"any in a list", one("web/core/a.ts", "let a: Array<any>;\nlet b: any[];\nlet c = d as any;\nlet e: string | any = 1;"), []string{"web/core/a.ts:1", "web/core/a.ts:2", "web/core/a.ts:3", "web/core/a.ts:4"}},
		{"any in a template's code", one("web/core/a.ts", "`${a as any}`"), []string{"web/core/a.ts:1"}},
		{"non-null before a point", one("web/core/a.ts", "a!.b"), []string{"web/core/a.ts:1"}},
		{"non-null after a call", one("web/core/a.ts", "a()!;\nb[0]!\n"), []string{"web/core/a.ts:1", "web/core/a.ts:2"}},
		{"non-null property", one("web/core/a.ts", "class A { b!: string }"), []string{"web/core/a.ts:1"}},
		{"default export", one("web/core/a.ts", "export default 1;"), []string{"web/core/a.ts:1"}},
		{"what a bundler gives for a picture", one("web/ui/svg.d.ts", "declare module \"*.svg\" { const text: string; export default text; }"), nil},
		{"enum", one("web/core/a.ts", "export const enum A { B }"), []string{"web/core/a.ts:1"}},
		{"namespace", one("web/core/a.ts", "declare namespace A.B { }"), []string{"web/core/a.ts:1"}},
		{"console", one("web/core/a.ts", "console.warn(1)"), []string{"web/core/a.ts:1"}},
		{"console in a test", one("web/core/a.test.ts", "console.log(1)"), nil},
		{"eval", one("web/core/a.ts", "eval(a); new Function (b)"), []string{"web/core/a.ts:1", "web/core/a.ts:1"}},
		{"a pragma", one("web/core/a.ts", "// @ts-"+"ignore\n"), []string{"web/core/a.ts:1"}},
		{"after a regular expression with a quote", one("web/core/a.ts", "x = y.split(/[/'\"]/); let a: any;"), []string{"web/core/a.ts:1"}},
		{"after a division", one("web/core/a.ts", "x = y / 2; let a: any; z = 1 / 2;"), []string{"web/core/a.ts:1"}},
	},
	"no test is skipped": {
		{"a test", one("s3/a_test.go", body("t.Fatal(1); d.Skip()")), nil},
		{"Skip", one("s3/a_test.go", body("t.Skip(1)")), []string{"s3/a_test.go:2"}},
		{"Skipf of a benchmark", one("s3/a_test.go", body("b.Skipf(\"\")")), []string{"s3/a_test.go:2"}},
		{"SkipNow in a library of tests", one("test/x/x.go", body("tb.SkipNow()")), []string{"test/x/x.go:2"}},
		{"a script", one("web/core/a.test.ts", "test.skip(\"x\", () => {});"), []string{"web/core/a.test.ts:1"}},
		{"the others of a script", one("web/core/a.test.ts", "describe.only(\"x\", () => {});"), []string{"web/core/a.test.ts:1"}},
	},
	"parsers are fuzzed, corpora committed": {
		{"both", map[string]string{
			"s3/a.go":                      code("s3", "func ParseA() {}"),
			"s3/a_test.go":                 code("s3", "func FuzzA(f *testing.F) {}"),
			"s3/testdata/fuzz/FuzzA/empty": "go test fuzz v1\n",
		}, nil},
		{"no target", one("s3/a.go", code("s3", "func ParseA() {}\nfunc (t *T) ParseB() {}")), []string{"s3/a.go:2"}},
		{"no corpus", map[string]string{
			"s3/a.go":                      code("s3", "func ParseA() {}"),
			"s3/a_test.go":                 code("s3", "func FuzzA(f *testing.F) {}\nfunc FuzzB(f *testing.F) {}"),
			"s3/testdata/fuzz/FuzzB/empty": "go test fuzz v1\n",
		}, []string{"s3/a_test.go"}},
		{"a command", one("cmd/x/a.go", code("main", "func ParseA() {}")), nil},
	},
	"banned texts": {
		{"words like it", one("README.md", "https://example.com/home/page, web/work/a, todos, $HOME/x, to/tmp/x"), nil},
		{"unfinished", one("s3/a.go", "package s3\n// TO"+"DO: x\n"), []string{"s3/a.go:2"}},
		{"unfinished in a script", one("tools/a.sh", "# FIX"+"ME\n"), []string{"tools/a.sh:1"}},
		{"a registry", one("a.md", "https://registry"+".npmjs.org/lit"), []string{"a.md:1"}},
		{"a proxy", one("Makefile", "GOPROXY=https://proxy"+".golang.org"), []string{"Makefile:1"}},
		{"a mirror", one("Dockerfile", "deb http://deb"+".debian.org/debian"), []string{"Dockerfile:1"}},
		{"a folder of this machine", one("a.md", "cd /ro"+"ot/x\nsee \"/wo"+"rk/main\"\n"), []string{"a.md:1", "a.md:2"}},
		{"a picture", one("a.png", "\x00 /ro"+"ot/x"), nil},
	},
	"tracked files are small": {
		{"largest", one("a.bin", strings.Repeat("a", maxTracked)), nil},
		{"a byte more", one("a.bin", strings.Repeat("a", maxTracked+1)), []string{"a.bin"}},
	},
	"lock files name no address": {
		{"none", one("web/package-lock.json", `{"integrity": "x"}`), nil},
		{"one", one("web/package-lock.json", "{\n\"resolved\": \"x\"}"), []string{"web/package-lock.json:2"}},
	},
}

func TestLoad_wantsARepository(t *testing.T) {
	if _, err := Load(t.TempDir()); err == nil {
		t.Error("Load of a folder that is no repository = nil")
	}
}

func TestNewTree_wantsGoThatParses(t *testing.T) {
	if _, err := newTree(map[string][]byte{"a.go": []byte("package")}); err == nil {
		t.Error("newTree of broken Go = nil")
	}
}
