package hooktest

import (
	"fmt"
	"os"
	osexec "os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// doing makes the test binary do something that the kernel lets only few do, and end.
const doing = "VYMIR_TEST_DO"

func init() {
	what := os.Getenv(doing)
	if what == "" {
		return
	}
	runtime.LockOSThread()
	name, argument, _ := strings.Cut(what, ":")
	if err := do(name, argument); err != nil {
		fmt.Fprintln(os.Stderr, what+":", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// do acts on this thread alone.
func do(name, argument string) error {
	n, _ := strconv.Atoi(argument)
	switch name {
	case "become": // another user
		return errnoOf(unix.RawSyscall(unix.SYS_SETRESUID, uintptr(n), uintptr(n), uintptr(n)))
	case "gain": // be nobody, or the user given, and then root by the capability that was kept
		if err := unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0); err != nil {
			return err
		}
		if argument == "" {
			argument = "65534"
		}
		if err := do("become", argument); err != nil {
			return err
		}
		if err := do("raise", strconv.Itoa(unix.CAP_SETUID)); err != nil {
			return err
		}
		return do("become", "0")
	case "storm": // gain root as often as given, each time under another name
		for i := range n {
			name := append([]byte("storm"+strconv.Itoa(i)), 0)
			if err := unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0); err != nil {
				return err
			}
			if err := do("gain", ""); err != nil {
				return err
			}
		}
		return nil
	case "nested": // gain what is root in a namespace of users, and nobody outside of it
		cmd := osexec.Command("/proc/self/exe")
		cmd.Env = []string{doing + "=gain:1"}
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  unix.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 65533, Size: 1}, {ContainerID: 1, HostID: 65534, Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 65534, Size: 1}},
			Credential:  &syscall.Credential{NoSetGroups: true},
		}
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	case "raise", "drop": // a capability among the effective ones
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var sets [2]unix.CapUserData
		if err := unix.Capget(&header, &sets[0]); err != nil {
			return err
		}
		if name == "raise" {
			sets[n/32].Effective |= 1 << (n % 32)
		} else {
			sets[n/32].Effective &^= 1 << (n % 32)
		}
		return unix.Capset(&header, &sets[0])
	case "unshare":
		return unix.Unshare(n)
	case "clone": // begin a process in namespaces of its own
		cmd := osexec.Command("/proc/self/exe")
		cmd.Env = []string{doing + "=drop:0"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: uintptr(n)}
		return cmd.Run()
	case "enter": // a namespace of the process whose id is given
		fd, err := unix.Open("/proc/"+argument+"/ns/uts", unix.O_RDONLY, 0)
		if err != nil {
			return err
		}
		return unix.Setns(fd, unix.CLONE_NEWUTS)
	case "mount":
		return unix.Mount("vymir", argument, "tmpfs", unix.MS_NOSUID, "")
	case "move_mount": // by the calls of newer programs: fsopen, fsconfig, fsmount, move_mount
		return moveMount(argument)
	}
	return fmt.Errorf("nobody knows how")
}

func errnoOf(_, _ uintptr, errno syscall.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}

func moveMount(point string) error {
	fs, err := unix.Fsopen("tmpfs", 0)
	if err != nil {
		return err
	}
	const create = 6 // FSCONFIG_CMD_CREATE
	if err := errnoOf(unix.Syscall6(unix.SYS_FSCONFIG, uintptr(fs), create, 0, 0, 0, 0)); err != nil {
		return err
	}
	mnt, err := unix.Fsmount(fs, 0, 0)
	if err != nil {
		return err
	}
	return unix.MoveMount(mnt, "", unix.AT_FDCWD, point, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

// Doer is the command name under which Do acts: that of a copy of the test binary.
const Doer = "vymir-doer"

// Do lets a copy of the test binary do something: become:USER, gain, storm:TIMES, nested, raise:CAPABILITY, drop:CAPABILITY, unshare:FLAGS,
// clone:FLAGS, enter:PROCESS, mount:DIRECTORY, move_mount:DIRECTORY.
func Do(t testing.TB, what string) error {
	t.Helper()
	cmd := osexec.Command(copySelf(t))
	cmd.Env = []string{doing + "=" + what}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

var self string

// copySelf copies the test binary under the name of the doer, once.
func copySelf(t testing.TB) string {
	t.Helper()
	if self != "" {
		if _, err := os.Stat(self); err == nil {
			return self
		}
	}
	b, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	self = t.TempDir() + "/" + Doer
	if err := os.WriteFile(self, slices.Clip(b), 0o755); err != nil {
		t.Fatal(err)
	}
	return self
}
