// Package tidy is the architecture and the style of this repository as rules
// that a test enforces. Read the tables below to learn how the folders hang
// together; each rule's function, in the file named after its subject, says
// what it looks at.
//
// It judges what can be judged from the text of the files that git tracks or
// would track, compiled or not, for every platform. It knows nothing of what
// the code means. Where a rule is wrong, change it in the commit that shows so.
package tidy

import (
	"regexp"
	"strconv"
)

// module is the path before every import of our own packages.
const module = "github.com/bucketline/bucketline"

// Band is what a folder's code may do.
type Band int

// The bands. Test files may import what they like, but for test/ and cmd/.
const (
	Pure   Band = iota + 1 // decides, never does: see pureStd and the pure rule
	Driver                 // does, never decides: the standard library alone
	Open                   // also modules, each with a note in docs/decisions
)

// Folder is a row of the architecture: a folder with all below it, except what
// has a row of its own.
type Folder struct {
	Path   string
	Band   Band
	May    []string // our folders that it may import
	Std    []string // Pure only: standard packages beside pureStd
	HTTP   bool     // may import net/http
	Module string   // Driver only: the one module that it is a cover of
}

// folders is the direction: a row may import only what it names. Rows of
// packages that do not exist yet keep their place.
var folders = []Folder{
	// Pure.
	{Path: "internal/xmlscan", Band: Pure, May: []string{"internal/ascii"}},
	{Path: "internal/jsonscan", Band: Pure},
	{Path: "internal/ascii", Band: Pure},
	{Path: "internal/crc", Band: Pure},
	{Path: "internal/heap", Band: Pure, Std: []string{"unsafe"}},
	{Path: "internal/digest", Band: Pure, Std: []string{"crypto/hmac", "crypto/md5", "crypto/sha1", "crypto/sha256"}},
	{Path: "s3", Band: Pure, May: []string{"internal/ascii", "internal/digest", "internal/xmlscan"}},
	{Path: "sign", Band: Pure, May: []string{"internal/digest", "s3"}},
	{Path: "cred", Band: Pure, May: []string{"sign"}},
	{Path: "cred/exchange", Band: Pure, May: []string{"internal/ascii", "cred", "s3", "sign", "internal/digest", "internal/jsonscan", "internal/xmlscan"}},
	{Path: "cred/sts", Band: Pure, May: []string{"cred", "cred/exchange", "s3", "sign"}},
	{Path: "cred/cognito", Band: Pure, May: []string{"internal/ascii", "cred", "cred/exchange", "cred/sts", "s3", "sign"}},
	{Path: "cred/container", Band: Pure, May: []string{"cred", "cred/exchange", "s3"}},
	{Path: "cred/r2", Band: Pure, May: []string{"cred", "cred/exchange", "s3", "sign", "internal/digest"}},
	{Path: "cred/express", Band: Pure, May: []string{"cred", "cred/exchange", "s3", "sign"}},
	{Path: "cred/grants", Band: Pure, May: []string{"cred", "cred/exchange", "s3", "sign"}},
	{Path: "cred/policy", Band: Pure, May: []string{"cred/exchange"}},
	{Path: "queue", Band: Pure, May: []string{"s3"}},
	{Path: "journal", Band: Pure, May: []string{"internal/ascii", "s3"}},
	{Path: "engine", Band: Pure, May: []string{"s3", "sign", "cred", "queue", "journal"}},
	{Path: "wire", Band: Pure, May: []string{"internal/crc", "internal/digest", "engine", "s3", "sign", "cred", "queue", "journal"}},
	{Path: "wire/exchanges", Band: Pure, May: []string{
		"wire", "cred", "cred/exchange", "cred/sts", "cred/cognito", "cred/container", "cred/express", "cred/grants", "cred/policy", "s3", "sign",
	}},
	{Path: "cmd/engine", Band: Pure, May: []string{"internal/heap", "wire"}, Std: []string{"unsafe"}},
	{Path: "cmd/exchange", Band: Pure, May: []string{"internal/heap", "wire", "wire/exchanges"}, Std: []string{"unsafe"}},

	// Drivers.
	{Path: "driver", Band: Driver, May: []string{"engine", "s3", "sign", "cred", "queue", "journal", "driver/crc64nvme", "driver/recording"}},
	{Path: "driver/recording", Band: Driver, May: []string{"engine", "s3", "cred", "journal", "wire"}},
	{Path: "driver/crc64nvme", Band: Driver, Module: "github.com/minio/crc64nvme"},
	{Path: "driver/nethttp", Band: Driver, May: []string{"driver", "engine", "s3"}, HTTP: true},
	{Path: "driver/http1", Band: Driver, May: []string{"driver", "driver/nethttp", "engine", "s3"}, Module: "github.com/valyala/fasthttp"},
	{Path: "driver/transporttest", Band: Driver, May: []string{"driver", "engine", "s3"}, HTTP: true},
	{Path: "driver/journaltest", Band: Driver, May: []string{"driver"}},
	{Path: "driver/dirjournal", Band: Driver, May: []string{"driver", "journal"}},
	{Path: ".", Band: Driver, May: []string{"driver", "driver/nethttp", "driver/http1", "driver/dirjournal", "driver/recording", "engine", "queue", "journal", "s3", "sign", "cred"}},
	{Path: "issuer", Band: Open, May: []string{"cred", "cred/exchange", "cred/policy", "cred/r2", "cred/sts", "sign"}, HTTP: true},
	{Path: "internal/jsonobject", Band: Driver},
	{Path: "finesign", Band: Driver, May: []string{"internal/jsonobject", "s3", "sign"}, HTTP: true},
	{Path: "provider", Band: Driver, HTTP: true, May: []string{
		".", "cred", "cred/exchange", "cred/sts", "cred/cognito", "cred/container", "cred/r2", "cred/express", "cred/grants", "sign",
	}},
	{Path: "provider/awsconfig", Band: Open, May: []string{".", "cred", "cred/exchange", "provider"}},
	{Path: "cmd/bucketline", Band: Open, HTTP: true, May: []string{
		".", "driver", "driver/nethttp", "driver/dirjournal", "engine", "s3", "sign", "cred", "cred/sts", "devstack", "internal/jsonobject", "internal/sim", "issuer",
		"provider", "provider/awsconfig",
	}},
	{Path: "devstack", Band: Open, HTTP: true, May: []string{"s3", "sign", "cred", "cred/sts", "internal/jsonobject", "internal/xmlscan"}},

	// Proof and tools.
	{Path: "internal/fakes3", Band: Driver, May: []string{"s3", "sign", "internal/xmlscan"}, HTTP: true},
	{Path: "internal/fakeclouds", Band: Open, HTTP: true},
	{Path: "internal/sim", Band: Driver, May: []string{"engine", "s3", "sign", "cred", "queue", "journal", "wire", "driver/recording", "internal/fakes3"}},
	{Path: "internal/tidy", Band: Driver},
	{Path: "tools", Band: Open, HTTP: true, May: []string{"tools"}},
	{Path: "test", Band: Open, HTTP: true, May: []string{"test", ".", "devstack", "finesign", "internal/fakes3", "cred", "cred/sts", "journal", "sign", "s3"}},
	{Path: "bench", Band: Open, HTTP: true, May: []string{"bench", ".", "devstack", "engine", "cred", "sign", "s3"}},
	{Path: "bench/browser", Band: Open, HTTP: true, May: []string{"bench/browser", "test"}},
	{Path: "examples", Band: Driver, May: []string{".", "cred", "s3"}, HTTP: true},
}

// sinks are imported by each other alone, where a row says so; not even by tests
// elsewhere.
var sinks = []string{"test", "cmd", "bench", "examples"}

// pureStd are the standard packages of the Pure band: those that TinyGo makes
// small, and that read no clock, no file and no network.
var pureStd = []string{
	"bytes", "encoding/base64", "encoding/hex", "errors", "hash", "hash/crc32", "hash/crc64", "math/bits", "slices", "strconv", "strings", "unicode/utf8",
}

// loud are the packages that a library does not use: only Open folders log.
var loud = []string{"log", "log/slog"}

// pureCalls are the functions of pureStd that cost too much in the module or
// depend on floats.
var pureCalls = []string{
	"strconv.Quote", "strconv.AppendQuote", "strconv.Unquote", "strconv.ParseFloat", "strconv.FormatFloat",
	"strconv.AppendFloat", "strings.NewReplacer", "strings.Title", "hex.Decode", "hex.Dump",
}

// stateful are the files that stand in for the runtime, whose state is the
// program's.
var stateful = []string{"internal/heap/module.go"}

// scripts is the direction of the TypeScript folders: our folders and the npm
// packages that each may import. An empty row imports only from itself.
var scripts = []struct {
	path     string
	may      []string
	packages []string
}{
	{path: "web/core"},
	{path: "web/login", may: []string{"web/core"}, packages: []string{"oauth4webapi"}},
	{path: "web/ui", may: []string{"web/core"}, packages: []string{"lit", "@primer/octicons"}},
	{path: "web/fine", may: []string{"web/core"}, packages: []string{"pica"}},
	{path: "web/script", may: []string{"web/core"}},
	{path: "web/demo", may: []string{"web/core", "web/login", "web/ui", "web/fine"}},
}

// The limits of size.
const (
	maxFunction = 70      // lines of a function, its signature and braces included
	maxFile     = 700     // lines of a Go or TypeScript file
	maxTracked  = 1 << 20 // bytes of any file
)

// vague are file names that do not name the noun inside.
var vague = []string{"common", "helper", "helpers", "misc", "types", "util", "utils"}

// internalError begins every panic of a pure package.
const internalError = "bucketline: internal error: "

// A banned text may stand in no tracked file. The patterns are written so that
// they do not match themselves.
var banned = []struct {
	pattern *regexp.Regexp
	why     string
}{
	{regexp.MustCompile(`\b(TO[D]O|FIX[M]E|XX[X])\b`), "unfinished work belongs in an issue"},
	{regexp.MustCompile(`(registry[.]npmjs|registry[.]yarnpkg|(proxy|sum)[.]golang|(deb|security)[.]debian|(files[.]pythonhosted|pypi)|static[.]crates)[.](org|com|io)`), "a registry's host ties the build to it"},
	{regexp.MustCompile(`(^|[\s"'` + "`" + `=(:,])/(root|home|work|tmp)/`), "a path of one machine"},
}

// Finding is one breach of a rule.
type Finding struct {
	Path string
	Line int // from 1; 0 when it is about the whole file or folder
	Why  string
}

// String is in the form that editors jump to.
func (f Finding) String() string {
	if f.Line == 0 {
		return f.Path + ": " + f.Why
	}
	return f.Path + ":" + strconv.Itoa(f.Line) + ": " + f.Why
}

// Rule is one thing to hold.
type Rule struct {
	Name  string
	Check func(*Tree) []Finding
}

// Rules are all of them, in the order in which they are explained here.
var Rules = []Rule{
	{"direction between folders", checkDirection},
	{"standard packages and modules", checkPackages},
	{"modules have a decision note", checkNotes},
	{"direction of scripts", checkScripts},
	{"pure packages decide and never do", checkPure},
	{"no package-level state", checkState},
	{"length of functions and files", checkLength},
	{"file names", checkNames},
	{"comments at the door", checkComments},
	{"TypeScript is strict", checkTypeScript},
	{"no test is skipped", checkSkips},
	{"parsers are fuzzed, corpora committed", checkFuzzing},
	{"banned texts", checkTexts},
	{"tracked files are small", checkSizes},
	{"lock files name no address", checkLocks},
}
