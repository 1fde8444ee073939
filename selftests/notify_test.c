// SPDX-License-Identifier: GPL-2.0
/* What notify_on_release takes; release_test has what it does. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "release_util.h"

FIXTURE(text)
{
	const char *hier;
	const char *grp;
};

FIXTURE_VARIANT(text)
{
	const char *text;
	size_t nul;
	int err;
};

FIXTURE_VARIANT_ADD(text, one) { "1", 0, 0 };
FIXTURE_VARIANT_ADD(text, newline) { "1\n", 0, 0 };
FIXTURE_VARIANT_ADD(text, empty) { "", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, newline_alone) { "\n", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, two) { "2", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, ten) { "10", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, negative) { "-1", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, plus) { "+1", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, word) { "on", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, trailing_blank) { "1 ", 0, 0 };
FIXTURE_VARIANT_ADD(text, leading_blank) { "    1\n", 0, 0 };
FIXTURE_VARIANT_ADD(text, carriage_return) { "1\r\n", 0, 0 };
FIXTURE_VARIANT_ADD(text, blanks_alone) { " \t\r\n", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, two_numbers) { "1 1", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, two_lines) { "1\n1\n", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, hexadecimal) { "0x1", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, nul) { "1", 1, -EINVAL };
FIXTURE_VARIANT_ADD(text, over_32_bits) { "4294967297", 0, -EINVAL };
FIXTURE_VARIANT_ADD(text, over_64_bits) { "18446744073709551617", 0, -EINVAL };

FIXTURE_SETUP(text)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
}

FIXTURE_TEARDOWN(text)
{
	EXPECT_EQ(0, rc_teardown());
}

/* notify_on_release takes 0 and 1, with white space around it, and nothing else. */
TEST_F(text, notify)
{
	int fd = rc_open(notify_of(self->grp), O_WRONLY), value;

	ASSERT_LE(0, fd);
	for (value = 0; value < 2; value++) {
		ASSERT_EQ(0, rc_write_fd(fd, value ? "1" : "0", 1));
		EXPECT_EQ(variant->err,
			  rc_write_fd(fd, variant->text,
				      strlen(variant->text) + variant->nul));
		EXPECT_EQ(variant->err ? value : 1,
			  (int)rc_number(notify_of(self->grp)));
	}
	close(fd);
}

TEST_HARNESS_MAIN
