/* Sockets that are connected, bound, set to listen and accepted, seen as the system calls return. */

/* Some ninety thousand events. */
#define RING_BYTES (8 << 20)
#include "sockets.h"

#define EBADF 9
#define ENOTSOCK 88

static __always_inline __u64 excluded(const struct socket_record *event, const struct profile *profile, __u32 generation,
				    struct task_struct *task, const struct program *program)
{
	__u64 alive = profile->rules;
	/* Rules about addresses mean the remote one, and the local one where there is no remote. */
	const struct endpoint *asked = event->remote.family ? &event->remote : &event->local;
	__u16 port = bpf_htons(asked->port);
	SURVIVE(FIELD_PORT, match_range(generation, 0, &port, 16));
	SURVIVE(FIELD_ADDRESS, match_range(generation, asked->family, asked->address, asked->family == AF_INET ? 32 : 128));
	SURVIVE(FIELD_PROTOCOL, event->protocol ? match_value(generation, FIELD_PROTOCOL, event->protocol) : 0);
	SURVIVE(FIELD_SUCCESS, profile->success[event->result >= 0]);
	return alive ? survive_process((__u64)task, generation, alive, program->masks.path) : 0;
}

static __always_inline int report(struct trace_event_raw_sys_exit *context, __u16 action)
{
	__u32 zero = 0;
	struct task_struct *task = (void *)bpf_get_current_task();
	const void *registers = (void *)bpf_task_pt_regs((void *)bpf_get_current_task_btf());
	struct counters *count = counters();
	struct control *control = bpf_map_lookup_elem(&hostql_control, &zero);
	if (!count || !control)
		return 0;
	struct socket_record event = { .action = action, .fd = argument(registers, 0) };
	event.result = context->ret;
	if (action == ACTION_ACCEPT && event.result >= 0)
		event.fd = event.result;
	struct sock *sock = 0;
	if (event.result != -EBADF && event.result != -ENOTSOCK)
		sock = sock_of(task, event.fd);
	__u16 family = sock ? BPF_CORE_READ(sock, __sk_common.skc_family) : 0;
	int inet = family == AF_INET || family == AF_INET6;
	if (sock && !inet)
		return 0;
	if (inet) {
		event.protocol = BPF_CORE_READ(sock, sk_protocol);
		take_local(&event.local, sock, family);
	}
	if (action == ACTION_CONNECT) {
		if (inet && event.result == 0)
			take_remote(&event.remote, sock, family);
		else if (!take_given(&event.remote, argument(registers, 1)))
			return 0;
	} else if (action == ACTION_BIND) {
		if (!(inet && event.result == 0) && !take_given(&event.local, argument(registers, 1)))
			return 0;
	} else if (action == ACTION_ACCEPT && inet && event.result >= 0) {
		take_remote(&event.remote, sock, family);
	}
	if (!event.local.family && !event.remote.family)
		return 0;
	count->seen++;

	__u32 generation = control->generation;
	struct profile *profile = profile_of(generation);
	struct program *program = program_of(task, generation);
	if (!program)
		return 0;
	__u64 rules = profile && profile->rules ? excluded(&event, profile, generation, task, program) : 0;
	if (rules) {
		drop(rules, generation);
		return 0;
	}
	if (!program->described && !tell_who((__u64)task, program->id))
		program->described = 1;

	__u64 before = bpf_ringbuf_query(&hostql_events, BPF_RB_AVAIL_DATA);
	struct socket_record *record = bpf_ringbuf_reserve(&hostql_events, sizeof(*record), 0);
	if (!record) {
		count->lost++;
		return 0;
	}
	*record = event;
	record->time = bpf_ktime_get_boot_ns();
	record->program = program->id;
	record->pid = bpf_get_current_pid_tgid() >> 32;
	record->uid = (__u32)bpf_get_current_uid_gid();
	record->auid = loginuid(task);
	bpf_ringbuf_submit(record, wake(control, before, sizeof(*record) + 8));
	count->sent++;
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_connect")
int hostql_connect(struct trace_event_raw_sys_exit *context) { return report(context, ACTION_CONNECT); }

SEC("tracepoint/syscalls/sys_exit_bind")
int hostql_bind(struct trace_event_raw_sys_exit *context) { return report(context, ACTION_BIND); }

SEC("tracepoint/syscalls/sys_exit_listen")
int hostql_listen(struct trace_event_raw_sys_exit *context) { return report(context, ACTION_LISTEN); }

SEC("tracepoint/syscalls/sys_exit_accept")
int hostql_accept(struct trace_event_raw_sys_exit *context) { return report(context, ACTION_ACCEPT); }

SEC("tracepoint/syscalls/sys_exit_accept4")
int hostql_accept4(struct trace_event_raw_sys_exit *context) { return report(context, ACTION_ACCEPT); }
