//go:build ignore

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Programs that crash or are killed: which, as which user, by which signal. A service that does so again and again is
 *broken, or under attack.
 *
 * The kernel's way there:
 *
 *	a fault -> force_sig -> get_signal -> do_group_exit, or exit, exit_group -> do_exit
 *	  -> tsk->exit_code = code -> trace_sched_process_exit(tsk)
 *
 * It runs for every thread that ends, and leaves at once unless it is the last word of a process that died of a fault.
 */
#include "kernel.h"
#include "helpers.h"
#include "vymir.h"

#define DIED_OF(code) ((code)&0x7f)

struct crash_key {
	char program[16];
	__u32 uid;
	__u32 signal;
};

struct crash {
	__u64 count;
	__u64 first; /* CLOCK_MONOTONIC, ns */
	__u64 last;
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_HASH);
	MAP_NUMBER(max_entries, 512);
	MAP_TYPE(key, struct crash_key);
	MAP_TYPE(value, struct crash);
} crashes SEC(".maps");

/*
 * SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, which nobody sends to stop a program (numbers of all but
 * MIPS), and SIGKILL, by which the kernel ends programs when memory runs out.
 */
#define FAULTS (1ULL << 4 | 1ULL << 5 | 1ULL << 6 | 1ULL << 7 | 1ULL << 8 | 1ULL << 9 | 1ULL << 11 | 1ULL << 31)

static __always_inline int exited(const int how, struct task_struct *task)
{
	__u64 now;
	struct crash fresh = {};
	struct crash_key key = {};
	struct crash *c;
	__u32 signal;
	long err;

	if (LOAD(how, task->pid) != LOAD(how, task->tgid))
		return 0;
	signal = DIED_OF(LOAD(how, task->exit_code));
	if (signal > 31 || !(FAULTS >> signal & 1))
		return 0;
	count(SEEN);
	now = bpf_ktime_get_ns();
	key.signal = signal;
	key.uid = (__u32)bpf_get_current_uid_gid();
	bpf_get_current_comm(key.program, sizeof(key.program));
	c = bpf_map_lookup_elem(&crashes, &key);
	if (!c) {
		fresh.first = now;
		err = bpf_map_update_elem(&crashes, &key, &fresh, BPF_NOEXIST);
		c = bpf_map_lookup_elem(&crashes, &key);
		if (!c) {
			count_failure(err);
			return 0;
		}
	}
	__sync_fetch_and_add(&c->count, 1);
	c->last = now;
	count(STORED);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int exit_btf(__u64 *ctx)
{
	return exited(DIRECT, (struct task_struct *)ctx[0]);
}

SEC("raw_tp/sched_process_exit")
int exit_raw(__u64 *ctx)
{
	return exited(COPIED, (struct task_struct *)ctx[0]);
}

char terms[] SEC("license") = "Dual BSD/GPL";
