// SPDX-License-Identifier: GPL-2.0
/*
 * What is an id to the files "tasks" and "procs" and what is not: one decimal
 * number with at most one newline moves a task or process, anything else is
 * refused and changes nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

static const char * const files[] = { "tasks", "procs" };

FIXTURE(text)
{
	const char *hier;
	const char *grp;
	pid_t pid;
};

/* Each %d in TEXT, two at most, is the id of a process that could be moved. */
FIXTURE_VARIANT(text)
{
	const char *text;
	size_t nul;
	int err;
};

FIXTURE_VARIANT_ADD(text, number) { "%d", 0, 0 };
FIXTURE_VARIANT_ADD(text, newline) { "%d\n", 0, 0 };
FIXTURE_VARIANT_ADD(text, empty) { "", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, newline_alone) { "\n", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, blank) { " ", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, junk) { "abc", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, trailing_junk) { "%dabc", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, trailing_blank) { "%d ", 0, 0 };
FIXTURE_VARIANT_ADD(text, leading_blank) { "    %d\n", 0, 0 };
FIXTURE_VARIANT_ADD(text, two_numbers) { "%d %d", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, two_lines) { "%d\n%d\n", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, two_newlines) { "%d\n\n", 0, 0 };
FIXTURE_VARIANT_ADD(text, carriage_return) { "%d\r\n", 0, 0 };
FIXTURE_VARIANT_ADD(text, all_blanks) { " \t\v\f\r\n%d \t\v\f\r\n", 0, 0 };
FIXTURE_VARIANT_ADD(text, blanks_alone) { " \t\r\n", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, no_break_space) { "\302\240%d", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, latin_blank) { "%d\240", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, blank_and_nul) { "%d ", 1, -EINVAL };
FIXTURE_VARIANT_ADD(text, nul) { "%d", 1, -EINVAL };
FIXTURE_VARIANT_ADD(text, negative) { "-%d", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, minus_zero) { "-0", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, plus) { "+%d", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, hexadecimal) { "0x%x", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, fraction) { "%d.0", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, over_32_bits) { "4294967296", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, over_64_bits) { "18446744073709551617", 0, -EINVAL };

FIXTURE_SETUP(text)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
	self->pid = rc_sleeper();
}

FIXTURE_TEARDOWN(text)
{
	EXPECT_EQ(0, rc_teardown());
}

/* Only one decimal number with nothing but white space around it is an id. */
TEST_F(text, write)
{
	char *before = rc_snapshot(self->hier), text[128];
	unsigned int i;

	snprintf(text, sizeof(text), variant->text, self->pid, self->pid);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		const char *path = strdup(rc_fmt("%s/%s", self->grp, files[i]));
		int fd = rc_open(path, O_WRONLY);

		ASSERT_LE(0, fd);
		ASSERT_EQ(variant->err,
			  rc_write_fd(fd, text, strlen(text) + variant->nul));
		close(fd);
		EXPECT_EQ(!variant->err, rc_listed(path, self->pid));
		if (variant->err)
			EXPECT_STREQ(before, rc_snapshot(self->hier));
		if (!variant->err)
			ASSERT_EQ(0, rc_attach(self->hier, self->pid));
	}
}

FIXTURE(bytes)
{
	const char *hier;
	const char *grp;
	char *before;
	int fd;
};

FIXTURE_VARIANT(bytes)
{
	const char *file;
};

FIXTURE_VARIANT_ADD(bytes, tasks) { "tasks" };
FIXTURE_VARIANT_ADD(bytes, procs) { "procs" };

FIXTURE_SETUP(bytes)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
	self->before = rc_snapshot(self->hier);
	self->fd = rc_open(rc_fmt("%s/%s", self->grp, variant->file), O_WRONLY);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(bytes)
{
	EXPECT_STREQ(self->before, rc_snapshot(self->hier));
	close(self->fd);
	EXPECT_EQ(0, rc_teardown());
}

/* More than a page is too long, whatever it says. */
TEST_F(bytes, over_a_page)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *text = malloc(1 << 20);

	memset(text, '0', 1 << 20);
	EXPECT_EQ(-E2BIG, rc_write_fd(self->fd, text, page + 1));
	EXPECT_EQ(-E2BIG, rc_write_fd(self->fd, text, 1 << 20));
	/* A page is not, but this one is no number. */
	memcpy(text + page - 3, "abc", 3);
	EXPECT_EQ(-EINVAL, rc_write_fd(self->fd, text, page));
	free(text);
}

/* A NUL byte ends no number. */
TEST_F(bytes, nul)
{
	EXPECT_EQ(-EINVAL, rc_write_fd(self->fd, "0\0x", 3));
	EXPECT_EQ(-EINVAL, rc_write_fd(self->fd, "0\0", 2));
	EXPECT_EQ(-EINVAL, rc_write_fd(self->fd, "\0", 1));
}

/* Memory that cannot be read is a fault, not a task. */
TEST_F(bytes, fault)
{
	EXPECT_EQ(-EFAULT, rc_write_fd(self->fd, (void *)8, 3));
}

TEST_HARNESS_MAIN
