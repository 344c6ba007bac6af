/* Files that are opened to write, made, renamed and removed below watched directories, seen as the system calls return.
 *
 * The directory of a name is exact, for it is walked from the kernel's own structures; a name with a slash in it is not,
 * for there may be symbolic links in it: those are reported wherever they lie, and the reader resolves them. */

/* Some twenty thousand events. */
#define RING_BYTES (4 << 20)
#include "told.h"

#define AT_FDCWD -100
#define AT_REMOVEDIR 0x200
#define O_ACCMODE 3
#define O_TRUNC 01000
/* Bytes of a name that are searched for a slash; a longer one is taken to have one. */
#define NAME_SEARCHED 256

/* Watched directories, with a slash at the end. */
struct root_key { __u32 bits; char path[255]; };
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct root_key);
	__type(value, __u8);
} hostql_roots SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct root_key);
} hostql_root_key SEC(".maps");

/* A record as it is put together: its texts lie in the scratch, where describing a process would overwrite them. */
struct file_event {
	struct file_record record;
	char text[8 * (PATH_KEPT + 1)];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct file_event);
} hostql_file SEC(".maps");

static __always_inline struct file_event *event(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&hostql_file, &zero);
}
/* Two names behind their directories, and the working directory. */
#define TEXT_MASK (4 * (PATH_KEPT + 1) - 1)

/* Append what was walked to the texts at `at`; its length. */
__noinline __u32 append(__u32 start, __u32 at)
{
	__u32 zero = 0, length;
	struct walked *buffer = bpf_map_lookup_elem(&hostql_walk, &zero);
	struct file_event *to = event();
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
	if (bpf_probe_read_kernel(&to->text[at & TEXT_MASK], length, &buffer->bytes[start & (WALK_SIZE - 1)]))
		return 0;
	return length;
}

__noinline __u32 append_file(__u64 address, __u32 fd, __u32 at)
{
	struct file *file = file_of((void *)address, fd);
	return append(walk_path((__u64)BPF_CORE_READ(file, f_path.mnt), (__u64)BPF_CORE_READ(file, f_path.dentry)), at);
}

__noinline __u32 append_cwd(__u64 address, __u32 at)
{
	struct task_struct *task = (void *)address;
	return append(walk_path((__u64)BPF_CORE_READ(task, fs, pwd.mnt), (__u64)BPF_CORE_READ(task, fs, pwd.dentry)), at);
}

/* Append the name that a call was given, behind the directory it is relative to; its length in all. */
__noinline __u32 append_name(__u64 address, int directory, __u64 name, __u32 at)
{
	struct file_event *to = event();
	char first = 0;
	__u32 length = 0;
	if (!to || bpf_probe_read_user(&first, 1, (void *)name))
		return 0;
	if (first != '/') {
		length = directory == AT_FDCWD ? append_cwd(address, at) : append_file(address, directory, at);
		if (length != 1 && first)
			to->text[(at + length++) & TEXT_MASK] = '/';
	}
	if (!first)
		return length;
	barrier_var(length);
	length &= 2 * PATH_KEPT + 1;
	long got = bpf_probe_read_user_str(&to->text[(at + length) & TEXT_MASK], PATH_KEPT + 1, (void *)name);
	if (got == PATH_KEPT + 1)
		to->record.cut |= CUT_PATH;
	return length + (got > 0 ? got - 1 : 0);
}

static long find_slash(__u32 i, void *context)
{
	char *name = context;
	char here = 0;
	if (bpf_probe_read_kernel(&here, 1, name + i + 1))
		return 1;
	if (here == '/')
		name[0] = 1;
	return !here || here == '/';
}

/* Whether a name has a slash in it, or is too long to tell. */
__noinline int has_slash(__u64 name)
{
	struct { char found, name[NAME_SEARCHED + 1]; } here = {};
	long got = bpf_probe_read_user_str(here.name, NAME_SEARCHED, (void *)name);
	if (got < 0 || got == NAME_SEARCHED)
		return 1;
	bpf_loop(NAME_SEARCHED, find_slash, &here, 0);
	return here.found;
}

/* Whether a path in the texts is below a watched directory. */
__noinline int watched(__u32 at, __u32 length)
{
	__u32 zero = 0;
	struct root_key *key = bpf_map_lookup_elem(&hostql_root_key, &zero);
	struct file_event *from = event();
	if (!key || !from || !length)
		return 0;
	if (length > PATH_MATCHED)
		length = PATH_MATCHED;
	barrier_var(length);
	length &= 255;
	if (length > PATH_MATCHED || bpf_probe_read_kernel(key->path, length, &from->text[at & TEXT_MASK]))
		return 0;
	/* A watched directory itself ends in a slash there. */
	key->path[length] = '/';
	key->bits = (length + 1) * 8;
	return bpf_map_lookup_elem(&hostql_roots, key) != 0;
}

/* Whether rules drop it; those about paths are the reader's. */
static __always_inline __u64 excluded(__u64 task, __u32 generation)
{
	struct profile *profile = profile_of(generation);
	if (!profile || !profile->rules)
		return 0;
	__u64 alive = profile->rules;
	SURVIVE(FIELD_SUCCESS, profile->success[1]);
	return alive ? survive_process(task, generation, alive, 0) : 0;
}

static __always_inline void take_ids(struct file_record *record, struct task_struct *task)
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
}

/* Hand over the event whose paths lie in the texts behind one another, if it is watched and not excluded. */
__noinline int report(__u32 operation, __u32 path_length, __u32 target_length, __u32 as_given)
{
	__u32 zero = 0, end;
	__u64 address = bpf_get_current_task();
	struct task_struct *task = (void *)address;
	struct counters *count = counters();
	struct control *control = bpf_map_lookup_elem(&hostql_control, &zero);
	struct file_event *to = event();
	if (!count || !control || !to)
		return 0;
	if (!as_given && !watched(0, path_length) && !(target_length && watched(path_length, target_length)))
		return 0;
	count->seen++;
	__u32 generation = control->generation;
	struct program *program = program_of(task, generation);
	if (!program)
		return 0;
	__u64 rules = excluded(address, generation);
	if (rules) {
		drop(rules, generation);
		return 0;
	}
	if (!program->described && !tell_who(address, program->id))
		program->described = 1;
	struct file_record *record = &to->record;
	record->time = bpf_ktime_get_boot_ns();
	record->program = program->id;
	record->pid = bpf_get_current_pid_tgid() >> 32;
	record->operation = operation;
	record->path_length = path_length;
	record->target_length = target_length;
	record->cut |= as_given ? CUT_GIVEN : 0;
	take_ids(record, task);
	end = path_length + target_length;
	record->cwd_length = append_cwd(address, end);
	__u64 size = sizeof(*record) + end + record->cwd_length;
	if (size > sizeof(*to))
		size = sizeof(*to);
	__u64 before = bpf_ringbuf_query(&hostql_events, BPF_RB_AVAIL_DATA);
	if (bpf_ringbuf_output(&hostql_events, to, size, wake(control, before, size + 8)))
		count->lost++;
	else
		count->sent++;
	return 0;
}

/* By the descriptor that a call gave or was given. */
static __always_inline int by_descriptor(__u32 operation, __u32 fd)
{
	return report(operation, append_file(bpf_get_current_task(), fd, 0), 0, 0);
}

/* By one name, or by two. */
static __always_inline int by_name(__u32 operation, int directory, __u64 name, int directory2, __u64 name2)
{
	__u64 address = bpf_get_current_task();
	__u32 length = append_name(address, directory, name, 0), target = 0;
	int as_given = has_slash(name);
	if (name2) {
		target = append_name(address, directory2, name2, length);
		as_given = as_given || has_slash(name2);
	}
	return report(operation, length, target, as_given);
}

/* How a call names what it is about: the cookie of the tracepoint, which the reader attaches (files.py). Arguments are
 * counted from 1; 0 is none. */
union call {
	__u64 cookie;
	struct {
		__u8 operation;
		__u8 directory, name;           /* without a directory: the working directory */
		__u8 directory2, name2;
		__u8 descriptor;                /* a file in place of names */
		__u8 flags;                     /* of unlinkat */
		__u8 opens;                     /* a file that is opened: flags are an argument, are in memory, are known */
	};
};
enum { OPENS_FLAGS = 1, OPENS_HOW, OPENS_ALWAYS };

__noinline __u64 given(__u8 number)
{
	const void *registers = (void *)bpf_task_pt_regs((void *)bpf_get_current_task_btf());
	switch (number) {
	case 1: return argument(registers, 0);
	case 2: return argument(registers, 1);
	case 3: return argument(registers, 2);
	case 4: return argument(registers, 3);
	}
	return 0;
}

static __always_inline int writes(union call call)
{
	__u64 flags = given(call.flags);
	/* struct open_how begins with the flags. */
	if (call.opens == OPENS_HOW && bpf_probe_read_user(&flags, 8, (void *)flags))
		return 0;
	return call.opens == OPENS_ALWAYS || flags & (O_ACCMODE | O_TRUNC);
}

SEC("tracepoint")
int hostql_call(struct trace_event_raw_sys_exit *context)
{
	union call call;
	struct file_event *to = event();
	if (context->ret < 0 || !to)
		return 0;
	call.cookie = bpf_get_attach_cookie(context);
	if (call.opens && !writes(call))
		return 0;
	to->record.cut = 0;
	if (call.opens)
		return by_descriptor(call.operation, context->ret);
	if (call.descriptor)
		return by_descriptor(call.operation, given(call.descriptor));
	if (call.flags && given(call.flags) & AT_REMOVEDIR)
		call.operation = FILE_RMDIR;
	return by_name(call.operation, call.directory ? given(call.directory) : AT_FDCWD, given(call.name),
		       call.directory2 ? given(call.directory2) : AT_FDCWD, given(call.name2));
}
