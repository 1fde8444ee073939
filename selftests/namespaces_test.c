// SPDX-License-Identifier: GPL-2.0
/* The file namespaces: what it tells of whom, and to whom. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_box.h"

FIXTURE(namespaces)
{
	const char *hier;
	const char *grp;
	const char *sub;
};

FIXTURE_SETUP(namespaces)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
	self->sub = rc_group_new(self->grp);
	ASSERT_TRUE(!!self->sub);
}

FIXTURE_TEARDOWN(namespaces)
{
	EXPECT_EQ(0, rc_teardown());
}

static char *shown(const char *grp)
{
	return rc_text(rc_fmt("%s/namespaces", grp)) ?: strdup("nothing");
}

/* How many lines follow on the header. */
static int lines(const char *text)
{
	int nr = -1;

	while ((text = strchr(text, '\n'))) {
		nr++;
		text++;
	}
	return nr;
}

/* The line that it is to have for @nr tasks like @pid, by what /proc/PID/ns says. */
static const char *line_of(const char *text, int nr, pid_t pid)
{
	static char line[1024];
	char header[512], *name, *save;
	int len = sprintf(line, "%d\t%d", nr, pid);

	snprintf(header, sizeof(header), "%.*s", (int)strcspn(text, "\n"), text);
	name = strtok_r(header, "\t", &save);
	name = name ? strtok_r(NULL, "\t", &save) : NULL;
	while (name && (name = strtok_r(NULL, "\t", &save))) {
		struct stat st;

		if (stat(rc_fmt("/proc/%d/ns/%s", pid, name), &st))
			return strerror(errno);
		len += sprintf(line + len, "\t%lu", (unsigned long)st.st_ino);
	}
	sprintf(line + len, "\n");
	return line;
}

/* The header names what /proc/PID/ns has, and each of it. */
TEST_F(namespaces, header)
{
	static const char * const some[] = { "\tmnt", "\tuts", "\tpid", "\tnet" };
	char *text = shown(self->grp);
	unsigned int i;

	EXPECT_EQ(0, lines(text));
	EXPECT_EQ(0, strncmp(text, "tasks\tid\t", 9));
	for (i = 0; i < ARRAY_SIZE(some); i++)
		EXPECT_TRUE(!!strstr(text, some[i])) {
			TH_LOG("no %s: %s", some[i], text);
		}
	free(text);
}

/* One line for tasks that have the same, others for others; those below do not count. */
TEST_F(namespaces, combinations)
{
	pid_t same[3], own, below = rc_sleeper();
	char *text;
	int i;

	for (i = 0; i < 3; i++) {
		same[i] = rc_sleeper();
		ASSERT_EQ(0, rc_attach(self->grp, same[i]));
	}
	own = rc_sleeping_threads(1);
	ASSERT_LT(0, own);
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->grp), rc_fmt("%d", own)));
	ASSERT_EQ(0, rc_attach(self->sub, below));
	text = shown(self->grp);
	EXPECT_TRUE(!!strstr(text, line_of(text, 3, same[0]))) {
		TH_LOG("%s has no %s", text, line_of(text, 3, same[0]));
	}
	EXPECT_TRUE(!!strstr(text, line_of(text, 1, own)));
	free(text);
	text = shown(self->sub);
	EXPECT_EQ(1, lines(text));
	EXPECT_TRUE(!!strstr(text, line_of(text, 1, below)));
	free(text);
}

/* Many combinations, more than fit in a page. */
TEST_F(namespaces, many)
{
	pid_t pid = rc_sleeping_threads(150);
	char *text;
	int nr;

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->grp), rc_fmt("%d", pid)));
	nr = rc_count(rc_fmt("%s/tasks", self->grp));
	ASSERT_LE(150, nr);
	text = shown(self->grp);
	EXPECT_LE(150, lines(text));
	EXPECT_LT(4096, (int)strlen(text));
	free(text);
}

/* The root has all others. */
TEST_F(namespaces, root)
{
	char *text = shown(self->hier);
	pid_t pid = getpid();

	EXPECT_LT(0, lines(text));
	EXPECT_TRUE(!!strstr(text, strchr(line_of(text, 0, pid) + 2, '\t')));
	free(text);
}

static int read_lines(void *arg)
{
	char *text = shown(arg);

	/* An errno stands for a number. */
	return -lines(text);
}

struct user {
	const char *grp;
	long ready;
	long go;
};

static int read_when_told(void *arg)
{
	struct user *user = arg;

	rc_set(&user->ready, 1);
	while (!rc_get(&user->go))
		rc_nap();
	return read_lines((void *)user->grp);
}

/* Somebody is told of those whom he could trace: himself, for one, and not of others. */
TEST_F(namespaces, permission)
{
	struct user *user = rc_shared(sizeof(*user));
	pid_t pid;

	ASSERT_TRUE(!!user);
	user->grp = self->grp;
	pid = rc_sleeping_threads(2);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->grp), rc_fmt("%d", pid)));
	EXPECT_EQ(0, rc_run_as(RC_USER, read_lines, (void *)self->grp));
	pid = rc_spawn_as(RC_USER, read_when_told, user);
	ASSERT_TRUE(RC_WAIT(rc_get(&user->ready)));
	ASSERT_EQ(0, rc_attach(self->grp, pid));
	EXPECT_EQ(0, rc_run_as(RC_USER + 1, read_lines, (void *)self->grp));
	EXPECT_LE(3, lines(shown(self->grp)));
	rc_set(&user->go, 1);
	EXPECT_EQ(-1, rc_reap(pid));
}

/* It is for reading. */
TEST_F(namespaces, read_only)
{
	char *file = strdup(rc_fmt("%s/namespaces", self->grp));
	int fd;

	EXPECT_EQ(S_IFREG | 0444, rc_mode(file));
	EXPECT_EQ(S_IFREG | 0444, rc_mode(rc_fmt("%s/namespaces", self->hier)));
	fd = rc_open(file, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, rc_write_fd(fd, "1", 1));
	ASSERT_EQ(0, rc_rmdir(self->sub));
	ASSERT_EQ(0, rc_rmdir(self->grp));
	EXPECT_EQ(-1, read(fd, file, 1));
	EXPECT_EQ(ENODEV, errno);
	close(fd);
}

/* In a view, ids are those of the container, and who has none there is left out. */
TEST_F(namespaces, view)
{
	struct rc_box *box = rc_box_new(RC_BOX_ROOT, self->grp);
	char *text;

	ASSERT_TRUE(!!box);
	ASSERT_EQ(0, rc_attach(self->grp, rc_sleeper()));
	ASSERT_EQ(0, rc_box_do(box, rc_box_read, rc_fmt("%s/namespaces", self->hier),
			       NULL));
	EXPECT_EQ(1, lines(box->text));
	EXPECT_TRUE(!!strstr(box->text, "\n1\t1\t"));
	text = shown(self->grp);
	EXPECT_EQ(2, lines(text));
	EXPECT_TRUE(!!strstr(text, line_of(text, 1, box->pid)));
	free(text);
}

TEST_HARNESS_MAIN
