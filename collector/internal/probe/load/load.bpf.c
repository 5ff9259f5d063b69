//go:build ignore

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * What is put into the kernel: modules and BPF programs, and by whom.
 *
 * The kernel's ways there:
 *
 *	init_module, finit_module -> load_module -> trace_module_load(mod) -> do_init_module
 *	bpf(BPF_PROG_LOAD) -> bpf_prog_load -> bpf_check ... -> bpf_prog_new_fd -> security_bpf_prog(prog)
 *
 * A module that the kernel calls for by itself is loaded by modprobe, whose parent is a thread of the kernel. At the
 * tracepoint all checks are behind and the module's own code has not run yet: what hides itself then was seen.
 * security_bpf_prog also stands before handing out a program that is there already; a new one has no owner yet but its
 * loader.
 */
#include "kernel.h"
#include "helpers.h"
#include "vymir.h"
#include "acts.h"

/* Programs of control groups: systemd loads them for its services, again and again. */
#define OF_CGROUPS (1ULL << 8 | 1ULL << 9 | 1ULL << 15 | 1ULL << 18 | 1ULL << 23 | 1ULL << 25)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct module {
	char name[56];
	unsigned long taints;
};

struct bpf_prog_aux {
	struct {
		__u64 counter;
	} refcnt;
	__u32 id;
	char name[16];
};

enum bpf_prog_type { BPF_PROG_TYPE_UNSPEC };

struct bpf_prog {
	enum bpf_prog_type type;
	struct bpf_prog_aux *aux;
};

#pragma clang attribute pop

static __always_inline int module_loaded(const int how, struct module *m)
{
	struct act_key key = {.action = ACT_MODULE, .flags = ACT_CERTAIN};

	if (how == COPIED)
		bpf_probe_read_kernel(key.what, sizeof(key.what), __builtin_preserve_access_index(&m->name));
	else
		for (int i = 0; i < WHAT / 8; i++)
			((__u64 *)key.what)[i] = *(__u64 *)&m->name[8 * i];
	key.what[WHAT - 1] = 0;
	key.mask = LOAD(how, m->taints);
	key.uid = (__u32)bpf_get_current_uid_gid();
	key.to = key.uid;
	return acted(&key, 1);
}

SEC("tp_btf/module_load")
int module_btf(__u64 *ctx)
{
	return module_loaded(DIRECT, (struct module *)ctx[0]);
}

SEC("raw_tp/module_load")
int module_raw(__u64 *ctx)
{
	return module_loaded(COPIED, (struct module *)ctx[0]);
}

/* The record in tracefs; its shape is part of what the kernel shows there. */
struct module_record {
	__u64 common;
	__u32 taints;
	__u32 name; /* offset from the record's start in its lower half */
};

SEC("tracepoint/module/module_load")
int module_tracepoint(struct module_record *ctx)
{
	struct act_key key = {.action = ACT_MODULE, .flags = ACT_CERTAIN};

	bpf_probe_read_kernel_str(key.what, sizeof(key.what), (char *)ctx + (ctx->name & 0xffff));
	key.mask = ctx->taints;
	key.uid = (__u32)bpf_get_current_uid_gid();
	key.to = key.uid;
	return acted(&key, 1);
}

SEC("fentry/security_bpf_prog")
int bpf_fentry(__u64 *ctx)
{
	struct bpf_prog *prog = (struct bpf_prog *)ctx[0];
	struct bpf_prog_aux *aux = prog->aux;
	struct act_key key = {.action = ACT_BPF, .flags = ACT_CERTAIN};

	if (aux->refcnt.counter != 1)
		return 0;
	for (int i = 0; i < 2; i++)
		((__u64 *)key.what)[i] = *(__u64 *)&aux->name[8 * i];
	key.mask = (__u32)prog->type;
	key.uid = (__u32)bpf_get_current_uid_gid();
	key.to = key.uid;
	return acted(&key, key.mask > 63 || !(OF_CGROUPS >> key.mask & 1));
}

char terms[] SEC("license") = "Dual BSD/GPL";
