//go:build ignore

// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Program execution: which file became a program, how often, as which user, started by whom.
 *
 * The kernel's way there:
 *
 *	execve, execveat -> do_execveat_common -> bprm_execve -> exec_binprm
 *	  -> search_binary_handler -> load_elf_binary ... (a "#!" script goes round once more with its interpreter)
 *	  -> trace_sched_process_exec(current, old_pid, bprm)
 *
 * The tracepoint stands behind the point of no return: what it reports did replace the old program. By then
 * bprm->file is the file that was mapped (the interpreter, for a script), bprm->filename what the caller asked for,
 * and bprm->interp differs from bprm->filename exactly when an interpreter was put in between.
 *
 * The key is the file itself (device, inode, and the hashes of its name and its directory's name, which tell links
 * and reused inodes apart), the user and the parent's command name. The path is spelled out only when a key is new.
 */
#include "kernel.h"
#include "helpers.h"
#include "vymir.h"

#define PARTS	   10
#define PART	   40
#define WORDS	   (PART / 8)
#define SCRIPT	   64
#define A_SECOND   1000000000ULL
#define S_ISUID	   04000
#define S_STICKY   01002 /* sticky and writable by all: what /tmp is */
#define S_IWOTH	   00002
#define F_SEAL_ALL (1 | 2 | 4 | 8) /* no more seals, no shrinking, no growing, no writing */

/* What makes an execution notable; an agreement with Flags in Go. */
enum flag {
	DELETED = 1,	  /* the file has no name any more */
	TEMPORARY = 2,	  /* below a directory like /tmp, where everybody may write */
	SETUID = 4,	  /* the file is set-user-id */
	IS_SCRIPT = 8,	  /* started through an interpreter */
	SCRIPT_TEMP = 16, /* that script lies below /tmp, /var/tmp or /dev/shm */
	CUT = 32,	  /* the path is deeper, or one of its names longer, than we keep */
	FLAT = 64,	  /* part holds one string as the caller wrote it, not one name per element */
	WRITABLE = 128,	  /* the file's own directory is writable by all */
	GAINED = 256,	  /* runs as root below a parent that does not, and not by its set-user-id bit */
	SEALED = 512,	  /* a file in memory that can never be changed any more: see sealed() */
};

#define NOTABLE (DELETED | TEMPORARY | SCRIPT_TEMP | WRITABLE | GAINED)

/* These may change under one inode, so they are part of the key. */
#define KEYED (DELETED | SCRIPT_TEMP | GAINED | SEALED)

struct program_key {
	__u64 inode;
	__u64 name; /* hash and length of the file's name */
	__u32 device;
	__u32 directory; /* hash of the directory's name */
	__u32 uid;
	__u32 flags; /* those of KEYED */
	char parent[16];
};

struct program {
	__u64 count;
	__u64 first; /* CLOCK_MONOTONIC, ns; so are the two below */
	__u64 last;
	__u64 told;   /* when the ring last heard of it */
	__u64 cgroup; /* of the first execution */
	__u32 flags;
	__u32 pid;		/* of the last execution */
	__u8 part[PARTS][PART]; /* names from the file up to the root of its file system */
	char script[SCRIPT];
};

/* The rest is read from the map, once for each key, by whoever reads the ring: a record of what stands there anyway
 * would be eight times as long. */
struct exec_record {
	struct header header;
	struct program_key key;
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_HASH);
	MAP_NUMBER(max_entries, 4096);
	MAP_TYPE(key, struct program_key);
	MAP_TYPE(value, struct program);
} programs SEC(".maps");

/* Where a new entry is put together; too big for the stack. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	MAP_NUMBER(max_entries, 1);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, struct program);
} scratch SEC(".maps");

/* Copies a name of at most PART - 1 bytes, and says so when it had to be cut. */
static __always_inline void copy_name(const int how, struct dentry *d, __u8 *to, __u32 *flags)
{
	__u64 *words = (__u64 *)to;
	__u32 len = (__u32)LOAD(how, d->d_name.len);
	__u32 kept;

	if (how == COPIED) {
		bpf_probe_read_kernel_str(to, PART, LOAD(how, d->d_name.name));
		if (len >= PART)
			*flags |= CUT;
		return;
	}
	if (core_field_exists(((struct dentry___shortname *)0)->d_shortname)) {
		struct dentry___shortname *s = (void *)d;

		kept = 40;
		words[0] = *(__u64 *)&s->d_shortname.string[0];
		words[1] = *(__u64 *)&s->d_shortname.string[8];
		words[2] = *(__u64 *)&s->d_shortname.string[16];
		words[3] = *(__u64 *)&s->d_shortname.string[24];
		words[4] = *(__u64 *)&s->d_shortname.string[32];
	} else {
		struct dentry___iname *s = (void *)d;

		kept = 32;
		words[0] = *(__u64 *)&s->d_iname[0];
		words[1] = *(__u64 *)&s->d_iname[8];
		words[2] = *(__u64 *)&s->d_iname[16];
		words[3] = *(__u64 *)&s->d_iname[24];
		words[4] = 0;
	}
	if (len < kept)
		return;
	/* A longer name lives outside of the dentry, behind a plain pointer. */
	if (how == MIXED)
		bpf_probe_read_kernel_str(to, PART, d->d_name.name);
	else
		words[0] = 0, to[0] = '?';
	if (how == DIRECT || len >= PART)
		*flags |= CUT;
}

/*
 * Spells the path out, last name first, and looks for a directory like /tmp on the way. The flags are kept in memory
 * and not in a register: the verifier would follow each of their combinations by itself.
 */
static __always_inline void copy_path(const int how, struct dentry *d, __u8 (*part)[PART], __u32 *flags)
{
#pragma unroll
	for (int i = 0; i < PARTS; i++) {
		struct dentry *up = LOAD(how, d->d_parent);
		struct inode *dir;

		/* A file without a parent still has a name: that of a memfd. */
		if (i == 0 || up != d)
			copy_name(how, d, part[i], flags);
		if (up == d)
			return;
		dir = LOAD(how, up->d_inode);
		if ((LOAD(how, dir->i_mode) & S_STICKY) == S_STICKY)
			*flags |= TEMPORARY;
		d = up;
	}
	if (LOAD(how, d->d_parent) != d)
		*flags |= CUT;
}

/* True for what begins with /tmp/, /var/tmp/ or /dev/shm/. */
static __always_inline int temporary(const char *s)
{
	if (s[0] != '/')
		return 0;
	if (s[1] == 't' && s[2] == 'm' && s[3] == 'p' && s[4] == '/')
		return 1;
	if (s[1] == 'v' && s[2] == 'a' && s[3] == 'r' && s[4] == '/')
		return s[5] == 't' && s[6] == 'm' && s[7] == 'p' && s[8] == '/';
	if (s[1] == 'd' && s[2] == 'e' && s[3] == 'v' && s[4] == '/')
		return s[5] == 's' && s[6] == 'h' && s[7] == 'm' && s[8] == '/';
	return 0;
}

/* A script's own file is closed by now; its name is what the caller wrote, perhaps relative to where it stood. */
static __always_inline __u32 script_flags(const int how, struct task_struct *task, struct linux_binprm *bprm)
{
	const char *name = LOAD(how, bprm->filename);
	char start[16] = {};
	struct fs_struct *fs;
	struct dentry *pwd;
	struct inode *dir;

	if (name == LOAD(how, bprm->interp))
		return 0;
	if (how == DIRECT)
		return IS_SCRIPT;
	bpf_probe_read_kernel_str(start, sizeof(start), name);
	if (start[0] == '/')
		return temporary(start) ? IS_SCRIPT | SCRIPT_TEMP : IS_SCRIPT;
	fs = LOAD(how, task->fs);
	pwd = LOAD(how, fs->pwd.dentry);
	dir = LOAD(how, pwd->d_inode);
	return (LOAD(how, dir->i_mode) & S_STICKY) == S_STICKY ? IS_SCRIPT | SCRIPT_TEMP : IS_SCRIPT;
}

/*
 * Root below a parent that is not root in any way, and not because the file says so: what an exploit of the kernel or
 * of a daemon looks like. A parent that has gone hides it, since its children belong to init then.
 */
static __always_inline int gained(const int how, struct task_struct *task, struct task_struct *parent, __u16 mode)
{
	struct cred *now = LOAD(how, task->cred), *before = LOAD(how, parent->cred);

	return !(mode & S_ISUID) && LOAD(how, now->euid.val) == 0 && LOAD(how, before->uid.val) != 0 &&
	       LOAD(how, before->euid.val) != 0 && LOAD(how, before->suid.val) != 0;
}

/*
 * Container runtimes run a copy of themselves from memory, so that a container cannot overwrite them; they seal it
 * first against every change (fcntl F_ADD_SEALS). The seals stand beside the inode, out of reach of direct loads.
 */
static __always_inline int sealed(const int how, struct inode *inode)
{
	struct shmem_inode_info *info;
	__u32 seals = 0;

	if (how == DIRECT || !core_field_exists(((struct shmem_inode_info *)0)->seals))
		return 0;
	info = (void *)inode - core_field_offset(((struct shmem_inode_info *)0)->vfs_inode);
	bpf_probe_read_kernel(&seals, sizeof(seals), __builtin_preserve_access_index(&info->seals));
	return (seals & F_SEAL_ALL) == F_SEAL_ALL;
}

static __always_inline void tell(struct program_key *key, __u64 now)
{
	struct exec_record *r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);

	if (!r) {
		count(RING_FULL);
		return;
	}
	r->header.at = now;
	r->header.kind = KIND_EXEC;
	r->header.pid = bpf_get_current_pid_tgid() >> 32;
	r->header.uid = key->uid;
	r->header.padding = 0;
	r->key = *key;
	count(TOLD);
	bpf_ringbuf_submit(r, wake());
}

/* Counts one execution under its key; fresh is the entry to begin with when the key is new. */
static __always_inline struct program *add(struct program_key *key, struct program *fresh, __u64 now)
{
	struct program *p;
	long err;

	fresh->count = 0;
	fresh->first = now;
	fresh->last = now;
	fresh->told = 0;
	fresh->pid = bpf_get_current_pid_tgid() >> 32;
	err = bpf_map_update_elem(&programs, key, fresh, BPF_NOEXIST);
	p = bpf_map_lookup_elem(&programs, key);
	if (!p)
		count_failure(err);
	return p;
}

static __always_inline void hit(struct program_key *key, struct program *p, __u64 now, const int ring)
{
	__sync_fetch_and_add(&p->count, 1);
	p->last = now;
	p->pid = bpf_get_current_pid_tgid() >> 32;
	count(STORED);
	if (!ring)
		return;
	if (watched()) {
		tell(key, now);
	} else if (p->flags & NOTABLE) {
		if (now - p->told < A_SECOND) {
			count(HELD_BACK);
			return;
		}
		p->told = now;
		tell(key, now);
	}
}

static __always_inline int executed(const int how, const int ring, struct task_struct *task, struct linux_binprm *bprm)
{
	struct file *file = LOAD(how, bprm->file);
	struct dentry *d = LOAD(how, file->f_path.dentry);
	struct inode *inode = LOAD(how, file->f_inode);
	struct dentry *up = LOAD(how, d->d_parent);
	struct super_block *sb = LOAD(how, inode->i_sb);
	struct task_struct *parent = LOAD(how, task->real_parent);
	__u64 now = bpf_ktime_get_ns();
	struct program_key key = {};
	struct program *p;
	__u32 zero = 0, flags;
	__u16 mode;

	count(SEEN);
	flags = script_flags(how, task, bprm);
	if (LOAD(how, inode->i_nlink) == 0)
		flags |= up == d && sealed(how, inode) ? DELETED | SEALED : DELETED;
	mode = LOAD(how, inode->i_mode);
	if (gained(how, task, parent, mode))
		flags |= GAINED;
	if (up != d) /* a file in memory is another one each time; its name tells it well enough */
		key.inode = LOAD(how, inode->i_ino);
	/* Not hash_len in one: older verifiers know the two halves of that union only. */
	key.name = (__u64)LOAD(how, d->d_name.len) << 32 | LOAD(how, d->d_name.hash);
	key.device = LOAD(how, sb->s_dev);
	key.directory = LOAD(how, up->d_name.hash);
	key.uid = (__u32)bpf_get_current_uid_gid();
	key.flags = flags & KEYED;
	if (how == COPIED)
		bpf_probe_read_kernel(key.parent, sizeof(key.parent), __builtin_preserve_access_index(&parent->comm));
	else
		for (int i = 0; i < 2; i++)
			((__u64 *)key.parent)[i] = *(__u64 *)&parent->comm[8 * i];

	p = bpf_map_lookup_elem(&programs, &key);
	if (!p) {
		struct program *fresh = bpf_map_lookup_elem(&scratch, &zero);
		struct inode *dir = LOAD(how, up->d_inode);

		if (!fresh)
			return 0;
		__builtin_memset(fresh->part, 0, sizeof(fresh->part));
		__builtin_memset(fresh->script, 0, sizeof(fresh->script));
		if (mode & S_ISUID)
			flags |= SETUID;
		if (up != d && LOAD(how, dir->i_mode) & S_IWOTH)
			flags |= WRITABLE;
		if (how != DIRECT && flags & IS_SCRIPT)
			bpf_probe_read_kernel_str(fresh->script, SCRIPT, LOAD(how, bprm->filename));
		fresh->flags = flags;
		copy_path(how, d, fresh->part, &fresh->flags);
		fresh->cgroup = bpf_get_current_cgroup_id();
		p = add(&key, fresh, now);
		if (!p)
			return 0;
	}
	hit(&key, p, now, ring);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int exec_btf(__u64 *ctx)
{
	return executed(MIXED, 1, (struct task_struct *)ctx[0], (struct linux_binprm *)ctx[2]);
}

/* For lockdown=confidentiality, which takes the helpers that read kernel memory away. */
SEC("tp_btf/sched_process_exec")
int exec_btf_direct(__u64 *ctx)
{
	return executed(DIRECT, 1, (struct task_struct *)ctx[0], (struct linux_binprm *)ctx[2]);
}

SEC("raw_tp/sched_process_exec")
int exec_raw(__u64 *ctx)
{
	return executed(COPIED, 1, (struct task_struct *)ctx[0], (struct linux_binprm *)ctx[2]);
}

/* What /sys/kernel/tracing/events/sched/sched_process_exec/format says, in every kernel since 3.4. */
struct exec_tracepoint {
	__u64 common;
	__u32 filename; /* offset and size within the record */
	__s32 pid;
	__s32 old_pid;
};

/* Without type information only the name that the caller asked for is to be had: no inode, no parent. */
static __always_inline int executed_by_name(struct exec_tracepoint *ctx, const int ring)
{
	__u64 now = bpf_ktime_get_ns();
	struct program_key key = {};
	__u32 zero = 0;
	struct program *p, *fresh = bpf_map_lookup_elem(&scratch, &zero);
	__u64 *words;

	count(SEEN);
	if (!fresh)
		return 0;
	__builtin_memset(fresh->part, 0, sizeof(fresh->part));
	__builtin_memset(fresh->script, 0, sizeof(fresh->script));
	bpf_probe_read_kernel_str(fresh->part, sizeof(fresh->part), (char *)ctx + (ctx->filename & 0xffff));
	words = (__u64 *)fresh->part;
	key.inode = 0xcbf29ce484222325ULL;
#pragma unroll
	for (int i = 0; i < PARTS * WORDS; i++)
		key.inode = (key.inode ^ words[i]) * 0x100000001b3ULL;
	key.uid = (__u32)bpf_get_current_uid_gid();
	fresh->flags = FLAT | (temporary((char *)fresh->part) ? TEMPORARY : 0);
	fresh->cgroup = 0;
	p = bpf_map_lookup_elem(&programs, &key);
	if (!p)
		p = add(&key, fresh, now);
	if (p)
		hit(&key, p, now, ring);
	return 0;
}

SEC("tracepoint/sched/sched_process_exec")
int exec_tracepoint(struct exec_tracepoint *ctx)
{
	return executed_by_name(ctx, 1);
}

/* For kernels before 5.8, which have no ring buffer. */
SEC("tracepoint/sched/sched_process_exec")
int exec_tracepoint_quiet(struct exec_tracepoint *ctx)
{
	return executed_by_name(ctx, 0);
}

char terms[] SEC("license") = "Dual BSD/GPL";
