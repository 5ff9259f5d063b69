/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the kernel offers to a program: the helper functions we call (by number), map declarations and CO-RE. */
#ifndef VYMIR_HELPERS_H
#define VYMIR_HELPERS_H

#define SEC(name)	__attribute__((section(name), used))
#define __always_inline inline __attribute__((always_inline))
#define NULL		((void *)0)

/* Map declarations: the loader reads them from the type information of the .maps section. */
#define MAP_NUMBER(name, value) int(*name)[value]
#define MAP_TYPE(name, value)	typeof(value) *name

enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum { BPF_ANY = 0, BPF_NOEXIST = 1 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
enum { BPF_RB_AVAIL_DATA = 0 };

#define EBUSY  16
#define EEXIST 17

static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*bpf_map_update_elem)(void *map, const void *key, const void *value, __u64 flags) = (void *)2;
static long (*bpf_map_delete_elem)(void *map, const void *key) = (void *)3;
static __u64 (*bpf_ktime_get_ns)(void) = (void *)5;
static __u64 (*bpf_get_current_pid_tgid)(void) = (void *)14;
static __u64 (*bpf_get_current_uid_gid)(void) = (void *)15;
static long (*bpf_get_current_comm)(void *buf, __u32 size) = (void *)16;
static __u64 (*bpf_get_current_task)(void) = (void *)35;
static __u64 (*bpf_get_current_cgroup_id)(void) = (void *)80;
static long (*bpf_probe_read_kernel)(void *dst, __u32 size, const void *from) = (void *)113;
static long (*bpf_probe_read_kernel_str)(void *dst, __u32 size, const void *from) = (void *)115;
static void *(*bpf_ringbuf_reserve)(void *ring, __u64 size, __u64 flags) = (void *)131;
static void (*bpf_ringbuf_submit)(void *data, __u64 flags) = (void *)132;
static __u64 (*bpf_ringbuf_query)(void *ring, __u64 flags) = (void *)134;
static struct tcp_sock *(*bpf_skc_to_tcp_sock)(void *sk) = (void *)137;
static struct task_struct *(*bpf_get_current_task_btf)(void) = (void *)158;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define network32(x) __builtin_bswap32(x)
#define host16(x)    __builtin_bswap16(x)
#else
#define network32(x) (x)
#define host16(x)    (x)
#endif

/* Answered at load time, from the running kernel's types. */
#define core_field_offset(field) __builtin_preserve_field_info(field, 0)
#define core_field_exists(field) __builtin_preserve_field_info(field, 2)

/*
 * How a program gets at kernel memory; always a compile-time constant, so that one body serves all kinds of hooks.
 *
 * DIRECT: the verifier knows the type behind the pointer and the program loads from it as from its own memory. The
 *         cheapest way, and the only one left under lockdown=confidentiality.
 * MIXED:  as DIRECT, and strings behind a char pointer by helper.
 * COPIED: everything by helper, for hooks that hand over untyped pointers.
 */
enum { DIRECT, MIXED, COPIED };

#define LOAD(how, field)                                                                                               \
	({                                                                                                             \
		typeof(field) value_;                                                                                  \
		if ((how) == COPIED)                                                                                   \
			bpf_probe_read_kernel(&value_, sizeof(value_), __builtin_preserve_access_index(&(field)));     \
		else                                                                                                   \
			value_ = (field);                                                                              \
		value_;                                                                                                \
	})

#endif
