/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A box: the init of a pid namespace of its own, with a mount of proc on /proc, that
 * does what it is told, as the processes of a container would.
 */
#ifndef RC_BOX_H
#define RC_BOX_H

#include <sys/types.h>

#include "rc_util.h"

/* What it may do beside what is in its pid and mount namespaces. */
enum rc_box_kind {
	RC_BOX_ROOT,		/* root with all capabilities */
	RC_BOX_BARE,		/* root without any, as in a container by default */
	RC_BOX_USER,		/* root of a user namespace, of all ids */
	RC_BOX_USER_ONE,	/* RC_USER, root of a user namespace without other ids */
};

#define RC_BOX_TEXT 65536
#define RC_BOX_FDS 8

/* Shared with the box, which is its init. */
struct rc_box {
	/* Its id in the pid namespace of the test. */
	pid_t pid;
	long asked;
	long done;
	int (*fn)(struct rc_box *box);
	char a[1024];
	char b[1024];
	/* Descriptors of the box's own, by number. */
	int fd[RC_BOX_FDS];
	int slot;
	int ret;
	/* What it has read. */
	char text[RC_BOX_TEXT];
	/* A box in the box, when rc_box_nest() has started it. */
	struct rc_box *inner;
};

/* NULL and errno. It is born in @grp, unless that is NULL. */
struct rc_box *rc_box_new(enum rc_box_kind kind, const char *grp);
/* Has it do @fn with these words: 0 or more, or -errno. */
int rc_box_do(struct rc_box *box, int (*fn)(struct rc_box *box), const char *a,
	      const char *b);
/* @fn as init of a box of its own: what it returns, 0 or -errno. */
int rc_run_boxed(enum rc_box_kind kind, const char *grp, int (*fn)(void *arg),
		 void *arg);
/* Until it has ended. */
int rc_box_end(struct rc_box *box);

/* What can be done; @a is a path, as the box sees it. */
int rc_box_mkdir(struct rc_box *box);
int rc_box_rmdir(struct rc_box *box);
/* @b: the new path. */
int rc_box_rename(struct rc_box *box);
/* @b: the text. */
int rc_box_write(struct rc_box *box);
/* The text is in the box's @text; so is what follows. */
int rc_box_read(struct rc_box *box);
/* Names in a directory, a blank between: files, then directories with "/" behind. */
int rc_box_list(struct rc_box *box);
/* Opens @a in the slot; the others are about what is open there. */
int rc_box_open(struct rc_box *box);
int rc_box_write_open(struct rc_box *box);
int rc_box_read_open(struct rc_box *box);
int rc_box_list_open(struct rc_box *box);
/* @a: a path that starts from the directory that is open in the slot. */
int rc_box_read_at(struct rc_box *box);
int rc_box_mkdir_at(struct rc_box *box);
int rc_box_rmdir_at(struct rc_box *box);
/* @b: the mode; the owner's uid and gid. */
int rc_box_chmod(struct rc_box *box);
int rc_box_chown(struct rc_box *box);
int rc_box_touch(struct rc_box *box);
int rc_box_truncate(struct rc_box *box);
/* A sleeper in the box; the return value is its id there. */
int rc_box_child(struct rc_box *box);
/* A box in the box, with the same rights. */
int rc_box_nest(struct rc_box *box);
/* Mounts type @b at @a. */
int rc_box_mount(struct rc_box *box);

#endif /* RC_BOX_H */
