// SPDX-License-Identifier: GPL-2.0
/* Processes of containers; see rc_box.h. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rc_box.h"

static int drop_all_caps(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = {};
	int cap;

	for (cap = 0; !prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); cap++)
		;
	return syscall(SYS_capset, &head, none) ? -errno : 0;
}

/* In the box: does one thing after the other. */
static void serve(struct rc_box *box)
{
	long turn;

	for (turn = 1;; turn++) {
		while (rc_get(&box->asked) < turn)
			rc_nap();
		box->ret = box->fn(box);
		rc_set(&box->done, turn);
	}
}

static int furnish(enum rc_box_kind kind)
{
	if (kind == RC_BOX_USER || kind == RC_BOX_USER_ONE) {
		/* Its maker maps the ids. */
		if (!RC_WAIT(!setresuid(0, 0, 0)) || setresgid(0, 0, 0))
			return -ETIMEDOUT;
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/proc", "proc", 0, NULL))
		return -errno;
	return kind == RC_BOX_BARE ? drop_all_caps() : 0;
}

static int map_ids(pid_t pid, enum rc_box_kind kind)
{
	bool one = kind == RC_BOX_USER_ONE;
	const char *ids = one ? rc_fmt("0 %d 1", RC_USER) : "0 100000 65536";

	if (kind != RC_BOX_USER && !one)
		return 0;
	return rc_write(rc_fmt("/proc/%d/gid_map", pid), ids) ?:
	       rc_write(rc_fmt("/proc/%d/uid_map", pid), ids);
}

/* The mount of proc in which all have ids. */
static int outermost = -1;

static pid_t outermost_id(void)
{
	char id[32] = "";

	return readlinkat(outermost, "self", id, sizeof(id) - 1) < 0 ? 0 : atoi(id);
}

static pid_t clone_box(enum rc_box_kind kind)
{
	int flags = CLONE_NEWPID | CLONE_NEWNS | SIGCHLD;
	pid_t pid;

	if (kind == RC_BOX_USER || kind == RC_BOX_USER_ONE)
		flags |= CLONE_NEWUSER;
	fflush(NULL);
	pid = syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	if (!pid) {
		rc_die_with_parent();
		rc_disown();
	}
	return pid;
}

static const char *hierarchy_of(const char *grp)
{
	const char *end = strchr(grp + strlen(RC_ROOT "/"), '/');

	return rc_fmt("%.*s", (int)(end - grp), grp);
}

static int start(struct rc_box *box, enum rc_box_kind kind)
{
	pid_t pid = clone_box(kind);
	int ret;

	if (!pid) {
		box->pid = outermost_id();
		box->ret = furnish(kind);
		rc_set(&box->done, -1);
		if (!box->ret)
			serve(box);
		_exit(-box->ret);
	}
	if (pid < 0)
		return -errno;
	rc_track_child(pid);
	ret = map_ids(pid, kind);
	if (!ret && !RC_WAIT(rc_get(&box->done)))
		ret = -ETIMEDOUT;
	ret = ret ?: box->ret;
	rc_set(&box->done, 0);
	return ret;
}

static struct rc_box *box_alloc(void)
{
	struct rc_box *box = rc_shared(sizeof(*box));
	int i;

	for (i = 0; box && i < RC_BOX_FDS; i++)
		box->fd[i] = -1;
	return box;
}

struct rc_box *rc_box_new(enum rc_box_kind kind, const char *grp)
{
	struct rc_box *box = box_alloc();
	int ret;

	if (outermost < 0)
		outermost = open("/proc", O_PATH);
	if (!box)
		return NULL;
	box->inner = box_alloc();
	/* Born there: its maker goes there and comes back. */
	ret = grp ? rc_write(rc_fmt("%s/procs", grp), "0") : 0;
	ret = ret ?: start(box, kind);
	if (grp)
		ret = ret ?: rc_write(rc_fmt("%s/procs", hierarchy_of(grp)), "0");
	errno = -ret;
	return ret ? NULL : box;
}

int rc_box_do(struct rc_box *box, int (*fn)(struct rc_box *box), const char *a,
	      const char *b)
{
	snprintf(box->a, sizeof(box->a), "%s", a ?: "");
	snprintf(box->b, sizeof(box->b), "%s", b ?: "");
	box->fn = fn;
	rc_inc(&box->asked);
	return RC_WAIT(rc_get(&box->done) == rc_get(&box->asked)) ? box->ret :
								    -ETIMEDOUT;
}

int rc_run_boxed(enum rc_box_kind kind, const char *grp, int (*fn)(void *arg),
		 void *arg)
{
	int ret = grp ? rc_write(rc_fmt("%s/procs", grp), "0") : 0;
	pid_t pid = -1;

	if (!ret) {
		pid = clone_box(kind);
		ret = pid < 0 ? -errno : 0;
	}
	if (!pid) {
		ret = furnish(kind);
		_exit(ret ? ENOEXEC : -fn(arg));
	}
	if (grp)
		ret = ret ?: rc_write(rc_fmt("%s/procs", hierarchy_of(grp)), "0");
	if (pid < 0)
		return ret;
	rc_track_child(pid);
	ret = ret ?: map_ids(pid, kind);
	return ret ?: rc_reap(pid);
}

int rc_box_end(struct rc_box *box)
{
	return rc_kill(box->pid);
}

/*
 * In the box
 */

int rc_box_mkdir(struct rc_box *box)
{
	return rc_mkdir(box->a);
}

int rc_box_rmdir(struct rc_box *box)
{
	return rc_rmdir(box->a);
}

int rc_box_rename(struct rc_box *box)
{
	return rename(box->a, box->b) ? -errno : 0;
}

int rc_box_write(struct rc_box *box)
{
	return rc_write(box->a, box->b);
}

int rc_box_read(struct rc_box *box)
{
	int ret = rc_read(box->a, box->text, sizeof(box->text));

	return ret < 0 ? ret : 0;
}

/* Files before directories. */
static int compare(const void *a, const void *b)
{
	const char *s = *(char **)a, *t = *(char **)b;
	bool dir = strchr(s, '/');

	return dir == !!strchr(t, '/') ? strcmp(s, t) : dir ? 1 : -1;
}

static int list_names(struct rc_box *box, int fd)
{
	char *name[1024];
	struct dirent *entry;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int nr = 0, i;

	*box->text = '\0';
	if (!dir)
		return -errno;
	rewinddir(dir);
	errno = 0;
	while (nr < 1024 && (entry = readdir(dir)))
		if (*entry->d_name != '.')
			name[nr++] = strdup(rc_fmt("%s%s", entry->d_name,
						   entry->d_type == DT_DIR ?
						   "/" : ""));
	closedir(dir);
	qsort(name, nr, sizeof(*name), compare);
	for (i = 0; i < nr; i++) {
		strcat(strcat(box->text, i ? " " : ""), name[i]);
		free(name[i]);
	}
	return 0;
}

int rc_box_list(struct rc_box *box)
{
	return list_names(box, rc_open(box->a, O_RDONLY | O_DIRECTORY));
}

int rc_box_open(struct rc_box *box)
{
	struct stat st;
	int flags = O_RDWR;

	if (stat(box->a, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		flags = O_RDONLY | O_DIRECTORY;
	else if (!(st.st_mode & 0222) || *box->b)
		flags = O_RDONLY;
	box->fd[box->slot] = rc_open(box->a, flags);
	return box->fd[box->slot] < 0 ? box->fd[box->slot] : 0;
}

int rc_box_write_open(struct rc_box *box)
{
	return rc_write_fd(box->fd[box->slot], box->b, strlen(box->b));
}

int rc_box_read_open(struct rc_box *box)
{
	int ret;

	if (lseek(box->fd[box->slot], 0, SEEK_SET))
		return -errno;
	ret = rc_read_fd(box->fd[box->slot], box->text, sizeof(box->text), 4096);
	return ret < 0 ? ret : 0;
}

int rc_box_list_open(struct rc_box *box)
{
	return list_names(box, dup(box->fd[box->slot]));
}

int rc_box_read_at(struct rc_box *box)
{
	int fd = openat(box->fd[box->slot], box->a, O_RDONLY), ret;

	if (fd < 0)
		return -errno;
	ret = rc_read_fd(fd, box->text, sizeof(box->text), 4096);
	close(fd);
	return ret < 0 ? ret : 0;
}

int rc_box_mkdir_at(struct rc_box *box)
{
	return mkdirat(box->fd[box->slot], box->a, 0755) ? -errno : 0;
}

int rc_box_rmdir_at(struct rc_box *box)
{
	return unlinkat(box->fd[box->slot], box->a, AT_REMOVEDIR) ? -errno : 0;
}

int rc_box_chmod(struct rc_box *box)
{
	return chmod(box->a, strtoul(box->b, NULL, 8)) ? -errno : 0;
}

int rc_box_chown(struct rc_box *box)
{
	return chown(box->a, atoi(box->b), atoi(box->b)) ? -errno : 0;
}

int rc_box_touch(struct rc_box *box)
{
	return utimensat(AT_FDCWD, box->a, NULL, 0) ? -errno : 0;
}

int rc_box_truncate(struct rc_box *box)
{
	return truncate(box->a, 0) ? -errno : 0;
}

int rc_box_child(struct rc_box *box)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	return pid < 0 ? -errno : pid;
}

int rc_box_nest(struct rc_box *box)
{
	return start(box->inner, RC_BOX_ROOT);
}

int rc_box_mount(struct rc_box *box)
{
	return mount("none", box->a, box->b, 0, NULL) ? -errno : 0;
}
