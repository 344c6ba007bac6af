/* What all groups of programs share: the ring, counters, walking paths, and telling who a process is. */
#ifndef HOSTQL_COMMON_H
#define HOSTQL_COMMON_H

#include "kernel.h"
#include "records.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The reader is woken when the backlog crosses a multiple of this. */
#define WAKE_BYTES (64 * 1024)
/* Bytes of a path that can be walked at most, and names in it. */
#define WALK_SIZE 4096
#define WALK_NAMES 256

/* Shared with the reader by mmap. */
struct control {
	__u32 idle;             /* the reader waits without a timer: wake it for the next record */
	__u32 generation;       /* of the exclusion profile in force; 0 before the first */
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct control);
} hostql_control SEC(".maps");

struct counters { __u64 seen, sent, lost, excluded; };
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} hostql_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} hostql_events SEC(".maps");

static __always_inline struct counters *counters(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&hostql_counters, &zero);
}

/* Flags of bpf_ringbuf_submit for a record of `size` bytes after `before` bytes of backlog. Called once the record is
 * reserved: either the reader, who says that it is idle and then looks again, sees the record, or we see it idle. */
static __always_inline __u64 wake(struct control *control, __u64 before, __u64 size)
{
	if (control->idle) {
		control->idle = 0;
		return BPF_RB_FORCE_WAKEUP;
	}
	return (before ^ (before + size)) & ~(__u64)(WAKE_BYTES - 1) ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/* A path is walked from its end to the root, into a buffer that fills from its end. */
struct walked {
	char bytes[WALK_SIZE + PATH_KEPT + 1];	/* room for reads that begin near the end spares the verifier a proof */
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct walked);
} hostql_walk SEC(".maps");

struct walk {
	void *node;             /* dentry or kernfs_node */
	struct mount *mount;
	__u32 start;            /* where in the buffer the path begins */
};

/* Put "/name" before what is there; 1 if it does not fit. */
static __always_inline long prepend(struct walk *walk, const void *name, __u32 length)
{
	__u32 zero = 0, start = walk->start;
	struct walked *buffer = bpf_map_lookup_elem(&hostql_walk, &zero);
	if (!buffer)
		return 1;
	length &= 255;
	if (start > WALK_SIZE || start < length + 1)
		return 1;
	start -= length + 1;
	buffer->bytes[start & (WALK_SIZE - 1)] = '/';
	bpf_probe_read_kernel(&buffer->bytes[(start + 1) & (WALK_SIZE - 1)], length, name);
	walk->start = start;
	return 0;
}

static long up_dentry(__u32 i, void *context)
{
	struct walk *walk = context;
	struct dentry *dentry = walk->node, *parent = BPF_CORE_READ(dentry, d_parent);
	struct mount *mount = walk->mount;
	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);
		if (!above || above == mount)
			return 1;
		walk->node = BPF_CORE_READ(mount, mnt_mountpoint);
		walk->mount = above;
		return 0;
	}
	if (prepend(walk, BPF_CORE_READ(dentry, d_name.name), BPF_CORE_READ(dentry, d_name.len)))
		return 1;
	walk->node = parent;
	/* A file of no directory (memfd) is its own parent. */
	return parent == dentry;
}

static long up_kernfs(__u32 i, void *context)
{
	struct walk *walk = context;
	struct kernfs_node *node = walk->node, *parent;
	if (bpf_core_field_exists(node->parent))
		parent = BPF_CORE_READ(node, parent);
	else
		parent = BPF_CORE_READ((struct kernfs_node___6_15 *)node, __parent);
	if (!parent)
		return 1;
	__u32 zero = 0;
	struct walked *buffer = bpf_map_lookup_elem(&hostql_walk, &zero);
	if (!buffer)
		return 1;
	/* Its length is not kept beside a kernfs name: read it behind the buffer's end first. */
	long length = bpf_probe_read_kernel_str(&buffer->bytes[WALK_SIZE], 256, BPF_CORE_READ(node, name));
	if (length <= 1)
		return 1;
	if (prepend(walk, &buffer->bytes[WALK_SIZE], length - 1))
		return 1;
	walk->node = parent;
	return 0;
}

/* Texts behind a record; room for reads that begin near the end spares the verifier a proof. */
struct text { char bytes[TEXT_SIZE + ARGUMENTS_KEPT + 1]; };
struct scratch { struct exec_record record; struct text text; };
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} hostql_scratch SEC(".maps");

static __always_inline struct scratch *scratch(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&hostql_scratch, &zero);
}

/* What follows is not static: the verifier then checks each function once, not anew for each way that leads to it.
 * Kernel addresses are handed on as numbers, for that reason. */

/* Walk a path; where it starts in hostql_walk (WALK_SIZE for an empty one). */
__noinline __u32 walk_path(__u64 mnt, __u64 dentry)
{
	struct walk walk;
	walk.start = WALK_SIZE;
	walk.node = (void *)dentry;
	walk.mount = (void *)(mnt - bpf_core_field_offset(struct mount, mnt));
	if (!mnt || !dentry)
		return WALK_SIZE;
	bpf_loop(WALK_NAMES, up_dentry, &walk, 0);
	if (walk.start == WALK_SIZE)
		prepend(&walk, 0, 0);
	return walk.start;
}

__noinline __u32 walk_exe(__u64 address)
{
	struct task_struct *task = (void *)address;
	struct file *file = BPF_CORE_READ(task, mm, exe_file);
	return walk_path((__u64)BPF_CORE_READ(file, f_path.mnt), (__u64)BPF_CORE_READ(file, f_path.dentry));
}

/* The control group in the unified hierarchy; where all are at its root, as on hosts of the first version, in pids'. */
__noinline __u32 walk_cgroup(__u64 address)
{
	struct task_struct *task = (void *)address;
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct walk walk;
	walk.node = BPF_CORE_READ(set, dfl_cgrp, kn);
	walk.mount = 0;
	walk.start = WALK_SIZE;
	bpf_loop(WALK_NAMES, up_kernfs, &walk, 0);
	if (walk.start == WALK_SIZE && bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id)) {
		__u32 pids = bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);
		struct cgroup_subsys_state *state = 0;
		bpf_core_read(&state, sizeof(state), &set->subsys[pids & 15]);
		walk.node = BPF_CORE_READ(state, cgroup, kn);
		bpf_loop(WALK_NAMES, up_kernfs, &walk, 0);
	}
	if (walk.start == WALK_SIZE)
		prepend(&walk, 0, 0);
	return walk.start;
}

/* Append what was walked to the texts at `at`; its length. Of one that is too long the end is kept. */
__noinline __u32 append_walked(__u32 start, __u32 at)
{
	__u32 zero = 0, length;
	struct walked *buffer = bpf_map_lookup_elem(&hostql_walk, &zero);
	struct scratch *to = scratch();
	if (!buffer || !to || start >= WALK_SIZE)
		return 0;
	length = WALK_SIZE - start;
	if (length > PATH_KEPT) {
		start += length - PATH_KEPT;
		length = PATH_KEPT;
		to->record.cut |= CUT_PATH;
	}
	barrier_var(length);
	length &= PATH_KEPT;
	barrier_var(start);
	if (bpf_probe_read_kernel(&to->text.bytes[at & (TEXT_SIZE - 1)], length, &buffer->bytes[start & (WALK_SIZE - 1)]))
		return 0;
	return length;
}

struct climb {
	struct who *who;
	struct task_struct *task;
};

static long up_parent(__u32 i, void *context)
{
	struct climb *climb = context;
	struct who *who = climb->who;
	struct task_struct *task = climb->task;
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	__u32 pid = BPF_CORE_READ(leader, tgid);
	if (!pid || i >= PARENTS)
		return 1;
	who->parent[i].pid = pid;
	BPF_CORE_READ_INTO(&who->parent[i].comm, leader, comm);
	who->parents = i + 1;
	climb->task = BPF_CORE_READ(leader, real_parent);
	return 0;
}

/* Fill in who a task is, texts first; gives where the next text may start. */
__noinline __u32 describe(__u64 address)
{
	struct task_struct *task = (void *)address;
	struct scratch *to = scratch();
	if (!to)
		return 0;
	struct who *who = &to->record.who;
	__u32 at = append_walked(walk_exe(address), 0);
	who->exe_length = at;
	who->cgroup_length = append_walked(walk_cgroup(address), at);
	who->pid = BPF_CORE_READ(task, tgid);
	who->ppid = BPF_CORE_READ(task, real_parent, tgid);
	who->parents = 0;
	struct climb climb;
	climb.who = who;
	climb.task = BPF_CORE_READ(task, real_parent);
	bpf_loop(PARENTS, up_parent, &climb, 0);
	return at + who->cgroup_length;
}

static __always_inline __u32 loginuid(struct task_struct *task)
{
	return bpf_core_field_exists(task->loginuid) ? BPF_CORE_READ(task, loginuid.val) : (__u32)-1;
}

#endif
