/* What groups share whose events name who did it by a number: telling that once, and finding a process's files. */
#ifndef HOSTQL_TOLD_H
#define HOSTQL_TOLD_H

#include "exclusion.h"

/* Who did it, told once for each program; the events name it by number. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} hostql_who SEC(".maps");

__noinline int tell_who(__u64 task, __u64 id)
{
	struct scratch *to = scratch();
	if (!to)
		return 1;
	__u64 size = sizeof(to->record.who) + describe(task);
	to->record.who.program = id;
	barrier_var(size);
	if (size > sizeof(to->record.who) + sizeof(to->text))
		size = sizeof(to->record.who) + sizeof(to->text);
	return bpf_ringbuf_output(&hostql_who, &to->record.who, size, BPF_RB_NO_WAKEUP);
}

/* The file behind a descriptor of the process; 0 for none. */
static __always_inline struct file *file_of(struct task_struct *task, __u32 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = 0;
	if (fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

#endif
