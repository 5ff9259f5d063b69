/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Acts: what a program asks of the kernel that changes who may do what, or what the kernel itself is. They are rare, so
 * that one map of them is small, and each is kept by who did it and what it was.
 *
 * Names of programs can be chosen, so that keys are without number. When their map is full, acts are counted under the
 * act alone, in an entry that the agent puts there at the start; those worth telling are told all the same.
 */
#ifndef VYMIR_ACTS_H
#define VYMIR_ACTS_H

#define KIND_ACT 6 /* in the ring; see enum kind */
#define A_SECOND 1000000000ULL
#define WHAT	 56 /* holds the longest name of a module */

/* An agreement with act.Kind in Go. */
enum action {
	ACT_SETUID = 1,
	ACT_CAPSET,
	ACT_NAMESPACE,
	ACT_MOUNT,
	ACT_BPF,
	ACT_MODULE,
	ACTIONS,
};

/* An agreement with act.Flags in Go. */
enum act_flag {
	ACT_GAIN = 1,	 /* root now, and in no way before */
	ACT_HERE = 2,	 /* in the mount namespace of the host's first process, or it is not known which that is */
	ACT_CERTAIN = 4, /* it has happened; without it, it was asked for */
};

/* What becomes of acts beside the causes: of those that the agent caused itself nothing is kept but that they ran. It
 * loads no modules: one that comes in its name is kept. */
enum { BY_AGENT = CAUSES, TALLIES };

struct act_key {
	char program[16];
	char what[WHAT];
	__u64 mask;
	__u32 uid; /* before */
	__u32 to;  /* of a change of user: after */
	__u32 action;
	__u32 flags;
};

struct act {
	__u64 count;
	__u64 first; /* CLOCK_MONOTONIC, ns; so are the two below */
	__u64 last;
	__u64 told;   /* when the ring last heard of it */
	__u64 cgroup; /* of the last */
	__u32 pid;    /* of the last */
	__u32 notable;
};

struct act_record {
	struct header header;
	struct act_key key;
	__u64 cgroup;
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_HASH);
	MAP_NUMBER(max_entries, 512);
	MAP_TYPE(key, struct act_key);
	MAP_TYPE(value, struct act);
} acts SEC(".maps");

/* Counters by action; those of all probes count by cause only. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	MAP_NUMBER(max_entries, ACTIONS *TALLIES);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, __u64);
} tally SEC(".maps");

/* One element, written by the agent: the number of the mount namespace that is the host's; 0: not known. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_ARRAY);
	MAP_NUMBER(max_entries, 1);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, __u32);
} host SEC(".maps");

static __always_inline void count_act(__u32 action, __u32 cause)
{
	__u32 i = action * TALLIES + cause;
	__u64 *n = bpf_map_lookup_elem(&tally, &i);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline int by_agent(void)
{
	__u32 zero = 0;
	struct settings *s = bpf_map_lookup_elem(&settings, &zero);

	return s && s->self && s->self == (__u32)(bpf_get_current_pid_tgid() >> 32);
}

/* Whether a mount namespace is that of the host; not to know it makes nothing less notable. */
static __always_inline __u32 here(__u32 inum)
{
	__u32 zero = 0;
	__u32 *n = bpf_map_lookup_elem(&host, &zero);

	return !n || !*n || *n == inum ? ACT_HERE : 0;
}

static __always_inline int tell_act(struct act_key *key, __u64 now, __u64 cgroup)
{
	struct act_record *r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);

	if (!r) {
		count_act(key->action, RING_FULL);
		return 0;
	}
	r->header.at = now;
	r->header.kind = KIND_ACT;
	r->header.pid = bpf_get_current_pid_tgid() >> 32;
	r->header.uid = key->uid;
	r->header.padding = 0;
	__builtin_memcpy(&r->key, key, sizeof(*key));
	r->cgroup = cgroup;
	count_act(key->action, TOLD);
	bpf_ringbuf_submit(r, wake());
	return 1;
}

/* The entry to count in: the act's own, or that of all such acts, or none. */
static __always_inline struct act *act_of(struct act_key *key, __u64 now, __u32 notable, int *own)
{
	struct act *a = bpf_map_lookup_elem(&acts, key);
	struct act_key rest = {.program = "?", .action = key->action};
	struct act fresh = {.first = now, .notable = notable};
	long err;

	*own = 1;
	if (a) {
		count_act(key->action, STORED);
		return a;
	}
	err = bpf_map_update_elem(&acts, key, &fresh, BPF_NOEXIST);
	a = bpf_map_lookup_elem(&acts, key);
	if (a) {
		count_act(key->action, STORED);
		return a;
	}
	*own = 0;
	a = bpf_map_lookup_elem(&acts, &rest);
	count_act(key->action, a ? COARSE : err == -EBUSY ? MAP_BUSY : MAP_FULL);
	return a;
}

/* Keeps an act of the current process. The caller has filled in all of the key but who did it. */
static __always_inline int acted(struct act_key *key, __u32 notable)
{
	__u64 now, cgroup;
	struct act *a;
	int own;

	if (key->action != ACT_MODULE && by_agent()) {
		count_act(key->action, BY_AGENT);
		return 0;
	}
	bpf_get_current_comm(key->program, sizeof(key->program));
	now = bpf_ktime_get_ns();
	cgroup = bpf_get_current_cgroup_id();
	count_act(key->action, SEEN);
	a = act_of(key, now, notable, &own);
	if (a) {
		__sync_fetch_and_add(&a->count, 1);
		a->last = now;
		a->cgroup = cgroup;
		a->pid = bpf_get_current_pid_tgid() >> 32;
	}
	if (!notable && !watched())
		return 0;
	if (a && own && !watched() && a->told && now - a->told < A_SECOND) {
		count_act(key->action, HELD_BACK);
		return 0;
	}
	if (tell_act(key, now, cgroup) && a && own)
		a->told = now;
	return 0;
}

#endif
