/* SPDX-License-Identifier: GPL-2.0 */
/* What tests of /proc/rc/errors have in common. */
#ifndef ERRORS_UTIL_H
#define ERRORS_UTIL_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rc_util.h"

#define ERRORS RC_ROOT "/errors"

/* A line of the file, in its parts. */
struct line {
	long long seconds;
	int pid;
	char comm[64];
	char path[4096];
	char text[1024];
};

/* Shared with children who try something. */
struct common {
	char *hier;
	char *grp;
	char *mine;
	pid_t pid;
	long step;
	/* Of what somebody has seen. */
	struct line line;
	int nr;
};

static struct common *at;

static inline bool parse(const char *from, struct line *line)
{
	return sscanf(from, "%lld\t%d\t%63[^\t\n]\t%4095[^\t\n]\t%1023[^\t\n]", &line->seconds,
		      &line->pid, line->comm, line->path, line->text) == 5;
}

/* The last line of a process, or of all if @pid is 0, goes to @line; how many there are. */
static inline int look(pid_t pid, struct line *line)
{
	char *text = rc_text(ERRORS), *one, *save;
	struct line next;
	int nr = 0;

	if (!text)
		return -errno;
	for (one = strtok_r(text, "\n", &save); one; one = strtok_r(NULL, "\n", &save)) {
		if (!parse(one, &next)) {
			nr = -EBADMSG;
			break;
		}
		if (pid && next.pid != pid)
			continue;
		*line = next;
		nr++;
	}
	free(text);
	return nr;
}

/* 0 or -errno. */
static inline int begin(void)
{
	int ret = rc_setup();

	if (ret)
		return ret;
	at = rc_shared(sizeof(*at));
	if (!at)
		return -ENOMEM;
	at->hier = strdup(rc_hier_new());
	at->grp = strdup(rc_group_new(at->hier));
	at->mine = strdup(rc_group_new(at->hier));
	if (chown(at->mine, RC_USER, RC_USER) ||
	    chown(rc_fmt("%s/tasks", at->mine), RC_USER, RC_USER))
		return -errno;
	at->pid = rc_sleeper();
	return at->pid < 0 ? -errno : 0;
}

/* "HIERARCHY:PATH" of a directory below /proc/rc. */
static inline const char *path_of(const char *dir)
{
	const char *rest = strchr(dir + strlen(RC_ROOT "/"), '/');

	return rest ? rc_fmt("%.*s:%s", (int)(rest - dir - strlen(RC_ROOT "/")),
			     dir + strlen(RC_ROOT "/"), rest) :
		      rc_fmt("%s:/", dir + strlen(RC_ROOT "/"));
}

/* Operations that are refused. */
static inline int bad_value(void)
{
	return rc_write(rc_fmt("%s/notify_on_release", at->grp), "x\033 y");
}

static inline int no_task(void)
{
	return rc_write(rc_fmt("%s/tasks", at->grp), "999999999");
}

static inline int as_user(void *unused)
{
	return rc_write(rc_fmt("%s/tasks", at->mine), rc_fmt("%d", at->pid));
}

#endif /* ERRORS_UTIL_H */
