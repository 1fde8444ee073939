// SPDX-License-Identifier: GPL-2.0
/* Does what the examples of the user guide say; see guide_example.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guide_example.h"
#include "guide_table.h"
#include "rc_box.h"
#include "start_util.h"

#define MAX_ARGS 4

/*
 * The notation
 */

struct text {
	char *s;
	size_t len;
};

struct example {
	char *who;
	struct text arg[MAX_ARGS];
	int nr;
};

/* CONFIG_RC_EXAMPLE and CONFIG_RC_DEBUG are not for the users of the guide. */
static bool has_use(const char *name)
{
	return strcmp(name, "births") && strcmp(name, "debug") &&
	       strcmp(name, "debug2");
}

static char *controllers(void)
{
	char *text = rc_text(RC_ROOT "/subsystems"), *line, *save;
	char *names = calloc(1, strlen(text ?: "") + 1);

	line = text ? strtok_r(text, "\n", &save) : NULL;
	while (line && (line = strtok_r(NULL, "\n", &save))) {
		char name[64];
		int on;

		if (sscanf(line, "%63s %*s %*d %d", name, &on) == 2 && on &&
		    has_use(name))
			strcat(strcat(names, *names ? " " : ""), name);
	}
	free(text);
	return names;
}

/* The value of a name in the guide's list, malloc()ed; NULL: there is none. */
static char *value_of(const struct situation *sit, const char *name)
{
	size_t letters = !strcmp(name, "long") ? NAME_MAX + 1 :
			 !strcmp(name, "page") ? getpagesize() + 1 :
			 !strcmp(name, "path") ? PATH_MAX : 0;
	char *value;
	int i;

	if (letters) {
		value = calloc(1, letters + 1);
		return memset(value, 'x', letters);
	}
	if (!strcmp(name, "controllers"))
		return controllers();
	if (!strcmp(name, "task"))
		return strdup(rc_fmt("%d", sit->task));
	if (!strcmp(name, "other"))
		return strdup(rc_fmt("%d", sit->other));
	if (!strcmp(name, "zombie"))
		return strdup(rc_fmt("%d", sit->zombie));
	if (!strcmp(name, "bound"))
		return strdup(rc_fmt("%d", sit->bound));
	if (!strcmp(name, "kthreadd"))
		return strdup("2");
	/* Ids stay below it. */
	if (!strcmp(name, "none"))
		return strdup(rc_fmt("%llu",
				     rc_number("/proc/sys/kernel/pid_max")));
	if (!strcmp(name, "deep")) {
		value = strdup("1");
		for (i = 2; i <= 32; i++)
			value = strcat(realloc(value, strlen(value) + 4),
				       rc_fmt("/%d", i));
		return value;
	}
	return NULL;
}

/* A backslash and what follows it, as in C; -1 if it is something else. */
static int parse_escape(const char **at)
{
	unsigned int code;

	switch (*++*at) {
	case 'n':
		++*at;
		return '\n';
	case 't':
		++*at;
		return '\t';
	case '0':
		++*at;
		return '\0';
	case 'x':
		if (sscanf(*at + 1, "%2x", &code) != 1)
			return -1;
		*at += 3;
		return code;
	}
	return -1;
}

static void append(struct text *text, const char *s, size_t len)
{
	/* What is a string can be used as one. */
	text->s = realloc(text->s, text->len + len + 1);
	memcpy(text->s + text->len, s, len);
	text->len += len;
	text->s[text->len] = '\0';
}

/* One word, in quotes or up to a blank, with its $names and escapes. */
static int parse_word(const struct situation *sit, const char **at,
		      struct text *out)
{
	bool quoted = **at == '"';

	append(out, "", 0);
	*at += quoted;
	while (**at && **at != (quoted ? '"' : ' ')) {
		if (**at == '$') {
			size_t len = strspn(++*at, "abcdefghijklmnopqrstuvwxyz");
			char *name = strndup(*at, len);
			char *value = value_of(sit, name);

			free(name);
			if (!value)
				return -EBADMSG;
			append(out, value, strlen(value));
			*at += len;
			free(value);
		} else if (**at == '\\') {
			int code = parse_escape(at);
			char c = code;

			if (code < 0)
				return -EBADMSG;
			append(out, &c, 1);
		} else {
			append(out, (*at)++, 1);
		}
	}
	if (quoted && *(*at)++ != '"')
		return -EBADMSG;
	return 0;
}

/* "[WHO: ]VERB ARGUMENT..." */
static int parse_example(const struct situation *sit, const char *text,
			 struct example *ex)
{
	static const char * const who[] = {
		"root: ", "uncapped: ", "alice: ", "bob: ", "contained: ",
		"deep: ", "full: ", "nothing: ", "given: ", "bare: ", "mapped: ",
		"handed: ", "hidden: ", "readonly: ",
	};
	unsigned int i;
	int ret;

	memset(ex, 0, sizeof(*ex));
	for (i = 0; i < ARRAY_SIZE(who); i++) {
		if (strncmp(text, who[i], strlen(who[i])))
			continue;
		ex->who = strndup(text, strlen(who[i]) - 2);
		text += strlen(who[i]);
	}
	while (*text) {
		if (ex->nr == MAX_ARGS)
			return -EBADMSG;
		ret = parse_word(sit, &text, &ex->arg[ex->nr++]);
		if (ret)
			return ret;
		if (*text && *text++ != ' ')
			return -EBADMSG;
	}
	return ex->nr ? 0 : -EBADMSG;
}

static void free_example(struct example *ex)
{
	while (ex->nr)
		free(ex->arg[--ex->nr].s);
	free(ex->who);
}

/*
 * Doing what an example says
 */

struct job {
	struct situation *sit;
	const struct example *ex;
};

/* Through which mount it is done. */
static const char *place = RC_ROOT;

static const char *full_path(const char *path)
{
	return rc_fmt("%s/%s", place, path);
}

static int held_fd(const struct situation *sit, const char *path)
{
	int i;

	for (i = 0; i < sit->nr_held; i++)
		if (!strcmp(sit->held[i].path, path))
			return sit->held[i].fd;
	return -1;
}

static int do_open(struct situation *sit, const char *path)
{
	struct held *held = &sit->held[sit->nr_held];
	int fd = rc_open(full_path(path), O_RDWR);

	if (fd == -EISDIR)
		fd = rc_open(full_path(path), O_RDONLY);
	if (fd < 0)
		return fd;
	if (sit->nr_held == ARRAY_SIZE(sit->held))
		return BAD_NOTATION;
	held->path = strdup(path);
	held->fd = fd;
	sit->nr_held++;
	return 0;
}

/* Through the descriptor that the situation has opened, or a new one. */
static int on_file(const struct situation *sit, const char *path, int flags,
		   const struct text *text, const char *mode)
{
	int fd = held_fd(sit, path), ret;
	bool held = fd >= 0;
	char buf[64];

	if (!held)
		fd = rc_open(full_path(path), flags);
	if (fd < 0)
		return fd;
	if (text)
		ret = rc_write_fd(fd, text->s, text->len);
	else if (mode)
		ret = fchmod(fd, strtoul(mode, NULL, 8)) ? -errno : 0;
	else
		ret = read(fd, buf, sizeof(buf)) < 0 ? -errno : 0;
	if (!held)
		close(fd);
	return ret;
}

static int do_start(const struct situation *sit, const char *path)
{
	int fd = held_fd(sit, path), ret;
	bool held = fd >= 0;

	if (!held)
		fd = rc_open(full_path(path), O_RDONLY);
	if (fd < 0)
		return fd;
	ret = start_once_fd(&fd);
	if (!held)
		close(fd);
	return ret;
}

static int do_create(const char *path)
{
	int fd = open(full_path(path), O_WRONLY | O_CREAT, 0644);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int perform(void *arg)
{
	const struct job *job = arg;
	const struct text *text = job->ex->arg;
	const char *verb = text[0].s, *a = text[1].s, *b = text[2].s;
	int nr = job->ex->nr;

	if (nr == 2 && !strcmp(verb, "mkdir"))
		return rc_mkdir(full_path(a));
	if (nr == 2 && !strcmp(verb, "rmdir"))
		return rc_rmdir(full_path(a));
	if (nr == 3 && !strcmp(verb, "rename"))
		return rename(full_path(a), full_path(b)) ? -errno : 0;
	if (nr == 3 && !strcmp(verb, "write"))
		return on_file(job->sit, a, O_WRONLY, &text[2], NULL);
	if (nr == 2 && !strcmp(verb, "read"))
		return on_file(job->sit, a, O_RDONLY, NULL, NULL);
	if (nr == 3 && !strcmp(verb, "chmod"))
		return on_file(job->sit, b, O_RDONLY, NULL, a);
	if (nr == 3 && !strcmp(verb, "chown") && !strcmp(a, "alice"))
		return chown(full_path(b), RC_USER, RC_USER) ? -errno : 0;
	if (nr == 2 && !strcmp(verb, "create"))
		return do_create(a);
	if (nr == 2 && !strcmp(verb, "unlink"))
		return unlink(full_path(a)) ? -errno : 0;
	if (nr == 2 && !strcmp(verb, "open"))
		return do_open(job->sit, a);
	if (nr == 2 && !strcmp(verb, "start"))
		return do_start(job->sit, a);
	return BAD_NOTATION;
}

/* Not there all the time, since all that is there is looked at so often. */
static int perform_deep(void *arg)
{
	const struct job *job = arg;
	char *path = value_of(job->sit, "deep"), *end;
	size_t len = strcspn(path, "/");
	int ret;

	for (;;) {
		ret = rc_mkdir(rc_fmt(RC_ROOT "/jobs/%.*s", (int)len, path));
		if (ret || !path[len])
			break;
		len += 1 + strcspn(path + len + 1, "/");
	}
	ret = ret ? BAD_NOTATION : perform(arg);
	do {
		if (rc_rmdir(rc_fmt(RC_ROOT "/jobs/%s", path)))
			ret = BAD_NOTATION;
		end = strrchr(path, '/');
		if (end)
			*end = '\0';
	} while (end);
	free(path);
	return ret;
}

/* All hierarchies that the kernel has room for, without a trace afterwards. */
static int perform_full(void *arg)
{
	const char *made[64];
	int nr = 0, ret;

	while (nr < (int)ARRAY_SIZE(made) && (made[nr] = rc_hier_new()))
		nr++;
	ret = nr < (int)ARRAY_SIZE(made) && errno == ENOSPC ? perform(arg) :
							      BAD_NOTATION;
	while (nr)
		if (rc_rmdir(made[--nr]))
			ret = BAD_NOTATION;
	return ret;
}

/* By somebody who has come through a mount with options. */
static int perform_through(const char *options, unsigned long flags, uid_t uid,
			   void *arg)
{
	const char *proc = rc_proc_mount(options);
	int ret = BAD_NOTATION;

	if (!proc || (flags && mount(NULL, proc, NULL, MS_REMOUNT | MS_BIND | flags,
				     NULL)))
		return ret;
	place = rc_fmt("%s/rc", proc);
	ret = rc_run_as(uid, perform, arg);
	place = RC_ROOT;
	return ret;
}

/* Root writes to what alice has opened, as a program of hers that is set-uid. */
static int perform_handed(void *arg)
{
	const struct job *job = arg;
	const struct text *text = job->ex->arg;
	int fd, ret;

	if (job->ex->nr != 3 || strcmp(text[0].s, "write"))
		return NOT_CONCERNED;
	if (seteuid(RC_USER))
		return -ECHILD;
	fd = rc_open(full_path(text[1].s), O_WRONLY);
	if (seteuid(0))
		return -ECHILD;
	if (fd < 0)
		return fd;
	ret = rc_write_fd(fd, text[2].s, text[2].len);
	close(fd);
	return ret;
}

static int perform_as(const char *who, void *job)
{
	if (!strcmp(who, "uncapped"))
		return rc_run_uncapped(perform, job);
	if (!strcmp(who, "alice"))
		return rc_run_as(RC_USER, perform, job);
	if (!strcmp(who, "bob"))
		return rc_run_as(RC_USER + 1, perform, job);
	if (!strcmp(who, "contained"))
		return rc_run_in_user_ns(perform, job);
	if (!strcmp(who, "nothing"))
		return rc_run_boxed(RC_BOX_ROOT, NULL, perform, job);
	if (!strcmp(who, "given"))
		return rc_run_boxed(RC_BOX_ROOT, full_path("jobs/box"), perform,
				    job);
	if (!strcmp(who, "bare"))
		return rc_run_boxed(RC_BOX_BARE, full_path("jobs/box"), perform,
				    job);
	if (!strcmp(who, "mapped"))
		return rc_run_boxed(RC_BOX_USER_ONE, full_path("jobs/alice"),
				    perform, job);
	if (!strcmp(who, "handed"))
		return rc_run(perform_handed, job);
	if (!strcmp(who, "hidden"))
		return perform_through("hidepid=invisible", 0, RC_USER, job);
	if (!strcmp(who, "readonly"))
		return perform_through("", MS_RDONLY, 0, job);
	if (!strcmp(who, "deep"))
		return perform_deep(job);
	if (!strcmp(who, "full"))
		return perform_full(job);
	/* In a child, too: it can be moved. */
	return rc_run(perform, job);
}

int run_example(struct situation *sit, const char *line)
{
	struct example ex;
	struct job job = { .sit = sit, .ex = &ex };
	int ret = parse_example(sit, line, &ex);

	if (ret)
		ret = BAD_NOTATION;
	else if (!ex.who)
		ret = perform(&job);
	else
		ret = perform_as(ex.who, &job);
	free_example(&ex);
	return ret;
}

/*
 * The situation
 */

static int exit_at_once(void *arg)
{
	return 0;
}

/* Those whom examples are about. */
static int find_tasks(struct situation *sit)
{
	char comm[32] = "";

	sit->task = rc_sleeper();
	sit->other = rc_sleeper();
	sit->zombie = rc_spawn(exit_at_once, NULL);
	sit->bound = rc_kthread(true);
	if (sit->task < 0 || sit->other < 0 || sit->zombie < 0 || sit->bound <= 0 ||
	    rc_read("/proc/2/comm", comm, sizeof(comm)) < 0 ||
	    strcmp(comm, "kthreadd\n"))
		return -ESRCH;
	return rc_wait_zombie(sit->zombie);
}

int situation_make(struct situation *sit, const char *guide, const char *mark,
		   const char **line)
{
	const char *at = guide_mark(guide, mark);
	char *block, *end, *save;
	int ret;

	*line = "tasks";
	ret = find_tasks(sit);
	if (ret)
		return ret;
	at = at ? strstr(at, "::\n\n") : NULL;
	*line = "no literal block";
	if (!at)
		return -EBADMSG;
	block = strdup(at + strlen("::\n\n"));
	/* It ends with a line that is not indented. */
	for (end = block; *end == ' '; end += strcspn(end, "\n") + 1)
		;
	*end = '\0';
	for (*line = strtok_r(block, "\n", &save); *line;
	     *line = strtok_r(NULL, "\n", &save)) {
		*line += strspn(*line, " ");
		ret = run_example(sit, *line);
		if (ret)
			return ret;
		/* Only what was made here is to be removed in the end. */
		if (!strncmp(*line, "mkdir ", 6) && !strchr(*line, '/'))
			rc_track_hier(full_path(*line + 6));
	}
	free(block);
	return 0;
}

void situation_end(struct situation *sit)
{
	while (sit->nr_held)
		close(sit->held[--sit->nr_held].fd);
}
