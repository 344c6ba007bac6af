/* DNS queries that are sent by UDP, seen as the system calls return. */

#define RING_BYTES (1 << 20)
#include "sockets.h"

#define UDP 17
#define DNS_PORT 53
/* A header, and a question for the root. */
#define SHORTEST 17
/* Messages of one sendmmsg that are looked at; a resolver asks for A and AAAA at once. */
#define MESSAGES 4

struct user_message {
	__u64 name;
	__u32 name_length, pad;
	__u64 vector, vector_length, control, control_length, flags;
};
struct user_messages { struct user_message message; __u32 sent, pad; };
struct user_vector { __u64 base, length; };
_Static_assert(sizeof(struct user_messages) == 64, "struct mmsghdr");

struct query { struct dns_record record; char bytes[QUERY_KEPT + 1]; };
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct query);
} hostql_query SEC(".maps");

static __always_inline __u64 excluded(const struct endpoint *server, const struct profile *profile, __u32 generation,
				    __u64 task, const struct program *program)
{
	__u64 alive = profile->rules;
	__u16 port = bpf_htons(server->port);
	SURVIVE(FIELD_PORT, match_range(generation, 0, &port, 16));
	SURVIVE(FIELD_ADDRESS, match_range(generation, server->family, server->address, server->family == AF_INET ? 32 : 128));
	return alive ? survive_process(task, generation, alive, program->masks.path) : 0;
}

/* One datagram that a process sent: `to` is the address that it gave, 0 for a connected socket's. */
__noinline int report(__u32 fd, __u64 data, __u64 length, __u64 to)
{
	__u32 zero = 0;
	__u64 address = bpf_get_current_task();
	struct task_struct *task = (void *)address;
	struct counters *count = counters();
	struct control *control = bpf_map_lookup_elem(&hostql_control, &zero);
	struct query *query = bpf_map_lookup_elem(&hostql_query, &zero);
	struct sock *sock = sock_of(task, fd);
	struct endpoint server = {};
	__u8 header[4] = {};
	if (!count || !control || !query || !sock || length < SHORTEST || BPF_CORE_READ(sock, sk_protocol) != UDP)
		return 0;
	__u16 family = BPF_CORE_READ(sock, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6)
		return 0;
	if (!to || !take_given(&server, to))
		take_remote(&server, sock, family);
	/* The top bit of the flags is set in answers. */
	if (server.port != DNS_PORT || bpf_probe_read_user(header, sizeof(header), (void *)data) || header[2] & 0x80)
		return 0;
	count->seen++;
	__u32 generation = control->generation;
	struct profile *profile = profile_of(generation);
	struct program *program = program_of(task, generation);
	if (!program)
		return 0;
	__u64 rules = profile && profile->rules ? excluded(&server, profile, generation, address, program) : 0;
	if (rules) {
		drop(rules, generation);
		return 0;
	}
	if (!program->described && !tell_who(address, program->id))
		program->described = 1;
	query->record.time = bpf_ktime_get_boot_ns();
	query->record.program = program->id;
	query->record.pid = bpf_get_current_pid_tgid() >> 32;
	query->record.uid = (__u32)bpf_get_current_uid_gid();
	query->record.server = server;
	if (length > QUERY_KEPT)
		length = QUERY_KEPT;
	barrier_var(length);
	length &= QUERY_KEPT;
	if (bpf_probe_read_user(query->bytes, length, (void *)data))
		length = 0;
	__u64 before = bpf_ringbuf_query(&hostql_events, BPF_RB_AVAIL_DATA), size = sizeof(query->record) + length;
	if (bpf_ringbuf_output(&hostql_events, query, size, wake(control, before, size + 8)))
		count->lost++;
	else
		count->sent++;
	return 0;
}

static __always_inline void report_message(__u32 fd, __u64 address)
{
	struct user_message message = {};
	struct user_vector vector = {};
	if (!bpf_probe_read_user(&message, sizeof(message), (void *)address) && message.vector_length &&
	    !bpf_probe_read_user(&vector, sizeof(vector), (void *)message.vector))
		report(fd, vector.base, vector.length, message.name);
}

SEC("tracepoint/syscalls/sys_exit_sendto")
int hostql_sendto(struct trace_event_raw_sys_exit *context)
{
	const void *registers = (void *)bpf_task_pt_regs((void *)bpf_get_current_task_btf());
	if (context->ret >= SHORTEST)
		report(argument(registers, 0), argument(registers, 1), argument(registers, 2), argument(registers, 4));
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_sendmsg")
int hostql_sendmsg(struct trace_event_raw_sys_exit *context)
{
	const void *registers = (void *)bpf_task_pt_regs((void *)bpf_get_current_task_btf());
	if (context->ret >= SHORTEST)
		report_message(argument(registers, 0), argument(registers, 1));
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_sendmmsg")
int hostql_sendmmsg(struct trace_event_raw_sys_exit *context)
{
	const void *registers = (void *)bpf_task_pt_regs((void *)bpf_get_current_task_btf());
	/* Outside of the loop: what is relocated may not be moved out of the branch that asks whether it is there. */
	__u32 fd = argument(registers, 0);
	__u64 messages = argument(registers, 1);
	for (int i = 0; i < MESSAGES && i < context->ret; i++)
		report_message(fd, messages + i * sizeof(struct user_messages));
	return 0;
}
