// SPDX-License-Identifier: GPL-2.0
/* How shells and scripts read ids, and how they write what they have read. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

/* So many ids are more than a page, and than a shell reads at a time. */
#define CROWD 1300

FIXTURE(shell)
{
	const char *hier;
	const char *a;
	const char *b;
};

FIXTURE_SETUP(shell)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->a = rc_group_new(self->hier);
	self->b = rc_group_new(self->hier);
	ASSERT_TRUE(self->a && self->b);
}

FIXTURE_TEARDOWN(shell)
{
	EXPECT_EQ(0, rc_teardown());
}

/*
 * A line, as read by a shell that takes @piece bytes at a time and seeks back to
 * behind the line's end.
 */
static int read_line(int fd, char *line, size_t size, size_t piece)
{
	size_t len = 0;
	ssize_t got;

	while ((got = read(fd, line + len, piece)) > 0) {
		char *end = memchr(line + len, '\n', got);

		len += got;
		if (end) {
			off_t back = end + 1 - (line + len);

			if (back && lseek(fd, back, SEEK_CUR) < 0)
				return -errno;
			*end = '\0';
			return 1;
		}
		if (len + piece >= size)
			return -EMSGSIZE;
	}
	return got < 0 ? -errno : 0;
}

/* What "while read p; do echo $p > to; done < from" does; how many have moved. */
static int move_all(const char *from, const char *to, size_t piece)
{
	int in = rc_open(from, O_RDONLY), out = rc_open(to, O_WRONLY);
	int ret, moved = 0;
	char line[8192];

	if (in < 0 || out < 0)
		return -ENOENT;
	while ((ret = read_line(in, line, sizeof(line), piece)) > 0) {
		strcat(line, "\n");
		ret = rc_write_fd(out, line, strlen(line));
		if (ret)
			break;
		moved++;
	}
	close(in);
	close(out);
	return ret ?: moved;
}

/* None stays behind, however a shell reads its lines while it moves them. */
TEST_F(shell, moves_all)
{
	static const size_t pieces[] = { 1, 128, 1024, 4096 };
	pid_t *ids = rc_shared(CROWD * sizeof(*ids));
	const char *from = self->a, *to = self->b, *tmp;
	size_t i;

	ASSERT_LT(0, rc_crowd(from, CROWD, ids));
	ASSERT_EQ(CROWD, rc_count(rc_fmt("%s/tasks", from)));
	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		EXPECT_EQ(CROWD, move_all(strdup(rc_fmt("%s/tasks", from)),
					  strdup(rc_fmt("%s/tasks", to)),
					  pieces[i]));
		EXPECT_EQ(0, rc_count(rc_fmt("%s/tasks", from)));
		tmp = from;
		from = to;
		to = tmp;
	}
}

/* The same of processes. */
TEST_F(shell, moves_all_processes)
{
	static const size_t pieces[] = { 1, 16, 4096 };
	const char *from = self->a, *to = self->b, *tmp;
	size_t i;

	for (i = 0; i < 60; i++)
		ASSERT_EQ(0, rc_attach(from, rc_sleeper()));
	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		EXPECT_EQ(60, move_all(strdup(rc_fmt("%s/procs", from)),
				       strdup(rc_fmt("%s/procs", to)),
				       pieces[i]));
		EXPECT_EQ(0, rc_count(rc_fmt("%s/procs", from)));
		tmp = from;
		from = to;
		to = tmp;
	}
}

/* Who opens a file to append to it seeks to its end, which is at 0. */
TEST_F(shell, appends)
{
	static const char * const names[] = {
		"tasks", "procs", "notify_on_release", "events",
	};
	pid_t pid = rc_sleeper();
	struct stat st;
	FILE *f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		bool writable = strcmp(names[i], "events");
		int fd = rc_open(rc_fmt("%s/%s", self->a, names[i]),
				 writable ? O_RDWR | O_APPEND : O_RDONLY);
		char before[64], after[64];

		ASSERT_LE(0, fd);
		EXPECT_EQ(0, fstat(fd, &st));
		EXPECT_EQ(0, (int)st.st_size);
		EXPECT_EQ(0, lseek(fd, 0, SEEK_END));
		EXPECT_LE(0, rc_read_fd(fd, before, sizeof(before), 64));
		EXPECT_EQ(0, lseek(fd, 0, SEEK_END));
		EXPECT_LE(0, rc_read_fd(fd, after, sizeof(after), 64));
		EXPECT_STREQ(before, after);
		EXPECT_EQ(-1, lseek(fd, -1, SEEK_END));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(-1, lseek(fd, 0, SEEK_DATA));
		EXPECT_EQ(EINVAL, errno);
		close(fd);
	}
	/* As Python does it, and libc. */
	f = fopen(rc_fmt("%s/tasks", self->a), "a+");
	ASSERT_TRUE(!!f);
	EXPECT_EQ(0, fseek(f, 0, SEEK_END));
	EXPECT_EQ(0, ftell(f));
	EXPECT_LT(0, fprintf(f, "%d\n", pid));
	EXPECT_EQ(0, fclose(f));
	EXPECT_TRUE(rc_listed(rc_fmt("%s/tasks", self->a), pid));
}

/* A path loses blanks at its ends and no byte of a letter. */
TEST_F(shell, path)
{
	static const char letter[] = "/bin/voil\303\240";
	char *file = strdup(rc_fmt("%s/release_agent", self->hier));
	char *text;

	EXPECT_EQ(0, rc_write(file, rc_fmt("  %s \r\n", letter)));
	text = rc_text(file);
	EXPECT_STREQ(rc_fmt("%s\n", letter), text ?: "");
	free(text);
	EXPECT_EQ(0, rc_write(file, " /bin/a b "));
	text = rc_text(file);
	EXPECT_STREQ("/bin/a b\n", text ?: "");
	free(text);
	EXPECT_EQ(0, rc_write(file, "\t\n"));
	text = rc_text(file);
	EXPECT_STREQ("\n", text ?: "");
	free(text);
	free(file);
}

TEST_HARNESS_MAIN
