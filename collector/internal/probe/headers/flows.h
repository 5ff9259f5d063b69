/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * Who talks to whom, for the probes that count by peer.
 *
 * Peers may be without number. When their map is full, they are counted together in a second map, by program, port and
 * how far away they are; ports that are given out at random are one there.
 */
#ifndef VYMIR_FLOWS_H
#define VYMIR_FLOWS_H

enum direction { OUT, IN };

/* The flow's address is the peer's; an IPv4 address stands as ::ffff:a.b.c.d. In rest its first byte is an enum
 * distance. */
enum distance { LOOPBACK = 1, NEAR, FAR };

struct flow_key {
	__u8 peer[16] __attribute__((aligned(8)));
	char program[16];
	__u32 uid;
	__u16 port; /* the peer's when going out, ours when coming in; host order */
	__u8 direction;
	__u8 padding;
};

struct flow {
	__u64 count;  /* connections established, or how often a peer was addressed */
	__u64 failed; /* connections that were tried and not established */
	__u64 sent;   /* bytes of payload: of connections that ended, and of datagrams */
	__u64 received;
	__u64 first; /* CLOCK_MONOTONIC, ns */
	__u64 last;
};

struct flow_record {
	struct header header;
	struct flow_key flow;
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_HASH);
	MAP_NUMBER(max_entries, 4096);
	MAP_TYPE(key, struct flow_key);
	MAP_TYPE(value, struct flow);
} flows SEC(".maps");

/* Flows for which the map above had no room. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_HASH);
	MAP_NUMBER(max_entries, 512);
	MAP_TYPE(key, struct flow_key);
	MAP_TYPE(value, struct flow);
} rest SEC(".maps");

static __always_inline struct flow *find(void *map, struct flow_key *key, __u64 now, long *err)
{
	struct flow fresh = {.first = now, .last = now};
	struct flow *f = bpf_map_lookup_elem(map, key);

	if (f)
		return f;
	*err = bpf_map_update_elem(map, key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, key);
}

/* How far away an address is; the same as classOf in Go. */
static __always_inline __u8 distance(const __u8 *a)
{
	const __u64 *half = (const __u64 *)a;
	__u8 b = a[12], c = a[13];

	if (half[0] == 0 && ((const __u32 *)a)[2] == network32(0xffff)) {
		if (b == 127)
			return LOOPBACK;
		if (b == 10 || b == 0 || (b == 172 && (c & 0xf0) == 16) || (b == 192 && c == 168) ||
		    (b == 169 && c == 254) || (b == 100 && (c & 0xc0) == 64))
			return NEAR;
		return FAR;
	}
	if (half[0] == 0 && ((const __u32 *)a)[2] == 0 && ((const __u32 *)a)[3] == network32(1))
		return LOOPBACK;
	if ((a[0] == 0xfe && (a[1] & 0xc0) == 0x80) || (a[0] & 0xfe) == 0xfc)
		return NEAR;
	return FAR;
}

/* The entry to count in: the flow's own, or that of all peers, or none. Tells by cause what became of it. */
static __always_inline struct flow *flow_of(struct flow_key *key, __u64 now, __u32 *cause)
{
	struct flow_key any;
	long err = 0;
	struct flow *f = find(&flows, key, now, &err);

	*cause = STORED;
	if (f)
		return f;
	any = *key;
	__builtin_memset(any.peer, 0, sizeof(any.peer));
	any.peer[0] = distance(key->peer);
	if (any.port >= 32768)
		any.port = 0;
	f = find(&rest, &any, now, &err);
	*cause = f ? COARSE : err == -EBUSY ? MAP_BUSY : MAP_FULL;
	return f;
}

static __always_inline void tell_flow(__u32 kind, struct flow_key *key, __u64 now)
{
	struct flow_record *r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);

	if (!r) {
		count(RING_FULL);
		return;
	}
	r->header.at = now;
	r->header.kind = kind;
	r->header.pid = 0;
	r->header.uid = key->uid;
	r->header.padding = 0;
	r->flow = *key;
	count(TOLD);
	bpf_ringbuf_submit(r, wake());
}

static __always_inline void v4_address(__u8 *to, __u32 address)
{
	((__u64 *)to)[0] = 0;
	((__u32 *)to)[2] = network32(0xffff);
	((__u32 *)to)[3] = address;
}

#endif
