//go:build ignore

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Mounts: who mounted what kind of file system, and whether in the host's own mount namespace.
 *
 * The kernel's ways there:
 *
 *	mount -> do_mount -> path_mount(source, path, type, flags, data) = 0
 *	move_mount (behind fsopen, fsmount, open_tree) -> vfs_move_mount, do_move_mount
 *	  <- security_move_mount(from_path, to_path), asked before it
 *
 * The first is looked at when it returns, so that only what was really done counts. Containers mount dozens of times as
 * they start, in namespaces of their own: those are counted, and only those of the host are told.
 */
#include "kernel.h"
#include "helpers.h"
#include "vymir.h"
#include "acts.h"

#define MS_REMOUNT     32
#define MS_BIND	       4096
#define MS_MOVE	       8192
#define MS_PROPAGATION (1 << 17 | 1 << 18 | 1 << 19 | 1 << 20)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct mnt_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct task_struct___spaces {
	struct nsproxy *nsproxy;
};

struct file_system_type {
	const char *name;
};

struct super_block___typed {
	struct file_system_type *s_type;
};

struct vfsmount {
	struct super_block *mnt_sb;
};

struct path___mounted {
	struct vfsmount *mnt;
};

#pragma clang attribute pop

static __always_inline __u32 where(const int how)
{
	struct task_struct___spaces *task =
		how == COPIED ? (void *)bpf_get_current_task() : (void *)bpf_get_current_task_btf();
	struct nsproxy *spaces = LOAD(how, task->nsproxy);
	struct mnt_namespace *space;

	if (!spaces)
		return 0;
	space = LOAD(how, spaces->mnt_ns);
	return here(LOAD(how, space->ns.inum));
}

static __always_inline int mounted(const int how, const int strings, __u64 flags, const char *type)
{
	struct act_key key = {.action = ACT_MOUNT, .flags = ACT_CERTAIN};

	key.mask = flags & (MS_REMOUNT | MS_BIND | MS_MOVE | MS_PROPAGATION);
	if (strings && type)
		bpf_probe_read_kernel_str(key.what, 16, type);
	key.uid = (__u32)bpf_get_current_uid_gid();
	key.to = key.uid;
	key.flags |= where(how);
	return acted(&key, key.flags & ACT_HERE && !(key.mask & (MS_REMOUNT | MS_PROPAGATION)));
}

/* The sixth is what the function returned. */
static __always_inline int returned(const int how, const int strings, __u64 *ctx)
{
	if ((int)ctx[5] && !by_agent())
		return 0;
	return mounted(how, strings, ctx[3], (const char *)ctx[2]);
}

static __always_inline int moved(const int how, const int strings, struct path___mounted *from)
{
	struct vfsmount *mnt = LOAD(how, from->mnt);
	struct super_block___typed *sb = (void *)LOAD(how, mnt->mnt_sb);
	struct file_system_type *type = LOAD(how, sb->s_type);

	return mounted(how, strings, 0, LOAD(how, type->name));
}

SEC("fexit/path_mount")
int mount_fexit(__u64 *ctx)
{
	return returned(DIRECT, 1, ctx);
}

SEC("fentry/security_move_mount")
int move_fentry(__u64 *ctx)
{
	return moved(DIRECT, 1, (struct path___mounted *)ctx[0]);
}

/* Where the kernel lets nobody read its memory: without the kind of file system. */
SEC("fexit/path_mount")
int mount_fexit_direct(__u64 *ctx)
{
	return returned(DIRECT, 0, ctx);
}

SEC("fentry/security_move_mount")
int move_fentry_direct(__u64 *ctx)
{
	return moved(DIRECT, 0, (struct path___mounted *)ctx[0]);
}

/* Before 5.11 the current process cannot be had with its type. */
SEC("fexit/path_mount")
int mount_fexit_copied(__u64 *ctx)
{
	return returned(COPIED, 1, ctx);
}

SEC("fentry/security_move_mount")
int move_fentry_copied(__u64 *ctx)
{
	return moved(COPIED, 1, (struct path___mounted *)ctx[0]);
}

char terms[] SEC("license") = "Dual BSD/GPL";
