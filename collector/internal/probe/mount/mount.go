// Package mount sees who mounts what, in every mount namespace. mount.bpf.c tells where the kernel reports it.
package mount

import (
	"context"
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/vymir-project/vymir/collector/internal/probe/act"
	"github.com/vymir-project/vymir/collector/internal/probe/hook"
)

// Open opens the probe. Its proof is a mount without a kind of file system, which the kernel refuses.
func Open(ctx context.Context, o act.Options) *act.Probe {
	return act.Open(ctx, act.Mount, loadMount, []hook.Candidate{
		{Kind: hook.Fentry, Program: mountProgMountFexit, Beside: []string{mountProgMoveFentry}},
		{Kind: hook.Fentry, Program: mountProgMountFexitDirect, Beside: []string{mountProgMoveFentryDirect},
			Note: "kinds of file systems are known of those that last: the kernel lets nobody read its memory"},
		{Kind: hook.Fentry, Program: mountProgMountFexitCopied, Beside: []string{mountProgMoveFentryCopied}},
		act.ByCapability,
	}, mountNothing, o)
}

func mountNothing(context.Context) error {
	root := []byte("/\x00")
	_, _, errno := syscall.RawSyscall6(syscall.SYS_MOUNT, 0, uintptr(unsafe.Pointer(&root[0])), 0, 0, 0, 0)
	if errno == 0 || errno == unix.EINVAL || errno == unix.ENODEV || errno == unix.EPERM {
		return nil
	}
	return fmt.Errorf("mount nothing: %w", errno)
}
