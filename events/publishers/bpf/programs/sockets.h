/* What groups about sockets share: reading addresses. */
#ifndef HOSTQL_SOCKETS_H
#define HOSTQL_SOCKETS_H

#include "told.h"

static __always_inline struct sock *sock_of(struct task_struct *task, __u32 fd)
{
	struct socket *socket = BPF_CORE_READ(file_of(task, fd), private_data);
	return BPF_CORE_READ(socket, sk);
}

static __always_inline void take_local(struct endpoint *local, struct sock *sock, __u16 family)
{
	local->family = family;
	local->port = BPF_CORE_READ(sock, __sk_common.skc_num);
	if (family == AF_INET)
		BPF_CORE_READ_INTO((__be32 *)local->address, sock, __sk_common.skc_rcv_saddr);
	else
		BPF_CORE_READ_INTO((struct in6_addr *)local->address, sock, __sk_common.skc_v6_rcv_saddr);
}

static __always_inline void take_remote(struct endpoint *remote, struct sock *sock, __u16 family)
{
	remote->family = family;
	remote->port = bpf_ntohs(BPF_CORE_READ(sock, __sk_common.skc_dport));
	if (family == AF_INET)
		BPF_CORE_READ_INTO((__be32 *)remote->address, sock, __sk_common.skc_daddr);
	else
		BPF_CORE_READ_INTO((struct in6_addr *)remote->address, sock, __sk_common.skc_v6_daddr);
}

/* A sockaddr_in or sockaddr_in6 of the caller; its family, 0 for another or one that cannot be read. */
static __always_inline __u16 take_given(struct endpoint *endpoint, unsigned long address)
{
	struct { __u16 family, port; __u32 flow_or_address; __u8 address6[16]; } given = {};
	if (bpf_probe_read_user(&given, 8, (void *)address))
		return 0;
	if (given.family == AF_INET) {
		__builtin_memcpy(endpoint->address, &given.flow_or_address, 4);
	} else if (given.family == AF_INET6) {
		if (bpf_probe_read_user(&given, sizeof(given), (void *)address))
			return 0;
		__builtin_memcpy(endpoint->address, given.address6, 16);
	} else {
		return 0;
	}
	endpoint->family = given.family;
	endpoint->port = bpf_ntohs(given.port);
	return given.family;
}

#endif
