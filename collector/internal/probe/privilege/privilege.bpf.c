//go:build ignore

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Changes of who may do what: of the user, of capabilities, of namespaces.
 *
 * The kernel's ways there, all in the process that asks:
 *
 *	setuid, setreuid, setresuid -> __sys_setuid ... -> security_task_fix_setuid(new, old, which) -> commit_creds
 *	capset -> security_capset(new, old, effective, inheritable, permitted) -> commit_creds
 *	unshare, setns -> ksys_unshare, commit_nsset -> switch_task_namespaces(task, new)
 *	unshare, clone with CLONE_NEWUSER -> copy_creds, unshare_userns -> create_user_ns(new)
 *	clone, clone3 -> kernel_clone -> copy_process -> trace_task_newtask(task, clone_flags)
 *
 * The first two are asked once the kernel has found that the caller may, so that next to nothing can fail behind them.
 * switch_task_namespaces is reached when all of them were made. On most kernels it also runs for every process that
 * ends, with nothing new, and leaves at once; on Debian's 6.12 the compiler has put it into that way, and it does not.
 *
 * Users are told apart as the kernel keeps them, not as a namespace of users shows them: root in a container that maps
 * its users is not root here.
 */
#include "kernel.h"
#include "helpers.h"
#include "vymir.h"
#include "acts.h"

#define CLONE_NEWTIME	0x00000080
#define CLONE_NEWNS	0x00020000
#define CLONE_NEWCGROUP 0x02000000
#define CLONE_NEWUTS	0x04000000
#define CLONE_NEWIPC	0x08000000
#define CLONE_NEWUSER	0x10000000
#define CLONE_NEWPID	0x20000000
#define CLONE_NEWNET	0x40000000
#define OF_CLONE	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct nsproxy {
	void *uts_ns;
	void *ipc_ns;
	void *mnt_ns;
	void *pid_ns_for_children;
	void *net_ns;
	void *time_ns;
	void *cgroup_ns;
};

struct task_struct___spaces {
	int tgid;
	struct task_struct *real_parent;
	struct nsproxy *nsproxy;
};

/* Two words of 32 bits up to 6.2, one of 64 since. */
struct capabilities {
	__u64 val;
};

struct cred___capabilities {
	struct capabilities cap_effective;
};

#pragma clang attribute pop

SEC("fentry/security_task_fix_setuid")
int setuid_fentry(__u64 *ctx)
{
	struct cred *new = (struct cred *)ctx[0], *old = (struct cred *)ctx[1];
	struct act_key key = {.action = ACT_SETUID, .flags = ACT_CERTAIN};
	__u32 uid = old->uid.val, euid = old->euid.val, suid = old->suid.val;
	int gained = uid && euid && suid && (!new->uid.val || !new->euid.val || !new->suid.val);

	if (!by_agent() && uid == new->uid.val && euid == new->euid.val &&suid == new->suid.val)
		return 0;
	key.uid = uid;
	key.to = new->euid.val;
	if (gained)
		key.flags |= ACT_GAIN;
	return acted(&key, gained);
}

SEC("fentry/security_capset")
int capset_fentry(__u64 *ctx)
{
	struct cred *old = (struct cred *)ctx[1];
	struct act_key key = {.action = ACT_CAPSET, .flags = ACT_CERTAIN};
	__u64 now = *(__u64 *)ctx[2], before = *(__u64 *)&((struct cred___capabilities *)old)->cap_effective;

	if (!by_agent() && now == before)
		return 0;
	key.uid = old->uid.val;
	key.to = old->euid.val;
	key.mask = now & ~before;
	return acted(&key, 0);
}

SEC("fentry/switch_task_namespaces")
int namespace_switched(__u64 *ctx)
{
	struct task_struct___spaces *task = (void *)ctx[0];
	struct act_key key = {.action = ACT_NAMESPACE, .flags = ACT_CERTAIN};
	struct nsproxy *new = (void *)ctx[1], *old;
	__u32 zero = 0;

	if (!new) {
		struct settings *s = bpf_map_lookup_elem(&settings, &zero);

		if (s && s->self && (__u32)task->real_parent->tgid == s->self)
			count_act(ACT_NAMESPACE, BY_AGENT);
		return 0;
	}
	old = task->nsproxy;
	if (!old)
		return 0;
	if (new->mnt_ns != old->mnt_ns)
		key.mask |= CLONE_NEWNS;
	if (new->uts_ns != old->uts_ns)
		key.mask |= CLONE_NEWUTS;
	if (new->ipc_ns != old->ipc_ns)
		key.mask |= CLONE_NEWIPC;
	if (new->pid_ns_for_children != old->pid_ns_for_children)
		key.mask |= CLONE_NEWPID;
	if (new->net_ns != old->net_ns)
		key.mask |= CLONE_NEWNET;
	if (new->cgroup_ns != old->cgroup_ns)
		key.mask |= CLONE_NEWCGROUP;
	if (core_field_exists(((struct nsproxy *)0)->time_ns) && new->time_ns != old->time_ns)
		key.mask |= CLONE_NEWTIME;
	if (!key.mask && !by_agent())
		return 0;
	key.uid = (__u32)bpf_get_current_uid_gid();
	key.to = key.uid;
	return acted(&key, 0);
}

SEC("fentry/create_user_ns")
int namespace_of_users(__u64 *ctx)
{
	struct act_key key = {.action = ACT_NAMESPACE, .mask = CLONE_NEWUSER};

	key.uid = (__u32)bpf_get_current_uid_gid();
	key.to = key.uid;
	return acted(&key, 0);
}

static __always_inline int born(__u64 flags)
{
	struct act_key key = {.action = ACT_NAMESPACE, .flags = ACT_CERTAIN};

	if (!(flags & (OF_CLONE | CLONE_NEWUSER)) && !by_agent())
		return 0;
	key.mask = flags & (OF_CLONE | CLONE_NEWUSER);
	key.uid = (__u32)bpf_get_current_uid_gid();
	key.to = key.uid;
	return acted(&key, 0);
}

/*
 * Beside the two above, of which the second has seen the namespace of users. A process of the agent's proves this one
 * alone, and is counted apart.
 */
SEC("tp_btf/task_newtask")
int namespace_cloned(__u64 *ctx)
{
	if (ctx[1] & OF_CLONE)
		return born(ctx[1] & OF_CLONE);
	if (by_agent())
		count_act(ACT_NAMESPACE, SEEN_IN);
	return 0;
}

SEC("tp_btf/task_newtask")
int namespace_btf(__u64 *ctx)
{
	return born(ctx[1]);
}

SEC("raw_tp/task_newtask")
int namespace_raw(__u64 *ctx)
{
	return born(ctx[1]);
}

char terms[] SEC("license") = "Dual BSD/GPL";
