//go:build ignore

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * One process reaching into another: by ptrace, by process_vm_readv and writev, by /proc/PID/mem.
 *
 * The kernel's ways there:
 *
 *	ptrace -> ptrace_attach, process_vm_rw -> mm_access, open of /proc/PID/mem -> mem_open -> mm_access
 *	  -> ptrace_may_access -> __ptrace_may_access -> security_ptrace_access_check(child, mode)
 *
 * The same check stands before mere looking (/proc/PID/exe, fd, maps): only the mode with ATTACH counts. A process that
 * reaches into itself does not come here. The hook before the function sees attempts that are then refused, too; the
 * hook of the security modules sees only what those before it let pass.
 */
#include "kernel.h"
#include "helpers.h"
#include "vymir.h"

#define PTRACE_MODE_ATTACH 2
#define A_SECOND	   1000000000ULL

struct reach_key {
	char program[16];
	char target[16];
	__u32 uid;
	__u32 padding;
};

struct reach {
	__u64 count;
	__u64 told; /* CLOCK_MONOTONIC, ns */
};

struct ptrace_record {
	struct header header;
	char program[16];
	char target[16];
	__u32 target_pid;
	__u32 padding;
};

/* Only to hold repetitions back, so the oldest may go. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_LRU_HASH);
	MAP_NUMBER(max_entries, 256);
	MAP_TYPE(key, struct reach_key);
	MAP_TYPE(value, struct reach);
} reaches SEC(".maps");

static __always_inline int reached(struct task_struct *target, __u32 mode)
{
	__u64 now = bpf_ktime_get_ns();
	struct reach fresh = {.count = 1, .told = now};
	struct reach_key key = {};
	struct ptrace_record *r;
	struct reach *known;

	if (!(mode & PTRACE_MODE_ATTACH))
		return 0;
	count(SEEN);
	key.uid = (__u32)bpf_get_current_uid_gid();
	bpf_get_current_comm(key.program, sizeof(key.program));
	for (int i = 0; i < 2; i++)
		((__u64 *)key.target)[i] = *(__u64 *)&target->comm[8 * i];
	known = bpf_map_lookup_elem(&reaches, &key);
	if (known) {
		__sync_fetch_and_add(&known->count, 1);
		if (now - known->told < A_SECOND) {
			count(HELD_BACK);
			return 0;
		}
		known->told = now;
	} else {
		bpf_map_update_elem(&reaches, &key, &fresh, BPF_ANY);
	}
	r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r) {
		count(RING_FULL);
		return 0;
	}
	r->header.at = now;
	r->header.kind = KIND_PTRACE;
	r->header.pid = bpf_get_current_pid_tgid() >> 32;
	r->header.uid = key.uid;
	r->header.padding = 0;
	__builtin_memcpy(r->program, key.program, sizeof(key.program));
	__builtin_memcpy(r->target, key.target, sizeof(key.target));
	r->target_pid = target->tgid;
	r->padding = 0;
	count(TOLD);
	bpf_ringbuf_submit(r, wake());
	return 0;
}

SEC("fentry/security_ptrace_access_check")
int ptrace_fentry(__u64 *ctx)
{
	return reached((struct task_struct *)ctx[0], (__u32)ctx[1]);
}

SEC("lsm/ptrace_access_check")
int ptrace_lsm(__u64 *ctx)
{
	reached((struct task_struct *)ctx[0], (__u32)ctx[1]);
	return 0;
}

char terms[] SEC("license") = "Dual BSD/GPL";
