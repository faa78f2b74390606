package load

import (
	"fmt"
	"os"
	"strings"
)

// PeakKiB is the most memory that a process has had until now, in KiB: VmHWM of
// Linux, and 0 where nobody tells.
func PeakKiB(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib int64
	fmt.Sscan(rest, &kib)
	return kib
}
