package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/bucketline/bucketline/test/webdriver"
)

// Usage is what a browser's processes have used so far.
type Usage struct {
	// Page is processor time of the threads that run pages' scripts, which are the
	// first of their processes. It is exact.
	Page time.Duration

	// All is processor time of all processes, counted in ticks of 10 ms.
	All time.Duration

	// Resident is the memory of all processes, what they share counted in each.
	Resident int64

	// Peak is the sum of the most that each process has had resident, since
	// forgetPeaks: at least the most that they had together.
	Peak int64
}

const (
	ticks       = 100 // a second, for every Linux that Go runs on
	renderer    = "renderer"
	clearedPeak = "5" // proc(5), clear_refs
)

// usage reads what the session's browser has used.
func usage(s *webdriver.Session) Usage {
	var u Usage
	for _, p := range s.Memory() {
		folder := filepath.Join("/proc", strconv.Itoa(p.PID))
		u.Peak += p.Resident
		u.Resident += resident(folder)
		u.All += processTime(folder)
		if p.Kind == renderer {
			u.Page += threadTime(filepath.Join(folder, "task", strconv.Itoa(p.PID)))
		}
	}
	return u
}

// forgetPeaks has the system count the most resident memory anew.
func forgetPeaks(s *webdriver.Session) {
	for _, p := range s.Memory() {
		// Where that is not allowed the peak is that of the browser's life so far.
		_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.PID), []byte(clearedPeak), 0)
	}
}

// threadTime is what the scheduler counts, in nanoseconds.
func threadTime(task string) time.Duration {
	text, _ := os.ReadFile(filepath.Join(task, "schedstat"))
	fields := strings.Fields(string(text))
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(fields[0], 10, 64)
	return time.Duration(n)
}

// processTime reads utime and stime of proc(5)'s stat. The second field is a
// name in parentheses, with anything in it.
func processTime(folder string) time.Duration {
	text, _ := os.ReadFile(filepath.Join(folder, "stat"))
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * time.Second / ticks
}

func resident(folder string) int64 {
	text, _ := os.ReadFile(filepath.Join(folder, "status"))
	now := residentNow.FindSubmatch(text)
	if now == nil {
		return 0
	}
	kilobytes, _ := strconv.ParseInt(string(now[1]), 10, 64)
	return kilobytes << 10
}

var residentNow = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)

// loadAverage is how many threads ran or wanted to, over the last minute.
func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
