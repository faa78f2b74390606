package webdriver

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// ProcessMemory is the memory of one of the browser's processes.
type ProcessMemory struct {
	Kind string // what its command line says after --type=; of the first process "browser"
	PID  int

	// Resident is the most that was resident at any time since the process began,
	// in bytes, with what it shares with others (proc(5), VmHWM).
	Resident int64
}

// Memory lists the browser's processes that there are now.
func (s *Session) Memory() []ProcessMemory {
	s.t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		s.t.Fatal(err)
	}
	var list []ProcessMemory
	for _, path := range found {
		if stat, err := os.ReadFile(path); err != nil || groupOf(stat) != s.b.group() {
			continue // one that has ended is of no interest
		}
		folder := filepath.Dir(path)
		line, _ := os.ReadFile(filepath.Join(folder, "cmdline"))
		status, _ := os.ReadFile(filepath.Join(folder, "status"))
		peak := residentPeak.FindSubmatch(status)
		if peak == nil {
			continue
		}
		kilobytes, _ := strconv.ParseInt(string(peak[1]), 10, 64)
		pid, _ := strconv.Atoi(filepath.Base(folder))
		m := ProcessMemory{Kind: "browser", PID: pid, Resident: kilobytes << 10}
		for _, argument := range strings.FieldsFunc(string(line), func(r rune) bool { return r == 0 || r == ' ' }) {
			if kind, ok := strings.CutPrefix(argument, "--type="); ok {
				m.Kind = kind
			}
		}
		list = append(list, m)
	}
	return list
}

var residentPeak = regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`)

// groupOf reads the process group, the fifth field of proc(5)'s stat. The
// second is a name in parentheses, with anything in it.
func groupOf(stat []byte) int {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 3 {
		return 0
	}
	group, _ := strconv.Atoi(string(fields[2]))
	return group
}
