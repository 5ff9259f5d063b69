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
// may not, a process of our own, which leaves its namespaces as it ends. Some kernels do not show that: then only the hook of
// new processes is proven, by such a process, and the others are kept beside it.
func Namespace(ctx context.Context, o act.Options) *act.Probe {
	return act.Open(ctx, act.Namespace, loadPrivilege, namespaces, stay, o)
}

var namespaces = []hook.Candidate{
	{
		Kind: hook.Fentry, Program: privilegeProgNamespaceSwitched,
		Beside: []string{privilegeProgNamespaceOfUsers, privilegeProgNamespaceCloned},
	},
	act.ByCapability,
	{
		Kind: hook.Fentry, Program: privilegeProgNamespaceCloned,
		Beside: []string{privilegeProgNamespaceOfUsers, privilegeProgNamespaceSwitched},
		Note:   "unshare and setns have a hook, too, which nothing that this process may do could prove", Cause: bear,
	},
	{Kind: hook.TracingBTF, Program: privilegeProgNamespaceBtf, Note: onlyNew, Cause: bear},
	{Kind: hook.Raw, Program: privilegeProgNamespaceRaw, Name: "task_newtask", Note: onlyNew, Cause: bear},
}

const onlyNew = "only those of new processes: the kernel offers no hook for unshare and setns"

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
