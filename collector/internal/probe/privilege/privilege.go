// Package privilege sees who changes what he may do: his user, his capabilities, his namespaces. privilege.bpf.c tells
// where the kernel reports it.
package privilege

import (
	"context"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/act"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// SetUID opens the probe of changes of user. Its proof is that the agent becomes the user that it is.
func SetUID(ctx context.Context, o act.Options) *act.Probe {
	return act.Open(ctx, act.SetUID, loadPrivilege, []hook.Candidate{
		{Kind: hook.Fentry, Program: privilegeProgSetuidFentry}, act.ByCapability,
	}, setSelf, o)
}

// setSelf asks for the user that this process has, on this thread alone, since nothing changes.
func setSelf(context.Context) error {
	if _, _, errno := syscall.RawSyscall(sysSetuid, uintptr(syscall.Getuid()), 0, 0); errno != 0 {
		return fmt.Errorf("set own user: %w", errno)
	}
	return nil
}

// Capset opens the probe of changes of capabilities. Its proof is that the agent takes those that it has.
func Capset(ctx context.Context, o act.Options) *act.Probe {
	return act.Open(ctx, act.Capset, loadPrivilege, []hook.Candidate{
		{Kind: hook.Fentry, Program: privilegeProgCapsetFentry}, act.ByCapability,
	}, keepCapabilities, o)
}

func keepCapabilities(context.Context) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return fmt.Errorf("read own capabilities: %w", err)
	}
	if err := unix.Capset(&header, &sets[0]); err != nil {
		return fmt.Errorf("set own capabilities: %w", err)
	}
	return nil
}

// Namespace opens the probe of new and entered namespaces. Its proof is that the agent enters one that it is in or, where it
// may not, a process of our own, which leaves its namespaces as it ends; that of what sees only new processes is such a process.
func Namespace(ctx context.Context, o act.Options) *act.Probe {
	const some = "only those of new processes: the kernel offers no hook for unshare and setns"
	return act.Open(ctx, act.Namespace, loadPrivilege, []hook.Candidate{
		{
			Kind: hook.Fentry, Program: privilegeProgNamespaceSwitched,
			Beside: []string{privilegeProgNamespaceOfUsers, privilegeProgNamespaceCloned},
		},
		act.ByCapability,
		{Kind: hook.TracingBTF, Program: privilegeProgNamespaceBtf, Note: some, Cause: bear},
		{Kind: hook.Raw, Program: privilegeProgNamespaceRaw, Name: "task_newtask", Note: some, Cause: bear},
	}, stay, o)
}

// stay enters a namespace that we are in; where we may not, it causes the next best, which not every kernel shows.
func stay(ctx context.Context) error {
	if fd, err := unix.Open("/proc/thread-self/ns/uts", unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
		err = unix.Setns(fd, unix.CLONE_NEWUTS) // the same as before; refused to those who may not, which is asked all the same
		_ = unix.Close(fd)
		if err == nil {
			return nil
		}
	}
	return bear(ctx)
}

// bear lets a process of our own live and end.
func bear(ctx context.Context) error {
	child, err := hook.Exec(ctx)
	if err != nil {
		return err
	}
	child.End()
	return nil
}
