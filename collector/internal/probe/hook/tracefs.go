package hook

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const tracefs = "/sys/kernel/tracing"

// needTracefs makes the tracepoints' ids readable and gives back what takes it away again. Where tracefs is not
// mounted it is mounted for the moment: the attached program does not need it.
func needTracefs() (done func(), err error) {
	for _, dir := range []string{tracefs, "/sys/kernel/debug/tracing"} {
		if _, err := os.Stat(dir + "/events"); err == nil {
			return func() {}, nil
		} else if errors.Is(err, os.ErrPermission) {
			return nil, fmt.Errorf("read %s: needs CAP_DAC_READ_SEARCH or root", dir)
		}
	}
	if err := unix.Mount("tracefs", tracefs, "tracefs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return nil, fmt.Errorf("mount tracefs: %w", err)
	}
	return func() { _ = unix.Unmount(tracefs, unix.MNT_DETACH) }, nil
}
