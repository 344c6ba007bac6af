/* The kernel's structures, as far as the programs read them. Offsets are relocated at load by the kernel's own types
 * (CO-RE), so that only names matter here, and one blob serves every kernel and architecture. */
#ifndef HOSTQL_KERNEL_H
#define HOSTQL_KERNEL_H

#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct { __u32 val; } kuid_t;
typedef struct { __u32 val; } kgid_t;
typedef struct { int counter; } atomic_t;

struct qstr { __u32 len; const unsigned char *name; };
struct inode { __u16 i_mode; kuid_t i_uid; kgid_t i_gid; };
struct dentry { struct dentry *d_parent; struct qstr d_name; struct inode *d_inode; };
struct vfsmount { struct dentry *mnt_root; };
struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt; };
struct path { struct vfsmount *mnt; struct dentry *dentry; };
struct file { struct path f_path; struct inode *f_inode; void *private_data; };
struct fs_struct { struct path pwd; };
struct fdtable { unsigned int max_fds; struct file **fd; };
struct files_struct { struct fdtable *fdt; };

struct mm_struct { struct file *exe_file; unsigned long arg_start, arg_end, env_start, env_end; };
struct cred { kuid_t uid, suid, euid, fsuid; kgid_t gid, sgid, egid, fsgid; };
struct signal_struct { atomic_t live; int group_exit_code; unsigned int flags; };

struct kernfs_node { struct kernfs_node *parent; const char *name; };
/* The parent's name since 6.15 (kernfs_node.h). */
struct kernfs_node___6_15 { struct kernfs_node *__parent; };
struct cgroup { struct kernfs_node *kn; };
struct cgroup_subsys_state { struct cgroup *cgroup; };
enum cgroup_subsys_id { cgroup_subsys_none = 0, pids_cgrp_id = 11, CGROUP_SUBSYS_COUNT = 16 };
struct css_set { struct cgroup_subsys_state *subsys[CGROUP_SUBSYS_COUNT]; struct cgroup *dfl_cgrp; };

struct task_struct {
	int pid, tgid;
	int exit_code;
	char comm[16];
	__u64 start_boottime, self_exec_id;
	struct task_struct *real_parent, *group_leader;
	const struct cred *cred;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	struct signal_struct *signal;
	struct css_set *cgroups;
	kuid_t loginuid;
};

struct linux_binprm { const char *filename; const char *interp; int argc, envc; };

struct in6_addr { __u8 bytes[16]; };
struct sock_common {
	__u16 skc_family, skc_num;
	__be16 skc_dport;
	__be32 skc_daddr, skc_rcv_saddr;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};
struct sock { struct sock_common __sk_common; __u16 sk_protocol; };
struct inet_sock { struct sock sk; __be16 inet_sport; };
struct socket { struct sock *sk; };

/* What a system call was given: registers stand where they stood when it returns (arm64 keeps the first apart). */
struct pt_regs___x86 { unsigned long di, si, dx, r10, r8, orig_ax; };
struct pt_regs___arm64 { __u64 orig_x0; int syscallno; };
struct user_pt_regs___arm64 { __u64 regs[31]; };
struct trace_event_raw_sys_exit { long id; long ret; };

#pragma clang attribute pop

#define AF_INET 2
#define AF_INET6 10
#define SIGNAL_GROUP_EXIT 4

/* The arguments 0 to 4. */
static __always_inline __u64 argument(const void *regs, int n)
{
	if (bpf_core_field_exists(struct pt_regs___x86, di)) {
		const struct pt_regs___x86 *x86 = regs;
		return n == 0	? BPF_CORE_READ(x86, di)
		       : n == 1 ? BPF_CORE_READ(x86, si)
		       : n == 2 ? BPF_CORE_READ(x86, dx)
		       : n == 3 ? BPF_CORE_READ(x86, r10)
				: BPF_CORE_READ(x86, r8);
	} else if (bpf_core_field_exists(struct pt_regs___arm64, orig_x0)) {
		const struct pt_regs___arm64 *arm = regs;
		const struct user_pt_regs___arm64 *user = regs;
		return n == 0	? BPF_CORE_READ(arm, orig_x0)
		       : n == 1 ? BPF_CORE_READ(user, regs[1])
		       : n == 2 ? BPF_CORE_READ(user, regs[2])
		       : n == 3 ? BPF_CORE_READ(user, regs[3])
				: BPF_CORE_READ(user, regs[4]);
	}
	return 0;
}

static __always_inline __u32 system_call(const void *regs)
{
	if (bpf_core_field_exists(struct pt_regs___x86, orig_ax)) {
		const struct pt_regs___x86 *x86 = regs;
		return BPF_CORE_READ(x86, orig_ax);
	} else if (bpf_core_field_exists(struct pt_regs___arm64, syscallno)) {
		const struct pt_regs___arm64 *arm = regs;
		return BPF_CORE_READ(arm, syscallno);
	}
	return 0;
}

#endif
