//go:build ignore

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Protocols that send passwords or contents in the clear, and TLS that is too old: recognised by the first bytes of a
 * connection, in both directions. What is kept is the protocol's name, the peer, the port and the user; no byte of
 *payload leaves this program.
 *
 * The kernel's ways here, once per packet:
 *
 *	__tcp_transmit_skb, udp_send_skb -> ip_finish_output, ip6_finish_output
 *	  -> BPF_CGROUP_RUN_PROG_INET_EGRESS(sk, skb)		often in the sender's process, at times in a softirq
 *	tcp_v4_rcv, udp_queue_rcv_one_skb -> tcp_filter, sk_filter_trim_cap
 *	  -> BPF_CGROUP_RUN_PROG_INET_INGRESS(sk, skb)		in a softirq
 *
 * Both hand over the packet from its IP header on, and its socket. A TCP socket counts the segments with data it has
 *sent and received, so that everything but the first few of a connection leaves after four loads, without any state of
 *our own. The programs sit at the root of the control groups, and always let pass.
 */
#include "kernel.h"
#include "helpers.h"
#include "vymir.h"
#include "flows.h"

#define PASS	    1
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define EARLY	    4 /* segments with data that are looked at, each way: a greeting and a command or two */
#define HEAD	    16

/* From linux/bpf.h; part of the kernel's promise to programs, so they need no relocation. */
struct bpf_sock {
	__u32 bound_dev_if;
	__u32 family;
	__u32 type;
	__u32 protocol;
};

struct bpf_tcp_sock {
	__u32 before[15];
	__u32 data_segs_in;
	__u32 segs_out;
	__u32 data_segs_out;
};

struct __sk_buff {
	__u32 len;
	__u32 before[40];
	__u32 gso_segs;
	struct bpf_sock *sk __attribute__((aligned(8)));
};

static long (*bpf_skb_load_bytes)(const void *skb, __u32 offset, void *to, __u32 len) = (void *)26;
static __u32 (*bpf_get_socket_uid)(const void *skb) = (void *)47;
static struct bpf_sock *(*bpf_sk_fullsock)(struct bpf_sock *sk) = (void *)95;
static struct bpf_tcp_sock *(*bpf_tcp_sock)(struct bpf_sock *sk) = (void *)96;

/* Four letters as they lie in memory, in lower case; a blank is one already. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define WORD(a, b, c, d) ((__u32)(a) | (__u32)(b) << 8 | (__u32)(c) << 16 | (__u32)(d) << 24)
#else
#define WORD(a, b, c, d) ((__u32)(d) | (__u32)(c) << 8 | (__u32)(b) << 16 | (__u32)(a) << 24)
#endif
#define LOWER 0x20202020

/* What is known of a packet beside its payload. */
struct packet {
	__u32 size;   /* of the whole, from the IP header on */
	__u32 header; /* offset of the TCP or UDP header */
	__u32 start;  /* offset of the payload */
	__u32 first;  /* no segment with data went before it this way */
	__u16 source; /* ports, host order */
	__u16 target;
	__u8 version; /* of IP */
};

/* Who spoke first is who asked: the client, except where a recognised message is an answer. */
enum role { NOBODY, ASKED, ANSWERED, EITHER };

/* One byte of the payload, or -1. */
static __always_inline int byte_at(struct __sk_buff *ctx, __u32 offset)
{
	__u8 b;

	return bpf_skb_load_bytes(ctx, offset, &b, 1) ? -1 : b;
}

/* Steps over a tag and its length of BER: the offset behind them, or 0. */
static __always_inline __u32 inside(struct __sk_buff *ctx, __u32 offset, int tag)
{
	int length;

	if (byte_at(ctx, offset) != tag)
		return 0;
	length = byte_at(ctx, offset + 1);
	if (length < 0 || length == 0x80 || length > 0x84)
		return 0;
	return length < 0x80 ? offset + 2 : offset + 2 + (length & 0x7f);
}

/*
 * An LDAP bind that carries a password: SEQUENCE { messageID, [APPLICATION 0] { version, name, [0] simple } }. One
 * without a password is anonymous and tells nobody anything.
 */
static __always_inline int ldap_password(struct __sk_buff *ctx, __u32 offset)
{
	int length;

	offset = inside(ctx, offset, 0x30);
	if (!offset || byte_at(ctx, offset) != 2)
		return 0;
	length = byte_at(ctx, offset + 1);
	if (length < 1 || length > 4)
		return 0;
	offset = inside(ctx, offset + 2 + length, 0x60);
	if (!offset || byte_at(ctx, offset) != 2 || byte_at(ctx, offset + 1) != 1)
		return 0;
	offset += 3;
	if (byte_at(ctx, offset) != 4)
		return 0;
	length = byte_at(ctx, offset + 1);
	if (length < 0 || length >= 0x80)
		return 0;
	offset += 2 + length;
	return byte_at(ctx, offset) == 0x80 && byte_at(ctx, offset + 1) > 0;
}

/* The version of an SNMP message: SEQUENCE { INTEGER version, OCTET STRING community }; -1: something else. */
static __always_inline int snmp_version(struct __sk_buff *ctx, __u32 offset)
{
	offset = inside(ctx, offset, 0x30);
	if (!offset || byte_at(ctx, offset) != 2 || byte_at(ctx, offset + 1) != 1)
		return -1;
	return byte_at(ctx, offset + 3) == 4 ? byte_at(ctx, offset + 2) : -1;
}

static __always_inline void name(struct flow_key *key, const char *text, const int size)
{
	__builtin_memcpy(key->program, text, size);
}

#define NAME(key, text) name(key, text, sizeof(text))

/* Recognises what is sent as a whole segment; head holds its first bytes, and zeros behind its end. */
static __always_inline enum role recognise(struct __sk_buff *ctx, struct packet *p, const __u8 *head,
					   struct flow_key *key)
{
	const __u32 *words = (const __u32 *)head;
	__u32 word = words[0] | LOWER, next = words[1] | LOWER;

	switch (word) {
	case WORD('g', 'e', 't', ' '):
	case WORD('p', 'u', 't', ' '):
	case WORD('p', 'o', 's', 't'):
	case WORD('h', 'e', 'a', 'd'):
	case WORD('o', 'p', 't', 'i'):
	case WORD('d', 'e', 'l', 'e'):
	case WORD('p', 'a', 't', 'c'):
		if (!p->first)
			return NOBODY;
		NAME(key, "http");
		return ASKED;
	case WORD('u', 's', 'e', 'r'):
		if (head[4] != ' ')
			return NOBODY;
		if (p->target == 110)
			NAME(key, "pop3");
		else
			NAME(key, "ftp");
		return ASKED;
	case WORD('a', 'u', 't', 'h'): /* PLAIN, LOGIN, XOAUTH2: the others prove the password without sending it */
		if (head[4] != ' ' || ((head[5] | 32) != 'p' && (head[5] | 32) != 'l' && (head[5] | 32) != 'x'))
			return NOBODY;
		NAME(key, "smtp_auth");
		return ASKED;
	case WORD('m', 'a', 'i', 'l'):
		if (next != WORD(' ', 'f', 'r', 'o'))
			return NOBODY;
		NAME(key, "smtp");
		return ASKED;
	}
	if (head[0] == 0xff && head[1] >= 0xfb && head[1] <= 0xfe && head[2] < 0x40) {
		if (!p->first)
			return NOBODY;
		NAME(key, "telnet");
		return EITHER;
	}
	if (head[0] == 0x16 && head[1] == 3) { /* a handshake: the version stands behind two headers */
		if (head[9] != 3 || head[10] > 2)
			return NOBODY;
		if (head[5] != 1 && head[5] != 2)
			return NOBODY;
		if (head[10] == 0)
			NAME(key, "ssl3");
		else if (head[10] == 1)
			NAME(key, "tls1.0");
		else
			NAME(key, "tls1.1");
		if (head[5] == 2)
			return ANSWERED;
		key->program[6] = '?'; /* the newest that is offered; what comes of it is for the other side */
		if (head[10] == 0)
			key->program[4] = '?';
		return ASKED;
	}
	if (head[0] == 0x30 && ldap_password(ctx, p->start)) {
		NAME(key, "ldap");
		return ASKED;
	}
	/* "tag LOGIN name password" */
#pragma unroll
	for (int i = 1; i < 8; i++) {
		if (head[i] == ' ' && (head[i + 1] | 32) == 'l' && (head[i + 2] | 32) == 'o' &&
		    (head[i + 3] | 32) == 'g' && (head[i + 4] | 32) == 'i' && (head[i + 5] | 32) == 'n' &&
		    head[i + 6] == ' ') {
			NAME(key, "imap");
			return ASKED;
		}
	}
	return NOBODY;
}

/* Where the headers end; 0: this is no packet we look into. */
static __always_inline int headers(struct __sk_buff *ctx, struct packet *p, const int protocol)
{
	__u16 ports[2];
	int b = byte_at(ctx, 0);

	if (b < 0)
		return 0;
	p->size = ctx->len;
	p->version = b >> 4;
	p->header = p->version == 4 ? (b & 15) * 4 : 40;
	if (p->version == 6 && byte_at(ctx, 6) != protocol) /* headers in between are rare, and left alone */
		return 0;
	if (bpf_skb_load_bytes(ctx, p->header, ports, sizeof(ports)))
		return 0;
	p->source = host16(ports[0]);
	p->target = host16(ports[1]);
	if (protocol == IPPROTO_UDP) {
		p->start = p->header + 8;
	} else {
		b = byte_at(ctx, p->header + 12);
		p->start = p->header + (b >> 4) * 4;
	}
	return p->start < p->size;
}

static __always_inline void peer_of(struct __sk_buff *ctx, struct packet *p, const int out, struct flow_key *key)
{
	__u32 v4 = 0;

	if (p->version == 4) {
		bpf_skb_load_bytes(ctx, out ? 16 : 12, &v4, sizeof(v4));
		v4_address(key->peer, v4);
	} else {
		bpf_skb_load_bytes(ctx, out ? 24 : 8, key->peer, sizeof(key->peer));
	}
}

static __always_inline void spoken(struct __sk_buff *ctx, struct packet *p, const int out, int client,
				   struct flow_key *key)
{
	__u64 now = bpf_ktime_get_ns();
	struct flow *f;
	__u32 cause;

	key->direction = client ? OUT : IN;
	key->port = client == out ? p->target : p->source;
	key->uid = bpf_get_socket_uid(ctx);
	peer_of(ctx, p, out, key);
	count(SEEN);
	f = flow_of(key, now, &cause);
	if (f) {
		__sync_fetch_and_add(&f->count, 1);
		f->last = now;
	}
	count(cause);
	if (watched())
		tell_flow(KIND_PROTOCOL, key, now);
}

static __always_inline void tcp(struct __sk_buff *ctx, struct bpf_sock *sk, const int out)
{
	struct bpf_tcp_sock *tp = bpf_tcp_sock(sk);
	__u8 head[HEAD] __attribute__((aligned(8))) = {};
	struct flow_key key = {};
	struct packet p = {};
	enum role role;
	__u32 gone, n;

	if (!tp)
		return;
	if (out) {
		n = ctx->gso_segs; /* this packet is counted already */
		gone = tp->data_segs_out - (n ? n : 1);
	} else {
		gone = tp->data_segs_in;
	}
	if ((__s32)gone > EARLY)
		return;
	if (!headers(ctx, &p, IPPROTO_TCP))
		return;
	p.first = (__s32)gone <= 0;
	n = p.size - p.start;
	if (n >= HEAD) {
		if (bpf_skb_load_bytes(ctx, p.start, head, HEAD))
			return;
	} else if (n >= 8) {
		if (bpf_skb_load_bytes(ctx, p.start, head, 8))
			return;
	} else if (n < 3 || bpf_skb_load_bytes(ctx, p.start, head, 3)) {
		return;
	}
	role = recognise(ctx, &p, head, &key);
	if (role == EITHER) /* both ends begin so: the server is where the lower port is */
		role = p.target < p.source ? ASKED : ANSWERED;
	if (role != NOBODY)
		spoken(ctx, &p, out, role == ASKED ? out : !out, &key);
}

/* Of UDP only SNMP, by its ports: questions to 161, and what is told to 162. */
static __always_inline void udp(struct __sk_buff *ctx, const int out)
{
	struct flow_key key = {};
	struct packet p = {};
	int version;

	if (!headers(ctx, &p, IPPROTO_UDP) || (p.target != 161 && p.target != 162))
		return;
	version = snmp_version(ctx, p.start);
	if (version == 0)
		NAME(&key, "snmp1");
	else if (version == 1)
		NAME(&key, "snmp2c");
	else
		return;
	spoken(ctx, &p, out, out, &key);
}

static __always_inline int look(struct __sk_buff *ctx, const int out)
{
	struct bpf_sock *sk = ctx->sk;

	if (!sk)
		return PASS;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return PASS;
	if (sk->protocol == IPPROTO_TCP)
		tcp(ctx, sk, out);
	else if (sk->protocol == IPPROTO_UDP)
		udp(ctx, out);
	return PASS;
}

SEC("cgroup_skb/egress")
int proto_egress(struct __sk_buff *ctx)
{
	return look(ctx, 1);
}

SEC("cgroup_skb/ingress")
int proto_ingress(struct __sk_buff *ctx)
{
	return look(ctx, 0);
}

char terms[] SEC("license") = "Dual BSD/GPL";
