/* SPDX-License-Identifier: GPL-2.0 */
/* Operations for fault_test to make fail, and what takes each of them back. */
#ifndef FAULT_OPS_H
#define FAULT_OPS_H

#include <stdbool.h>
#include <sys/types.h>

struct fault;

/*
 * One operation.
 * @fn: what is to fail: 0 or -errno.
 * @attempt: the same, where another task than the caller is to have the @nth fault:
 *	*@hit is whether it has.
 * @undo: after a success; NULL: there is nothing to take back.
 * @setup: once, before all tries.
 * @prepare: before each try, without faults, for @clean to take back.
 * @file: what @fn works on: below the group (in a box: below the hierarchy), unless
 *	it is absolute.
 * @text, @back: what @fn writes, or another name, and what @undo does.
 * @flags: of clone(2) and unshare(2).
 * @also: errnos beside ENOMEM and EFAULT that others' code gives when it is out of memory.
 * @inside: the caller is a member of the group before it begins.
 * @process: the target is a process of several threads, in the group "sub" of the group.
 * @migrate: it has memory, is in "near", and there is "far".
 * @plain: the hierarchy has no controllers, and no group either.
 * @user: @fn is done by a user, who may do what he likes in the group "mine".
 * @box: @fn is done by the init of a pid namespace that was given the group.
 * @differs: no two successes give the same, as new namespaces have numbers.
 */
struct fault_op {
	int (*fn)(const struct fault *f);
	int (*attempt)(const struct fault *f, int nth, bool *hit);
	int (*undo)(const struct fault *f);
	int (*setup)(const struct fault *f);
	int (*prepare)(struct fault *f);
	void (*clean)(const struct fault *f);
	const char *file;
	const char *text;
	const char *back;
	unsigned long flags;
	int also[2];
	bool inside;
	bool process;
	bool migrate;
	bool plain;
	bool user;
	bool box;
	bool differs;
};

/*
 * What it is done with. @target is a process, @fd what @prepare has opened, and @ns
 * are the namespaces of the caller, by fault_ns_names.
 */
#define FAULT_NS 6
struct fault {
	const struct fault_op *op;
	char *hier;
	char *grp;
	char *file;
	char *text;
	char *back;
	pid_t target;
	int fd;
	int ns[FAULT_NS];
};

/* The namespaces that the caller can come back to. */
int fault_save_ns(struct fault *f);

int fault_mkdir(const struct fault *f);
int fault_rmdir(const struct fault *f);
int fault_rename(const struct fault *f);
int fault_rename_back(const struct fault *f);
int fault_chmod(const struct fault *f);
int fault_chmod_back(const struct fault *f);
int fault_chown(const struct fault *f);
int fault_chown_back(const struct fault *f);
int fault_mkdir_and_list(const struct fault *f);
int fault_mkdir_and_open(const struct fault *f);

int fault_read(const struct fault *f);
int fault_write(const struct fault *f);
int fault_write_back(const struct fault *f);
int fault_stat(const struct fault *f);
int fault_list(const struct fault *f);
int fault_poll(const struct fault *f);
int fault_watch(const struct fault *f);

/* Of @target, to file or group @file and back to @back; 0 is the caller. */
int fault_attach(const struct fault *f);
int fault_attach_back(const struct fault *f);
int fault_leave(const struct fault *f);
int fault_come_back(const struct fault *f);

int fault_fork(const struct fault *f);
int fault_start(const struct fault *f);
int fault_clone(const struct fault *f);
int fault_thread(const struct fault *f);
int fault_thread_gone(const struct fault *f);
int fault_exec(const struct fault *f, int nth, bool *hit);
int fault_unshare(const struct fault *f);
int fault_setns(const struct fault *f);
int fault_setns_process(const struct fault *f);
int fault_ns_back(const struct fault *f);
int fault_open_target_ns(struct fault *f);
int fault_open_target(struct fault *f);
int fault_open_group(struct fault *f);

int fault_make_cpuset(const struct fault *f);
int fault_mount_proc(const struct fault *f);
int fault_prepare_mount(struct fault *f);
int fault_look_in_mount(const struct fault *f);
void fault_close(const struct fault *f);

#endif /* FAULT_OPS_H */
