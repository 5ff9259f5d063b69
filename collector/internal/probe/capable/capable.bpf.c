//go:build ignore

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Acts by the capability they ask for, on kernels that offer neither fentry nor the hooks of the security modules.
 *
 * The kernel's way there, from 6.14 on:
 *
 *	setuid, capset, unshare, setns, mount, move_mount, bpf ... -> ns_capable, capable -> security_capable
 *	  -> cap_capable(cred, target_ns, cap, opts) -> trace_cap_capable(cred, target_ns, capable_ns, cap, ret)
 *
 * The tracepoint says who asked for which capability and whether he has it; which call it was stands in the registers
 * with which the process entered the kernel. Most checks are of capabilities, or in calls, that do not matter here, and
 * leave after a few instructions. What a call came to is not known, and where one asks twice, it counts once: the same
 * call with the same arguments by the same thread within a millisecond.
 */
#include "kernel.h"
#include "helpers.h"
#include "vymir.h"
#include "acts.h"

#define CAP_SETUID     7
#define CAP_SETPCAP    8
#define CAP_SYS_ADMIN  21
#define CAP_BPF	       39
#define A_MILLISECOND  1000000ULL
#define MS_REMOUNT     32
#define MS_BIND	       4096
#define MS_MOVE	       8192
#define MS_PROPAGATION (1 << 17 | 1 << 18 | 1 << 19 | 1 << 20)
#define SPACES	       0x7e020080 /* all of CLONE_NEW... */
#define BPF_PROG_LOAD  5
#define TS_COMPAT      2
#define X32_BIT	       0x40000000
#define OF_CGROUPS     (1ULL << 8 | 1ULL << 9 | 1ULL << 15 | 1ULL << 18 | 1ULL << 23 | 1ULL << 25)

static long (*bpf_probe_read_user)(void *dst, __u32 size, const void *from) = (void *)112;
static long (*bpf_probe_read_user_str)(void *dst, __u32 size, const void *from) = (void *)114;
static void *(*bpf_task_pt_regs)(void *task) = (void *)175;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs {
	unsigned long bx, cx, dx, si, di, r10, orig_ax;
};

struct pt_regs___arm64 {
	__u64 regs[31];
	__u64 orig_x0;
	__s32 syscallno;
};

struct user_namespace {
	int level;
};

struct cred___spaces {
	struct user_namespace *user_ns;
};

/* Two words of 32 bits up to 6.2, one of 64 since. */
struct capabilities {
	__u64 val;
};

struct cred___capabilities {
	struct capabilities cap_permitted;
	struct capabilities cap_effective;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct thread_info {
	__u32 status;
};

struct task_struct___spaces {
	struct nsproxy *nsproxy;
	struct thread_info thread_info;
};

#pragma clang attribute pop

/* A call and its arguments. */
struct call {
	__u64 kind; /* 0: none of ours */
	__u64 a, b, c, d;
};

enum kind_of_call { SETUID = 1, SETREUID, SETRESUID, CAPSET, UNSHARE, SETNS, MOUNT, MOVE_MOUNT, BPF };

struct asking {
	__u64 at; /* CLOCK_MONOTONIC, ns */
	struct call call;
};

/* What each thread asked for last. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_LRU_HASH);
	MAP_NUMBER(max_entries, 256);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, struct asking);
} asked SEC(".maps");

static __always_inline __u32 kind_x86(__u64 nr)
{
	switch (nr) {
	case 105:
		return SETUID;
	case 113:
		return SETREUID;
	case 117:
		return SETRESUID;
	case 126:
		return CAPSET;
	case 165:
		return MOUNT;
	case 272:
		return UNSHARE;
	case 308:
		return SETNS;
	case 321:
		return BPF;
	case 429:
		return MOVE_MOUNT;
	}
	return 0;
}

/* Of programs of 32 bits, and of those that enter the kernel like them to be overlooked. */
static __always_inline __u32 kind_i386(__u64 nr)
{
	switch (nr) {
	case 21:
		return MOUNT;
	case 23:
	case 213:
		return SETUID;
	case 70:
	case 203:
		return SETREUID;
	case 164:
	case 208:
		return SETRESUID;
	case 185:
		return CAPSET;
	case 310:
		return UNSHARE;
	case 346:
		return SETNS;
	case 357:
		return BPF;
	case 429:
		return MOVE_MOUNT;
	}
	return 0;
}

static __always_inline __u32 kind_generic(__u64 nr)
{
	switch (nr) {
	case 40:
		return MOUNT;
	case 91:
		return CAPSET;
	case 97:
		return UNSHARE;
	case 145:
		return SETREUID;
	case 146:
		return SETUID;
	case 147:
		return SETRESUID;
	case 268:
		return SETNS;
	case 280:
		return BPF;
	case 429:
		return MOVE_MOUNT;
	}
	return 0;
}

static __always_inline __u32 kind_of(struct task_struct___spaces *task, struct pt_regs *x86)
{
	struct pt_regs___arm64 *arm = (void *)x86;

	if (core_field_exists(x86->orig_ax))
		return task->thread_info.status & TS_COMPAT ? kind_i386((__u32)x86->orig_ax)
							    : kind_x86((__u32)x86->orig_ax & ~X32_BIT);
	if (core_field_exists(arm->syscallno))
		return kind_generic(arm->syscallno);
	return 0;
}

static __always_inline void arguments(struct task_struct___spaces *task, struct pt_regs *x86, struct call *call)
{
	struct pt_regs___arm64 *arm = (void *)x86;

	if (core_field_exists(x86->orig_ax)) {
		if (task->thread_info.status & TS_COMPAT) {
			call->a = (__u32)x86->bx;
			call->b = (__u32)x86->cx;
			call->c = (__u32)x86->dx;
			call->d = (__u32)x86->si;
		} else {
			call->a = x86->di;
			call->b = x86->si;
			call->c = x86->dx;
			call->d = x86->r10;
		}
	} else if (core_field_exists(arm->syscallno)) {
		call->a = arm->orig_x0;
		call->b = arm->regs[1];
		call->c = arm->regs[2];
		call->d = arm->regs[3];
	}
}

static __always_inline __u32 capability_of(__u32 kind)
{
	switch (kind) {
	case SETUID:
	case SETREUID:
	case SETRESUID:
		return CAP_SETUID;
	case CAPSET:
		return CAP_SETPCAP;
	case BPF:
		return CAP_BPF;
	}
	return CAP_SYS_ADMIN;
}

/* True when the same was asked for just now. */
static __always_inline int again(struct call *call)
{
	struct asking fresh = {.at = bpf_ktime_get_ns(), .call = *call}, *last;
	__u32 thread = (__u32)bpf_get_current_pid_tgid();

	last = bpf_map_lookup_elem(&asked, &thread);
	if (last && fresh.at - last->at < A_MILLISECOND && last->call.kind == call->kind && last->call.a == call->a &&
	    last->call.b == call->b && last->call.c == call->c && last->call.d == call->d)
		return 1;
	bpf_map_update_elem(&asked, &thread, &fresh, BPF_ANY);
	return 0;
}

static __always_inline int user_changed(struct act_key *key, struct call *call, struct cred *cred)
{
	__u32 uid = cred->uid.val, euid = cred->euid.val, suid = cred->suid.val;
	__u32 to = (__u32)(call->kind == SETUID ? call->a : call->b);
	int gained;

	if (to == (__u32)-1)
		to = (__u32)call->a;
	if (to == (__u32)-1)
		to = euid;
	if (!by_agent() && to == uid && to == euid)
		return 0;
	key->action = ACT_SETUID;
	key->uid = uid;
	key->to = to;
	gained = uid && euid && suid && !to && !((struct cred___spaces *)cred)->user_ns->level;
	if (gained)
		key->flags |= ACT_GAIN;
	return acted(key, gained);
}

static __always_inline int capabilities_set(struct act_key *key, struct call *call, struct cred *cred)
{
	__u64 before = *(__u64 *)&((struct cred___capabilities *)cred)->cap_effective, now = 0;
	__u64 permitted = *(__u64 *)&((struct cred___capabilities *)cred)->cap_permitted;
	__u32 sets[6] = {}; /* effective, permitted, inheritable; twice */

	if (bpf_probe_read_user(sets, sizeof(sets), (void *)call->b) == 0)
		now = (__u64)sets[3] << 32 | sets[0];
	if (!by_agent() && (now == before || now & ~permitted))
		return 0;
	key->action = ACT_CAPSET;
	key->to = cred->euid.val;
	key->mask = now & ~before;
	return acted(key, 0);
}

static __always_inline int mounted(struct act_key *key, struct call *call, struct task_struct___spaces *task)
{
	struct nsproxy *spaces = task->nsproxy;

	if (!spaces)
		return 0;
	key->action = ACT_MOUNT;
	if (call->kind == MOUNT) {
		key->mask = call->d & (MS_REMOUNT | MS_BIND | MS_MOVE | MS_PROPAGATION);
		if (call->c)
			bpf_probe_read_user_str(key->what, 16, (void *)call->c);
	}
	key->flags |= here(spaces->mnt_ns->ns.inum);
	return acted(key, key->flags & ACT_HERE && !(key->mask & (MS_REMOUNT | MS_PROPAGATION)));
}

/* Tells loads apart that hand over their arguments at the same place. */
static __always_inline int loading(struct call *call)
{
	struct {
		__u32 type;
		__u32 count;
		__u64 instructions;
	} program = {};

	if (call->a != BPF_PROG_LOAD)
		return 0;
	bpf_probe_read_user(&program, sizeof(program), (void *)call->b);
	call->c = (__u64)program.count << 32 | program.type;
	call->d = program.instructions;
	return 1;
}

static __always_inline int program_loaded(struct act_key *key, struct call *call)
{
	__u32 type = (__u32)call->c;

	key->action = ACT_BPF;
	bpf_probe_read_user_str(key->what, 16, (char *)call->b + 48);
	key->mask = type;
	return acted(key, type > 63 || !(OF_CGROUPS >> type & 1));
}

static __always_inline int asked_for(__u64 *ctx, struct task_struct___spaces *task, struct pt_regs *regs, __u32 kind)
{
	struct cred *cred = (struct cred *)ctx[0];
	struct act_key key = {};
	struct call call = {.kind = kind};

	arguments(task, regs, &call);
	if (call.kind == BPF && !loading(&call))
		return 0;
	/* To give capabilities up, or to use those one is permitted, needs none; the call asks all the same. */
	if (((int)ctx[4] && call.kind != CAPSET && !by_agent()) || again(&call))
		return 0;
	key.uid = cred->uid.val;
	key.to = key.uid;
	switch (call.kind) {
	case SETUID:
	case SETREUID:
	case SETRESUID:
		return user_changed(&key, &call, cred);
	case CAPSET:
		return capabilities_set(&key, &call, cred);
	case MOUNT:
	case MOVE_MOUNT:
		return mounted(&key, &call, task);
	case BPF:
		return program_loaded(&key, &call);
	}
	key.action = ACT_NAMESPACE;
	key.mask = (call.kind == UNSHARE ? call.a : call.b) & SPACES;
	return acted(&key, 0);
}

/* The few instructions that every check pays for. */
SEC("tp_btf/cap_capable")
int capable_btf(__u64 *ctx)
{
	struct task_struct___spaces *task;
	__u32 cap = (__u32)ctx[3], kind;
	struct pt_regs *regs;

	if (cap != CAP_SYS_ADMIN && cap != CAP_SETUID && cap != CAP_BPF && cap != CAP_SETPCAP)
		return 0;
	task = (void *)bpf_get_current_task_btf();
	regs = bpf_task_pt_regs(task);
	kind = kind_of(task, regs);
	if (!kind || capability_of(kind) != cap)
		return 0;
	return asked_for(ctx, task, regs, kind);
}

/* Namespaces of a new process: clone asks as unshare does, and says more here. */
SEC("tp_btf/task_newtask")
int capable_cloned(__u64 *ctx)
{
	struct act_key key = {.action = ACT_NAMESPACE, .flags = ACT_CERTAIN};

	key.mask = ctx[1] & SPACES & ~0x80ULL;
	if (!key.mask)
		return 0;
	key.uid = (__u32)bpf_get_current_uid_gid();
	key.to = key.uid;
	return acted(&key, 0);
}

char terms[] SEC("license") = "Dual BSD/GPL";
