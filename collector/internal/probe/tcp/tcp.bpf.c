//go:build ignore

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * TCP connections: which program talks to whom, in which direction, how often and how much.
 *
 * One tracepoint sees every change of a TCP socket's state. The kernel's ways there, all ending in
 * trace_inet_sock_set_state(sk, oldstate, newstate):
 *
 *	connect -> tcp_v4_connect, tcp_v6_connect -> tcp_set_state(SYN_SENT)	    in the caller's process
 *	  softirq: tcp_rcv_synsent_state_process -> tcp_finish_connect -> tcp_set_state(ESTABLISHED)
 *	listen -> inet_csk_listen_start -> inet_sk_state_store(LISTEN)		    in the caller's process
 *	  softirq: tcp_v4_rcv -> tcp_check_req -> child socket -> tcp_rcv_state_process
 *	    -> tcp_set_state(SYN_RECV -> ESTABLISHED)
 *	both: tcp_done, tcp_time_wait, tcp_close -> tcp_set_state(CLOSE)	    anywhere
 *
 * Only connect and listen run in the process they belong to. So the program of an outgoing connection is remembered
 * with its socket until it closes, and that of an incoming one is found by the port somebody listens on; for sockets
 * that listened before we came, the agent fills in the listeners it finds in procfs.
 */
#include "kernel.h"
#include "helpers.h"
#include "vymir.h"
#include "flows.h"

#define AF_INET	    2
#define AF_INET6    10
#define IPPROTO_TCP 6

enum { TCP_ESTABLISHED = 1, TCP_SYN_SENT = 2, TCP_SYN_RECV = 3, TCP_CLOSE = 7, TCP_LISTEN = 10 };

struct listener_key {
	__u32 netns; /* inode of the network namespace; 0 where it cannot be asked */
	__u16 port;
	__u16 padding;
};

struct listener {
	char program[16];
	__u32 uid;
	__u32 pid;
	__u64 since; /* CLOCK_MONOTONIC, ns; 0: before the agent came */
};

/* Open sockets, by their address in the kernel. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_HASH);
	MAP_NUMBER(max_entries, 8192);
	MAP_TYPE(key, __u64);
	MAP_TYPE(value, struct flow_key);
} sockets SEC(".maps");

/* Only for attribution, so the oldest may go. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_LRU_HASH);
	MAP_NUMBER(max_entries, 1024);
	MAP_TYPE(key, struct listener_key);
	MAP_TYPE(value, struct listener);
} listeners SEC(".maps");

/* What every kind of hook finds out about a change of state before the common part goes on. */
struct change {
	__u64 socket;
	int old;
	int new;
	__u32 netns;
	__u16 port;	 /* ours */
	__u16 peer_port; /* theirs */
	__u8 peer[16];
};

static __always_inline void remember(__u64 socket, struct flow_key *key)
{
	long err = bpf_map_update_elem(&sockets, &socket, key, BPF_ANY);

	if (err)
		count(err == -EBUSY ? MAP_BUSY : TRACK_FULL);
}

static __always_inline void begun(struct flow_key *key, const int ring)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 cause;
	struct flow *f = flow_of(key, now, &cause);

	count(key->direction == IN ? SEEN_IN : SEEN);
	if (f) {
		__sync_fetch_and_add(&f->count, 1);
		f->last = now;
	}
	count(cause);
	if (ring && watched())
		tell_flow(KIND_TCP, key, now);
}

static __always_inline void ended(struct flow_key *key, int old, __u64 sent, __u64 received)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 cause;
	struct flow *f = flow_of(key, now, &cause);

	if (!f)
		return;
	if (old == TCP_SYN_SENT)
		__sync_fetch_and_add(&f->failed, 1);
	/* Not when it is nothing: of adding a constant 0 the compiler makes an atomic or, which 5.10 does not know. */
	if (sent)
		__sync_fetch_and_add(&f->sent, sent);
	if (received)
		__sync_fetch_and_add(&f->received, received);
	f->last = now;
}

static __always_inline void current_program(const int leader, char *name)
{
	struct task_struct *task;

	if (!leader) {
		bpf_get_current_comm(name, 16);
		return;
	}
	task = bpf_get_current_task_btf();
	task = task->group_leader;
	for (int i = 0; i < 2; i++)
		((__u64 *)name)[i] = *(__u64 *)&task->comm[8 * i];
}

static __always_inline void connecting(struct change *c, const int leader)
{
	struct flow_key key = {.port = c->peer_port, .direction = OUT};

	__builtin_memcpy(key.peer, c->peer, sizeof(key.peer));
	current_program(leader, key.program);
	key.uid = (__u32)bpf_get_current_uid_gid();
	remember(c->socket, &key);
}

static __always_inline void listening(struct change *c, const int leader)
{
	struct listener_key key = {.netns = c->netns, .port = c->port};
	struct listener l = {};

	current_program(leader, l.program);
	l.uid = (__u32)bpf_get_current_uid_gid();
	l.pid = bpf_get_current_pid_tgid() >> 32;
	l.since = bpf_ktime_get_ns();
	bpf_map_update_elem(&listeners, &key, &l, BPF_ANY);
}

static __always_inline void accepted(struct change *c, const int ring)
{
	struct listener_key at = {.netns = c->netns, .port = c->port};
	struct flow_key key = {.port = c->port, .direction = IN};
	struct listener *l = bpf_map_lookup_elem(&listeners, &at);

	__builtin_memcpy(key.peer, c->peer, sizeof(key.peer));
	if (l) {
		__builtin_memcpy(key.program, l->program, sizeof(key.program));
		key.uid = l->uid;
	}
	remember(c->socket, &key);
	begun(&key, ring);
}

/* Everything but the close, which needs the socket's own counters. */
static __always_inline void changed(struct change *c, const int leader, const int ring)
{
	struct flow_key *key, copy;

	if (c->new == TCP_SYN_SENT) {
		connecting(c, leader);
	} else if (c->new == TCP_LISTEN) {
		listening(c, leader);
	} else if (c->old == TCP_SYN_SENT) {
		key = bpf_map_lookup_elem(&sockets, &c->socket);
		if (!key)
			return;
		copy = *key;
		begun(&copy, ring);
	} else {
		accepted(c, ring);
	}
}

static __always_inline void closed(__u64 socket, int old, __u64 sent, __u64 received)
{
	struct flow_key *key = bpf_map_lookup_elem(&sockets, &socket), copy;

	if (!key)
		return;
	copy = *key;
	bpf_map_delete_elem(&sockets, &socket);
	ended(&copy, old, sent, received);
}

/* The changes we have to do with: all others leave at once. */
static __always_inline int wanted(int old, int new)
{
	return new == TCP_SYN_SENT || new == TCP_LISTEN || new == TCP_CLOSE ||
	       (new == TCP_ESTABLISHED && (old == TCP_SYN_SENT || old == TCP_SYN_RECV));
}

static __always_inline int state_set(const int how, const int leader, __u64 *ctx)
{
	struct sock *sk = (struct sock *)ctx[0];
	struct change c = {.old = (int)ctx[1], .new = (int)ctx[2]};
	struct tcp_sock *tp;
	struct net *net;

	if (!wanted(c.old, c.new))
		return 0;
	if (LOAD(how, sk->sk_protocol) != IPPROTO_TCP)
		return 0;
	if (c.new == TCP_CLOSE) {
		tp = how == COPIED ? (struct tcp_sock *)sk : bpf_skc_to_tcp_sock(sk);
		if (!tp)
			return 0;
		closed(ctx[0], c.old, LOAD(how, tp->bytes_sent) - LOAD(how, tp->bytes_retrans),
		       LOAD(how, tp->bytes_received));
		return 0;
	}
	c.socket = ctx[0];
	c.port = LOAD(how, sk->__sk_common.skc_num);
	c.peer_port = host16(LOAD(how, sk->__sk_common.skc_dport));
	net = LOAD(how, sk->__sk_common.skc_net.net);
	c.netns = LOAD(how, net->ns.inum);
	if (LOAD(how, sk->__sk_common.skc_family) == AF_INET) {
		v4_address(c.peer, LOAD(how, sk->__sk_common.skc_daddr));
	} else {
		for (int i = 0; i < 4; i++)
			((__u32 *)c.peer)[i] = LOAD(how, sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[i]);
	}
	changed(&c, leader, 1);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int tcp_btf(__u64 *ctx)
{
	return state_set(DIRECT, 1, ctx);
}

/* Before 5.11 a typed pointer to the running task is not to be had: threads are named by their own name. */
SEC("tp_btf/inet_sock_set_state")
int tcp_btf_thread(__u64 *ctx)
{
	return state_set(DIRECT, 0, ctx);
}

SEC("raw_tp/inet_sock_set_state")
int tcp_raw(__u64 *ctx)
{
	return state_set(COPIED, 0, ctx);
}

/* What /sys/kernel/tracing/events/sock/inet_sock_set_state/format says since 5.6; before, protocol was one byte. */
struct tcp_tracepoint {
	__u64 common;
	__u64 socket;
	int old;
	int new;
	__u16 port; /* host order, as the peer's */
	__u16 peer_port;
	__u16 family;
	__u16 protocol;
	__u8 address[4];
	__u8 peer[4];
	__u8 address_v6[16];
	__u8 peer_v6[16];
};

/* The same up to 5.5. */
struct tcp_tracepoint_old {
	__u64 common;
	__u64 socket;
	int old;
	int new;
	__u16 port;
	__u16 peer_port;
	__u16 family;
	__u8 protocol;
	__u8 address[4];
	__u8 peer[4];
	__u8 address_v6[16];
	__u8 peer_v6[16];
};

/* Bytes and the network namespace are not in the record. An IPv4 peer stands in peer_v6 as ::ffff:a.b.c.d already. */
#define FROM_RECORD(ctx, ring)                                                                                         \
	({                                                                                                             \
		struct change c = {                                                                                    \
			.socket = ctx->socket,                                                                         \
			.old = ctx->old,                                                                               \
			.new = ctx->new,                                                                               \
			.port = ctx->port,                                                                             \
			.peer_port = ctx->peer_port,                                                                   \
		};                                                                                                     \
		if (ctx->protocol != IPPROTO_TCP || !wanted(c.old, c.new))                                             \
			return 0;                                                                                      \
		if (c.new == TCP_CLOSE) {                                                                              \
			closed(c.socket, c.old, 0, 0);                                                                 \
			return 0;                                                                                      \
		}                                                                                                      \
		bpf_probe_read_kernel(c.peer, sizeof(c.peer), ctx->peer_v6);                                           \
		changed(&c, 0, ring);                                                                                  \
	})

SEC("tracepoint/sock/inet_sock_set_state")
int tcp_tracepoint(struct tcp_tracepoint *ctx)
{
	FROM_RECORD(ctx, 1);
	return 0;
}

/* For kernels before 5.8, which have no ring buffer. */
SEC("tracepoint/sock/inet_sock_set_state")
int tcp_tracepoint_quiet(struct tcp_tracepoint *ctx)
{
	FROM_RECORD(ctx, 0);
	return 0;
}

SEC("tracepoint/sock/inet_sock_set_state")
int tcp_tracepoint_old(struct tcp_tracepoint_old *ctx)
{
	FROM_RECORD(ctx, 0);
	return 0;
}

char terms[] SEC("license") = "Dual BSD/GPL";
