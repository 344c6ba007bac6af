/* The records that reach user space. decode.py has the same shapes; both sides assert the sizes. */
#ifndef HOSTQL_RECORDS_H
#define HOSTQL_RECORDS_H

#include <linux/types.h>

#define PARENTS 8
#define COMM 16
/* Bytes of a path that are kept, and of the arguments; both one less than a power of two. */
#define PATH_KEPT 1023
#define ARGUMENTS_KEPT 4095
#define TEXT_SIZE 8192

enum { RECORD_EXEC = 1, RECORD_EXIT = 2 };
enum { ACTION_CONNECT = 1, ACTION_BIND = 2, ACTION_LISTEN = 3, ACTION_ACCEPT = 4 };
enum { CUT_PATH = 1, CUT_ARGUMENTS = 2 };

struct parent { __u32 pid; char comm[COMM]; };

/* Who did it. The texts follow the record: path, cgroup, and for an exec more. */
struct who {
	__u64 program;          /* a number for this program in this process; the events name it */
	__u32 pid, ppid;
	__u16 exe_length, cgroup_length;
	__u32 parents;          /* how many of the following are known */
	struct parent parent[PARENTS];
};
_Static_assert(sizeof(struct who) == 184, "who");

struct exec_record {
	__u32 kind, cut;
	__u64 time;             /* nanoseconds since boot */
	__u32 auid, uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
	__u32 mode, owner_uid, owner_gid;
	__u32 env_count, env_size, arguments_size;
	__u32 system_call;
	__u16 path_length, cwd_length, arguments_length, pad;
	struct who who;
	/* exe, cgroup, path, cwd, arguments */
};
_Static_assert(sizeof(struct exec_record) == 272, "exec");

struct exit_record {
	__u32 kind, pid;
	__u64 time;
	__u64 lived;            /* nanoseconds since it became this program */
	__s32 code, pad;        /* as wait(2) has it */
};
_Static_assert(sizeof(struct exit_record) == 32, "exit");

/* The family stands before the address: together they are one key of what has been put into text before. */
struct endpoint { __u16 port, family; __u8 address[16]; };

struct socket_record {
	__u64 time;
	__u64 program;
	__u32 pid, uid, auid;
	__s32 fd, result;
	__u16 action, protocol;
	struct endpoint local, remote;
};
_Static_assert(sizeof(struct socket_record) == 80, "socket");

/* Bytes of a DNS query that are kept; a name has 255 at most, one less than a power of two. */
#define QUERY_KEPT 511
struct dns_record {
	__u64 time;
	__u64 program;
	__u32 pid, uid;
	struct endpoint server;
	__u32 pad;
	/* the query */
};
_Static_assert(sizeof(struct dns_record) == 48, "dns");

/* What was done to a file, as decode.py names it. */
enum {
	FILE_OPEN = 1, FILE_RENAME, FILE_UNLINK, FILE_LINK, FILE_SYMLINK, FILE_MKDIR, FILE_RMDIR, FILE_TRUNCATE, FILE_CHMOD,
	FILE_CHOWN,
};
/* The names are as they were given, put behind the directory: there may be symbolic links in them. */
enum { CUT_GIVEN = 4 };

struct file_record {
	__u64 time;
	__u64 program;
	__u32 pid, operation, cut;
	__u32 auid, uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
	__u16 cwd_length, path_length, target_length, pad;
	/* cwd, path, target */
};
_Static_assert(sizeof(struct file_record) == 72, "file");

#endif
