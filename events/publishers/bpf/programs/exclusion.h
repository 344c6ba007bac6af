/* Exclusion: which events are dropped before anybody is told.
 *
 * Every map gives, for a field's value, the mask of the rules that this value satisfies. The masks are AND-ed over the
 * fields; a rule that does not ask about a field survives it. A rule that survives all drops the event.
 * A profile's entries carry its generation, so that the next one is filled beside it and then put in force at once. */
#ifndef HOSTQL_EXCLUSION_H
#define HOSTQL_EXCLUSION_H

#include "common.h"

/* Bytes of a path that are compared. */
#define PATH_MATCHED 254
/* Rules that a mask has room for. */
#define RULES 64

enum field {
	FIELD_PATH, FIELD_PARENT_PATH, FIELD_COMM, FIELD_UID, FIELD_CGROUP,
	FIELD_ADDRESS, FIELD_PORT, FIELD_PROTOCOL, FIELD_SUCCESS,
	FIELDS
};

struct profile {
	__u64 rules;            /* those that are decided here */
	__u64 asks[FIELDS];     /* those that ask about a field */
	__u64 success[2];       /* those that a call satisfies that failed, that succeeded */
};
_Static_assert(sizeof(struct profile) == 96, "profile");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2); /* of odd and of even generation */
	__type(key, __u32);
	__type(value, struct profile);
} hostql_profile SEC(".maps");

/* Events that each rule dropped, as the first of those that match it; a half for either generation. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2 * RULES);
	__type(key, __u32);
	__type(value, __u64);
} hostql_dropped SEC(".maps");

/* Fields with single values: comm, uid, cgroup, protocol. */
struct value_key { __u32 generation, field; __u8 value[16]; };
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct value_key);
	__type(value, __u64);
} hostql_values SEC(".maps");

/* Fields with ranges: addresses of both families and ports, as prefixes of their bits. */
struct range_key { __u32 bits; __u8 generation, field; __u8 value[16]; __u16 pad; };
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct range_key);
	__type(value, __u64);
} hostql_ranges SEC(".maps");

/* Paths: exact ones end in a NUL, directories in a slash. */
struct path_masks { __u64 path, parent; };
struct path_key { __u32 bits; __u8 generation; char path[255]; };
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct path_key);
	__type(value, struct path_masks);
} hostql_paths SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct path_key);
} hostql_path_key SEC(".maps");

/* What is known of each process: the rules that its executable satisfies, and whether it was described. Holds for one
 * program in one process: an exec, another process of the same pid, or another profile make it anew. */
struct program {
	__u64 id;
	__u64 started, exec_id;
	struct path_masks masks;
	__u32 generation;
	__u32 described;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct program);
} hostql_programs SEC(".maps");

static __always_inline struct profile *profile_of(__u32 generation)
{
	__u32 half = generation & 1;
	return bpf_map_lookup_elem(&hostql_profile, &half);
}

/* Count an event that rules drop, for the first of them. */
static __always_inline void drop(__u64 rules, __u32 generation)
{
	struct counters *count = counters();
	__u32 first = (generation & 1) * RULES;
	if (count)
		count->excluded++;
#define HALVE(bits) \
	if (!(rules & ((1ULL << bits) - 1))) { \
		first += bits; \
		rules >>= bits; \
	}
	HALVE(32) HALVE(16) HALVE(8) HALVE(4) HALVE(2) HALVE(1)
	__u64 *dropped = bpf_map_lookup_elem(&hostql_dropped, &first);
	if (dropped)
		(*dropped)++;
}

/* The rules that a path in kernel memory satisfies, as an executable and as the parent's. */
static __always_inline void match_path(const char *path, __u32 length, __u32 generation, struct path_masks *masks)
{
	__u32 zero = 0;
	struct path_key *key = bpf_map_lookup_elem(&hostql_path_key, &zero);
	masks->path = masks->parent = 0;
	if (!key || !length)
		return;
	if (length > PATH_MATCHED)
		length = PATH_MATCHED;
	barrier_var(length);
	length &= 255;
	if (length > PATH_MATCHED || bpf_probe_read_kernel(key->path, length, path))
		return;
	/* A path that was cut keeps more bytes than an exact entry has before its NUL. */
	key->path[length] = 0;
	key->generation = generation;
	key->bits = (length + 2) * 8;
	struct path_masks *found = bpf_map_lookup_elem(&hostql_paths, key);
	if (found)
		*masks = *found;
}

/* Make sure that hostql_programs has an entry of the program that a process runs; 0 if that cannot be. */
__noinline int know_program(__u64 address, __u32 generation)
{
	struct task_struct *task = (void *)address, *leader = BPF_CORE_READ(task, group_leader);
	__u32 tgid = BPF_CORE_READ(task, tgid), zero = 0, start;
	__u64 started = BPF_CORE_READ(leader, start_boottime), exec_id = BPF_CORE_READ(leader, self_exec_id);
	struct program *known = bpf_map_lookup_elem(&hostql_programs, &tgid);
	struct program fresh = {};
	if (known && known->started == started && known->exec_id == exec_id) {
		if (known->generation == generation)
			return 1;
		fresh.id = known->id;
		fresh.described = known->described;
	} else {
		fresh.id = bpf_ktime_get_boot_ns() ^ ((__u64)tgid << 42);
	}
	fresh.started = started;
	fresh.exec_id = exec_id;
	fresh.generation = generation;
	struct profile *profile = profile_of(generation);
	if (profile && profile->asks[FIELD_PATH] | profile->asks[FIELD_PARENT_PATH]) {
		start = walk_exe(address);
		struct walked *buffer = bpf_map_lookup_elem(&hostql_walk, &zero);
		if (buffer && start < WALK_SIZE)
			match_path(&buffer->bytes[start], WALK_SIZE - start, generation, &fresh.masks);
	}
	return !bpf_map_update_elem(&hostql_programs, &tgid, &fresh, BPF_ANY);
}

/* The entry of the program that a process runs. */
static __always_inline struct program *program_of(struct task_struct *task, __u32 generation)
{
	__u32 tgid = BPF_CORE_READ(task, tgid);
	return know_program((__u64)task, generation) ? bpf_map_lookup_elem(&hostql_programs, &tgid) : 0;
}

static __always_inline __u64 match_value(__u32 generation, __u32 field, __u64 value)
{
	struct value_key key = { .generation = generation, .field = field };
	__builtin_memcpy(key.value, &value, sizeof(value));
	__u64 *mask = bpf_map_lookup_elem(&hostql_values, &key);
	return mask ? *mask : 0;
}

static __always_inline __u64 match_comm(__u32 generation, struct task_struct *task)
{
	struct value_key key = { .generation = generation, .field = FIELD_COMM };
	/* What lies behind the NUL may be left of an older name: it is not read. */
	BPF_CORE_READ_STR_INTO(&key.value, task, group_leader, comm);
	__u64 *mask = bpf_map_lookup_elem(&hostql_values, &key);
	return mask ? *mask : 0;
}

struct levels { __u64 mask; __u32 generation; };

static long match_level(__u32 level, void *context)
{
	struct levels *levels = context;
	__u64 id = bpf_get_current_ancestor_cgroup_id(level);
	if (!id)
		return 1;
	levels->mask |= match_value(levels->generation, FIELD_CGROUP, id);
	return 0;
}

/* The group and all above it. */
static __always_inline __u64 match_cgroup(__u32 generation)
{
	struct levels levels = { .generation = generation };
	bpf_loop(256, match_level, &levels, 0);
	return levels.mask;
}

/* Addresses are told apart by their family, ports by 0, as the field of the key. */
static __always_inline __u64 match_range(__u32 generation, __u8 field, const void *value, __u32 bits)
{
	struct range_key key = { .bits = 16 + bits, .generation = generation, .field = field };
	__builtin_memcpy(key.value, value, bits == 16 ? 2 : 16);
	__u64 *mask = bpf_map_lookup_elem(&hostql_ranges, &key);
	return mask ? *mask : 0;
}

#define SURVIVE(field, mask) \
	if (alive & profile->asks[field]) \
		alive &= (mask) | ~profile->asks[field]

/* The rules that survive the fields of the current process. `path_mask` is the program's or, for an exec, the path's. */
__noinline __u64 survive_process(__u64 address, __u32 generation, __u64 alive, __u64 path_mask)
{
	struct task_struct *task = (void *)address;
	struct profile *profile = profile_of(generation);
	if (!profile)
		return 0;
	SURVIVE(FIELD_UID, match_value(generation, FIELD_UID, (__u32)bpf_get_current_uid_gid()));
	SURVIVE(FIELD_COMM, match_comm(generation, task));
	SURVIVE(FIELD_CGROUP, match_cgroup(generation));
	SURVIVE(FIELD_PATH, path_mask);
	if (alive & profile->asks[FIELD_PARENT_PATH]) {
		struct program *parent = program_of(BPF_CORE_READ(task, real_parent), generation);
		alive &= (parent ? parent->masks.parent : 0) | ~profile->asks[FIELD_PARENT_PATH];
	}
	return alive;
}

#endif
