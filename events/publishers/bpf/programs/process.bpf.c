/* Programs that are started, and how they end. */

/* Some four thousand programs. */
#define RING_BYTES (2 << 20)
#include "exclusion.h"

/* Programs that were reported and have not ended: when they began. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, __u32);
	__type(value, __u64);
} hostql_running SEC(".maps");

/* The path that was given, made absolute by the working directory; the executable for one by file descriptor. */
__noinline __u32 append_path(__u64 name, __u32 at, __u32 cwd_at)
{
	struct scratch *to = scratch();
	char first[8] = {};
	if (!to)
		return 0;
	__u32 length = 0, from = cwd_at;
	bpf_probe_read_kernel_str(first, sizeof(first), (void *)name);
	int by_descriptor = first[1] == 'd' && first[2] == 'e' && first[3] == 'v' && first[4] == '/' && first[5] == 'f' &&
			    first[6] == 'd';
	if (first[0] != '/' || by_descriptor) {
		length = by_descriptor ? to->record.who.exe_length : to->record.cwd_length;
		from = by_descriptor ? 0 : cwd_at;
		barrier_var(length);
		length &= PATH_KEPT;
		bpf_probe_read_kernel(&to->text.bytes[at & (TEXT_SIZE - 1)], length, &to->text.bytes[from & (TEXT_SIZE - 1)]);
		if (by_descriptor)
			return length;
		if (length != 1)
			to->text.bytes[(at + length++) & (TEXT_SIZE - 1)] = '/';
		if (first[0] == '.' && first[1] == '/')
			name += 2;
	}
	long got = bpf_probe_read_kernel_str(&to->text.bytes[(at + length) & (TEXT_SIZE - 1)], PATH_KEPT + 1, (void *)name);
	if (got == PATH_KEPT + 1)
		to->record.cut |= CUT_PATH;
	return length + (got > 0 ? got - 1 : 0);
}

static __always_inline void take_identity(struct exec_record *record, struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	record->auid = loginuid(task);
	record->uid = BPF_CORE_READ(cred, uid.val);
	record->euid = BPF_CORE_READ(cred, euid.val);
	record->suid = BPF_CORE_READ(cred, suid.val);
	record->fsuid = BPF_CORE_READ(cred, fsuid.val);
	record->gid = BPF_CORE_READ(cred, gid.val);
	record->egid = BPF_CORE_READ(cred, egid.val);
	record->sgid = BPF_CORE_READ(cred, sgid.val);
	record->fsgid = BPF_CORE_READ(cred, fsgid.val);
	struct inode *inode = BPF_CORE_READ(task, mm, exe_file, f_inode);
	record->mode = BPF_CORE_READ(inode, i_mode);
	record->owner_uid = BPF_CORE_READ(inode, i_uid.val);
	record->owner_gid = BPF_CORE_READ(inode, i_gid.val);
}

__noinline __u32 append_arguments(__u64 address, __u32 at)
{
	struct task_struct *task = (void *)address;
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct scratch *to = scratch();
	if (!to)
		return 0;
	unsigned long from = BPF_CORE_READ(mm, arg_start), size = BPF_CORE_READ(mm, arg_end) - from;
	to->record.arguments_size = size;
	to->record.env_size = BPF_CORE_READ(mm, env_end) - BPF_CORE_READ(mm, env_start);
	if (size > ARGUMENTS_KEPT) {
		size = ARGUMENTS_KEPT;
		to->record.cut |= CUT_ARGUMENTS;
	}
	barrier_var(size);
	size &= ARGUMENTS_KEPT;
	if (bpf_probe_read_user(&to->text.bytes[at & (TEXT_SIZE - 1)], size, (void *)from))
		return 0;
	return size;
}

/* Whether rules drop the exec of a path that lies in the texts. */
__noinline __u64 excluded(__u64 task, __u32 generation, __u32 at, __u32 length)
{
	struct profile *profile = profile_of(generation);
	struct scratch *to = scratch();
	if (!profile || !profile->rules || !to)
		return 0;
	struct path_masks masks = {};
	if (profile->asks[FIELD_PATH])
		match_path(&to->text.bytes[at & (TEXT_SIZE - 1)], length, generation, &masks);
	__u64 alive = profile->rules;
	SURVIVE(FIELD_SUCCESS, profile->success[1]);
	return alive ? survive_process(task, generation, alive, masks.path) : 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(hostql_exec, struct task_struct *task, int old_pid, struct linux_binprm *binary)
{
	__u32 zero = 0, tgid = bpf_get_current_pid_tgid() >> 32, at, cwd_at;
	__u64 address = bpf_get_current_task();
	struct task_struct *current = (void *)address;
	struct counters *count = counters();
	struct scratch *to = scratch();
	struct control *control = bpf_map_lookup_elem(&hostql_control, &zero);
	if (!count || !to || !control)
		return 0;
	struct exec_record *record = &to->record;
	count->seen++;
	record->kind = RECORD_EXEC;
	record->cut = 0;
	record->time = bpf_ktime_get_boot_ns();
	cwd_at = describe(address);
	at = cwd_at;
	record->cwd_length = append_walked(walk_path((__u64)BPF_CORE_READ(current, fs, pwd.mnt),
						     (__u64)BPF_CORE_READ(current, fs, pwd.dentry)), at);
	at += record->cwd_length;
	record->path_length = append_path((__u64)BPF_CORE_READ(binary, filename), at, cwd_at);
	__u32 generation = control->generation;
	__u64 rules = excluded(address, generation, at, record->path_length);
	if (rules) {
		drop(rules, generation);
		bpf_map_delete_elem(&hostql_running, &tgid);
		return 0;
	}
	at += record->path_length;
	take_identity(record, current);
	record->env_count = BPF_CORE_READ(binary, envc);
	record->system_call = system_call((void *)bpf_task_pt_regs(bpf_get_current_task_btf()));
	record->arguments_length = append_arguments(address, at);
	at += record->arguments_length;
	bpf_map_update_elem(&hostql_running, &tgid, &record->time, BPF_ANY);

	__u64 size = sizeof(*record) + at;
	if (size > sizeof(*to))
		size = sizeof(*to);
	__u64 before = bpf_ringbuf_query(&hostql_events, BPF_RB_AVAIL_DATA);
	if (bpf_ringbuf_output(&hostql_events, to, size, wake(control, before, size + 8)))
		count->lost++;
	else
		count->sent++;
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(hostql_exit, struct task_struct *task)
{
	__u32 zero = 0, tgid = BPF_CORE_READ(task, tgid);
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	/* The last thread ends the process, whichever it is. */
	if (BPF_CORE_READ(signal, live.counter))
		return 0;
	__u64 *began = bpf_map_lookup_elem(&hostql_running, &tgid);
	struct control *control = bpf_map_lookup_elem(&hostql_control, &zero);
	if (!began || !control)
		return 0;
	__u64 now = bpf_ktime_get_boot_ns(), lived = now - *began;
	bpf_map_delete_elem(&hostql_running, &tgid);
	__u64 before = bpf_ringbuf_query(&hostql_events, BPF_RB_AVAIL_DATA);
	struct exit_record *record = bpf_ringbuf_reserve(&hostql_events, sizeof(*record), 0);
	if (!record)
		return 0;
	record->kind = RECORD_EXIT;
	record->pid = tgid;
	record->time = now;
	record->lived = lived;
	record->pad = 0;
	record->code = BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT ? BPF_CORE_READ(signal, group_exit_code)
									: BPF_CORE_READ(task, group_leader, exit_code);
	bpf_ringbuf_submit(record, wake(control, before, sizeof(*record) + 8));
	return 0;
}
