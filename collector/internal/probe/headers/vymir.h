/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What all our probes have in common: counted losses, the ring of rare events, and the settings. */
#ifndef VYMIR_COMMON_H
#define VYMIR_COMMON_H

/*
 * What becomes of events. Every event is SEEN, and STORED under its key unless a cause says why not.
 * The numbers are an agreement with hook.Cause in Go.
 */
enum cause {
	SEEN,	    /* the program ran for an event of its kind */
	STORED,	    /* counted under its key */
	TOLD,	    /* written to the ring */
	MAP_FULL,   /* no room for a new key: the event is counted here only */
	MAP_BUSY,   /* the kernel refused the update because the same bucket was being changed under us */
	TRACK_FULL, /* no room to remember an open socket: counted as opened, its end and bytes are missed */
	RING_FULL,  /* a rare event found no room in the ring; it is counted in its map all the same */
	HELD_BACK,  /* a rare event of a key that was told less than a second ago; not a loss */
	SEEN_IN,    /* of a program that sees two kinds of events, the second kind: accepted connections */
	COARSE,	    /* a connection counted without its peer, for which there was no room; not a loss */
	CAUSES,
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	MAP_NUMBER(max_entries, CAUSES);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, __u64);
} counters SEC(".maps");

/* One element, written by the agent. */
struct settings {
	__u32 watch; /* not 0: somebody watches, tell every event and not only the rare ones */
	__u32 self;  /* process id of the agent */
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_ARRAY);
	MAP_NUMBER(max_entries, 1);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, struct settings);
} settings SEC(".maps");

/* Shared by all probes of an agent: the loader puts one ring in the place of each. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_RINGBUF);
	MAP_NUMBER(max_entries, 65536);
} events SEC(".maps");

/* How much may wait in the ring before the reader is woken; below that it comes by itself once a second. */
#define WAKE_AT 16384

/* The kinds of records in the ring; an agreement with hook.Kind in Go. */
enum kind {
	KIND_EXEC = 1,
	KIND_TCP = 2,
	KIND_UDP = 3,
	KIND_PTRACE = 4,
	KIND_PROTOCOL = 5,
};

/* Stands at the start of every record. */
struct header {
	__u64 at; /* CLOCK_MONOTONIC, ns */
	__u32 kind;
	__u32 pid;
	__u32 uid;
	__u32 padding;
};

/* Adds atomically: an interrupt on the same processor may count here too. */
static __always_inline void count(__u32 cause)
{
	__u64 *n = bpf_map_lookup_elem(&counters, &cause);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline void count_failure(long err)
{
	count(err == -EBUSY ? MAP_BUSY : MAP_FULL);
}

static __always_inline int watched(void)
{
	__u32 zero = 0;
	struct settings *s = bpf_map_lookup_elem(&settings, &zero);

	return s && s->watch;
}

static __always_inline __u64 wake(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= WAKE_AT ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

#endif
