//go:build ignore

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * UDP: which program addresses whom, and how often; the name servers asked are those on port 53.
 *
 * The kernel's ways there, all in the caller's process:
 *
 *	connect -> inet_dgram_connect -> udp_pre_connect -> BPF_CGROUP_RUN_PROG_INET4_CONNECT (and 6)
 *	sendto, sendmsg on a socket that is not connected
 *	  -> udp_sendmsg -> BPF_CGROUP_RUN_PROG_UDP4_SENDMSG_LOCK (and 6)
 *
 * So a socket that is connected once is counted once, however much it sends; one that is not, is counted for each
 * datagram. The programs sit at the root of the control groups, and always let pass: they could refuse, and do not.
 */
#include "kernel.h"
#include "helpers.h"
#include "vymir.h"
#include "flows.h"

#define SOCK_DGRAM 2
#define PASS	   1

/* From linux/bpf.h; part of the kernel's promise to programs, so it needs no relocation. */
struct bpf_sock_addr {
	__u32 user_family;
	__u32 user_ip4;
	__u32 user_ip6[4];
	__u32 user_port; /* network order */
	__u32 family;
	__u32 type;
	__u32 protocol;
};

static __always_inline int addressed(struct flow_key *key, struct bpf_sock_addr *ctx)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 cause;
	struct flow *f;

	key->port = host16((__u16)ctx->user_port);
	key->uid = (__u32)bpf_get_current_uid_gid();
	bpf_get_current_comm(key->program, sizeof(key->program));
	count(SEEN);
	f = flow_of(key, now, &cause);
	if (f) {
		__sync_fetch_and_add(&f->count, 1);
		f->last = now;
	}
	count(cause);
	if (watched())
		tell_flow(KIND_UDP, key, now);
	return PASS;
}

static __always_inline int addressed_v4(struct bpf_sock_addr *ctx)
{
	struct flow_key key = {.direction = OUT};

	v4_address(key.peer, ctx->user_ip4);
	return addressed(&key, ctx);
}

static __always_inline int addressed_v6(struct bpf_sock_addr *ctx)
{
	struct flow_key key = {.direction = OUT};
	__u32 *peer = (__u32 *)key.peer;

	peer[0] = ctx->user_ip6[0];
	peer[1] = ctx->user_ip6[1];
	peer[2] = ctx->user_ip6[2];
	peer[3] = ctx->user_ip6[3];
	return addressed(&key, ctx);
}

SEC("cgroup/connect4")
int udp_connect4(struct bpf_sock_addr *ctx)
{
	return ctx->type == SOCK_DGRAM ? addressed_v4(ctx) : PASS;
}

SEC("cgroup/connect6")
int udp_connect6(struct bpf_sock_addr *ctx)
{
	return ctx->type == SOCK_DGRAM ? addressed_v6(ctx) : PASS;
}

SEC("cgroup/sendmsg4")
int udp_sendmsg4(struct bpf_sock_addr *ctx)
{
	return addressed_v4(ctx);
}

SEC("cgroup/sendmsg6")
int udp_sendmsg6(struct bpf_sock_addr *ctx)
{
	return addressed_v6(ctx);
}

char terms[] SEC("license") = "Dual BSD/GPL";
