//go:build ignore

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * UDP: which program addresses whom, how often, and how many bytes go either way; the name servers asked are those on
 * port 53.
 *
 * The kernel's ways there; the first two in the caller's process:
 *
 *	connect -> inet_dgram_connect -> udp_pre_connect -> BPF_CGROUP_RUN_PROG_INET4_CONNECT (and 6)
 *	sendto, sendmsg on a socket that is not connected
 *	  -> udp_sendmsg -> BPF_CGROUP_RUN_PROG_UDP4_SENDMSG_LOCK (and 6)
 *	udp_send_skb -> ip_finish_output, ip6_finish_output -> BPF_CGROUP_RUN_PROG_INET_EGRESS(sk, skb)
 *	udp_queue_rcv_one_skb -> sk_filter_trim_cap -> BPF_CGROUP_RUN_PROG_INET_INGRESS(sk, skb)
 *
 * So a socket that is connected once is counted once, however much it sends; one that is not, is counted for each
 * datagram. The last two see every datagram whole, before it is cut into fragments and after they were put together:
 * they count its bytes for the program that addressed somebody by this socket. Who was not addressed by it yet, has no
 * flow: what strangers send to a server before its first answer is left out, as is what the host's packet filter sends
 * elsewhere than the program said. The programs sit at the root of the control groups, and always let pass: they could
 * refuse, and do not.
 */
#include "kernel.h"
#include "helpers.h"
#include "vymir.h"
#include "flows.h"

#define SOCK_DGRAM  2
#define PASS	    1
#define IPPROTO_UDP 17

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

struct __sk_buff {
	__u32 len;
	__u32 before[18];
	__u32 data;
	__u32 data_end;
};

/* Headers of datagrams; what is not looked at stands as rest. */
struct v4_datagram {
	__u8 version; /* and length of the header, in words */
	__u8 rest[8];
	__u8 protocol;
	__u16 sum;
	__u32 addresses[2]; /* source and target, as all that follows */
	__u16 ports[2];
	__u16 length[2];
};

struct v6_datagram {
	__u8 version;
	__u8 rest[5];
	__u8 protocol;
	__u8 hops;
	__u32 addresses[2][4];
	__u16 ports[2];
	__u16 length[2];
};

static __u64 (*bpf_get_socket_cookie)(void *ctx) = (void *)46;

/* Whom a socket addressed last, and which program did, by the socket's cookie. Only for bytes, so the oldest may go. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_LRU_HASH);
	MAP_NUMBER(max_entries, 2048);
	MAP_TYPE(key, __u64);
	MAP_TYPE(value, struct flow_key);
} sockets SEC(".maps");

static __always_inline int equal(const void *a, const void *b, const int words)
{
	const __u64 *x = a, *y = b;

	for (int i = 0; i < words; i++)
		if (x[i] != y[i])
			return 0;
	return 1;
}

/*
 * A socket that changes whom it addresses is written in place. Should a datagram read half of it, then its peer is not
 * that one, and it is looked for among the flows.
 */
static __always_inline void remember(__u64 socket, struct flow_key *key)
{
	struct flow_key *last = bpf_map_lookup_elem(&sockets, &socket);

	if (!last)
		bpf_map_update_elem(&sockets, &socket, key, BPF_ANY);
	else if (!equal(last, key, sizeof(*key) / 8))
		*last = *key;
}

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
	remember(bpf_get_socket_cookie(ctx), key);
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

/* Counts a datagram's payload; out is a constant. */
static __always_inline void datagram(struct __sk_buff *ctx, const __u8 *peer, __u16 port, __u32 bytes, const int out)
{
	__u64 socket = bpf_get_socket_cookie(ctx), now;
	struct flow_key *last = bpf_map_lookup_elem(&sockets, &socket), key;
	struct flow *f;
	__u32 cause;

	if (!last)
		return;
	key = *last;
	now = bpf_ktime_get_ns();
	if (key.port == port && equal(key.peer, peer, 2)) {
		f = flow_of(&key, now, &cause);
	} else { /* a socket with many peers: only those its program addressed */
		__builtin_memcpy(key.peer, peer, sizeof(key.peer));
		key.port = port;
		f = bpf_map_lookup_elem(&flows, &key);
	}
	if (!f)
		return;
	if (out)
		__sync_fetch_and_add(&f->sent, bytes);
	else
		__sync_fetch_and_add(&f->received, bytes);
	f->last = now;
}

/* Everything but UDP leaves after a look at two bytes. Headers in between are rare, and left alone. */
static __always_inline int packet(struct __sk_buff *ctx, const int out)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u8 peer[16] __attribute__((aligned(8)));
	struct v4_datagram *v4 = data;
	struct v6_datagram *v6 = data;
	__u32 headers;
	__u16 port;

	if ((void *)(v4 + 1) > end)
		return PASS;
	if (v4->version == 0x45) {
		if (v4->protocol != IPPROTO_UDP)
			return PASS;
		headers = sizeof(*v4);
		port = v4->ports[out];
		v4_address(peer, v4->addresses[out]);
	} else {
		if (v4->version >> 4 != 6 || (void *)(v6 + 1) > end || v6->protocol != IPPROTO_UDP)
			return PASS;
		headers = sizeof(*v6);
		port = v6->ports[out];
		for (int i = 0; i < 4; i++)
			((__u32 *)peer)[i] = v6->addresses[out][i];
	}
	if (ctx->len > headers)
		datagram(ctx, peer, host16(port), ctx->len - headers, out);
	return PASS;
}

SEC("cgroup_skb/egress")
int udp_egress(struct __sk_buff *ctx)
{
	return packet(ctx, 1);
}

SEC("cgroup_skb/ingress")
int udp_ingress(struct __sk_buff *ctx)
{
	return packet(ctx, 0);
}

char terms[] SEC("license") = "Dual BSD/GPL";
