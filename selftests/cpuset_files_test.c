// SPDX-License-Identifier: GPL-2.0
/* The files of cpuset: what is in them at first, what they take and refuse. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

struct value {
	const char *file;
	const char *text;
};

static const char * const flags[] = {
	"cpu_exclusive", "mem_exclusive", "mem_hardwall", "sched_load_balance",
	"memory_migrate", "memory_spread_page", "memory_spread_slab",
};

FIXTURE(files)
{
	const char *hier;
	const char *grp;
};

FIXTURE_SETUP(files)
{
	self->hier = CS_SETUP(return);
	self->grp = cs_new(self->hier, NULL, NULL);
	ASSERT_TRUE(!!self->grp);
}

FIXTURE_TEARDOWN(files)
{
	EXPECT_EQ(0, cs_teardown());
}

/* In a new group, nothing is configured, and all but load balancing is off. */
TEST_F(files, of_new_group)
{
	static const struct value values[] = {
		{ "cpus", "\n" },
		{ "mems", "\n" },
		{ "effective_cpus", "\n" },
		{ "effective_mems", "\n" },
		{ "cpu_exclusive", "0\n" },
		{ "mem_exclusive", "0\n" },
		{ "mem_hardwall", "0\n" },
		{ "sched_load_balance", "1\n" },
		{ "sched_relax_domain_level", "-1\n" },
		{ "memory_migrate", "0\n" },
		{ "memory_pressure", "0\n" },
		{ "memory_spread_page", "0\n" },
		{ "memory_spread_slab", "0\n" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		char *text = rc_text(rc_fmt("%s/%s", self->grp,
					    values[i].file));

		EXPECT_STREQ(values[i].text, text ?: strerror(errno)) {
			TH_LOG("%s", values[i].file);
		}
		free(text);
	}
	EXPECT_EQ(-ENOENT, rc_mode(rc_fmt("%s/memory_pressure_enabled",
					  self->grp)));
}

/* The root has what is on line, all for itself. */
TEST_F(files, of_root)
{
	const struct value values[] = {
		{ "cpus", cs_online_cpus() },
		{ "mems", cs_online_mems() },
		{ "effective_cpus", cs_online_cpus() },
		{ "effective_mems", cs_online_mems() },
		{ "cpu_exclusive", "1" },
		{ "mem_exclusive", "1" },
		{ "mem_hardwall", "0" },
		{ "sched_load_balance", "1" },
		{ "sched_relax_domain_level", "-1" },
		{ "memory_migrate", "0" },
		{ "memory_pressure", "0" },
		{ "memory_pressure_enabled", "0" },
		{ "memory_spread_page", "0" },
		{ "memory_spread_slab", "0" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_STREQ(values[i].text,
			     cs_read(self->hier, values[i].file)) {
			TH_LOG("%s", values[i].file);
		}
	}
}

/* A new group has its parent's spreading, and nothing else of it. */
TEST_F(files, inherited)
{
	const char *file, *sub;
	unsigned int i;

	ASSERT_EQ(0, cs_write(self->grp, "cpus", "0-1"));
	ASSERT_EQ(0, cs_write(self->grp, "mems", "0"));
	ASSERT_EQ(0, cs_write(self->grp, "sched_relax_domain_level", "0"));
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		ASSERT_EQ(0, cs_write(self->grp, flags[i], "1"));
	ASSERT_EQ(0, cs_write(self->grp, "sched_load_balance", "0"));

	sub = cs_new(self->grp, NULL, NULL);
	ASSERT_TRUE(!!sub);
	EXPECT_STREQ("", cs_read(sub, "cpus"));
	EXPECT_STREQ("", cs_read(sub, "mems"));
	EXPECT_STREQ("-1", cs_read(sub, "sched_relax_domain_level"));
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		file = flags[i];
		EXPECT_STREQ(!strncmp(file, "memory_spread", 13) ||
			     !strcmp(file, "sched_load_balance") ? "1" : "0",
			     cs_read(sub, file)) {
			TH_LOG("%s", file);
		}
	}
	/* From then on each has its own. */
	ASSERT_EQ(0, cs_write(self->grp, "memory_spread_page", "0"));
	EXPECT_STREQ("1", cs_read(sub, "memory_spread_page"));
}

/* All forms of a list that the kernel's parser knows; it is read in one form. */
TEST_F(files, lists)
{
	static const struct value lists[] = {
		{ "0", "0" },
		{ "3", "3" },
		{ "0-1", "0-1" },
		{ "0-3", "0-3" },
		{ "0,1,2,3", "0-3" },
		{ "3,1", "1,3" },
		{ "0,2-3", "0,2-3" },
		{ "1,1,1", "1" },
		{ "0-2,1-3", "0-3" },
		{ "2-2", "2" },
		{ "00,01", "0-1" },
		{ "0-3:1/2", "0,2" },
		{ "0-3:1/3", "0,3" },
		{ "1-3:2/4", "1-2" },
		{ "0-3:2/4,3", "0-1,3" },
		{ "0 2", "0,2" },
		{ " 1 , 2 ", "1-2" },
		{ "1\n", "1" },
		{ "", "" },
		{ "\n", "" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		/* What was there before is replaced as a whole. */
		ASSERT_EQ(0, cs_write(self->grp, "cpus", i % 2 ? "2" : "0-1"));
		EXPECT_EQ(0, cs_write(self->grp, "cpus", lists[i].file)) {
			TH_LOG("'%s'", lists[i].file);
		}
		EXPECT_STREQ(lists[i].text, cs_read(self->grp, "cpus"));
		EXPECT_STREQ(lists[i].text,
			     cs_read(self->grp, "effective_cpus"));
	}
}

/* "all" and "N" are what there can be at most. */
TEST_F(files, words)
{
	const char *possible = strdup(cs_list_of("/sys/devices/system/cpu/possible"));
	const char *last = strrchr(possible, '-');

	/* Some of them cannot be on line, or there is only one. */
	if (!last || strcmp(possible, cs_online_cpus()))
		SKIP(return, "CPUs are missing");
	last++;
	EXPECT_EQ(0, cs_write(self->grp, "cpus", "all"));
	EXPECT_STREQ(possible, cs_read(self->grp, "cpus"));
	EXPECT_EQ(0, cs_write(self->grp, "cpus", "N"));
	EXPECT_STREQ(last, cs_read(self->grp, "cpus"));
	EXPECT_EQ(0, cs_write(self->grp, "cpus", "1-N"));
	EXPECT_STREQ(rc_fmt("1-%s", last), cs_read(self->grp, "cpus"));
	EXPECT_EQ(0, cs_write(self->grp, "cpus", "all:1/2"));
	EXPECT_TRUE(cs_has(cs_read(self->grp, "cpus"), 0));
	EXPECT_FALSE(cs_has(cs_read(self->grp, "cpus"), 1));
}

/* Nodes are written and read like CPUs. */
TEST_F(files, node_lists)
{
	static const struct value lists[] = {
		{ "0", "0" }, { "0-0", "0" }, { "0,0", "0" }, { "0:1/1", "" },
		{ "0-0:1/1", "0" }, { "0\n", "0" }, { "", "" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		/* A pattern needs a range. */
		bool good = strcmp(lists[i].file, "0:1/1");

		ASSERT_EQ(0, cs_write(self->grp, "mems", i % 2 ? "" : "0"));
		EXPECT_EQ(good ? 0 : -EINVAL,
			  cs_try(self->hier, self->grp, "mems", lists[i].file)) {
			TH_LOG("'%s'", lists[i].file);
		}
		EXPECT_STREQ(lists[i].text, cs_read(self->grp, "mems"));
		EXPECT_STREQ(lists[i].text,
			     cs_read(self->grp, "effective_mems"));
	}
}

FIXTURE(bad_list)
{
	const char *hier;
	const char *grp;
};

FIXTURE_VARIANT(bad_list)
{
	const char *file;
	/* Something that is there. */
	const char *good;
};

FIXTURE_VARIANT_ADD(bad_list, cpus) { "cpus", "1-2" };
FIXTURE_VARIANT_ADD(bad_list, mems) { "mems", "0" };

FIXTURE_SETUP(bad_list)
{
	self->hier = CS_SETUP(return);
	self->grp = cs_new(self->hier, NULL, NULL);
	ASSERT_TRUE(!!self->grp);
	ASSERT_EQ(0, cs_write(self->grp, variant->file, variant->good));
}

FIXTURE_TEARDOWN(bad_list)
{
	EXPECT_EQ(0, cs_teardown());
}

/* What is no list, or names what does not exist, is refused. */
TEST_F(bad_list, texts)
{
	static const char * const bad[] = {
		"x", "+0", "-1", "-", "0-", "0--1", "1-0", "0x0", "0x", "0;0",
		"0.", "0/1", "0:1/1", "0-0:1", "0-0:1/", "0-0:/1", "0-0:2/1",
		"0-0:1/0", "0-0:1/1x", "0,x", "0 x", "x,0", "n", "allx", "none",
		"\"0\"", "0-0-0", "0..1",
		/* Beyond what there can be; beyond what a number can be. */
		"4096", "0-4096", "0,99999", "4294967295", "4294967296",
		"4294967296-4294967297", "18446744073709551616",
		"99999999999999999999999999",
	};

	EXPECT_EQ(0, cs_refuses(self->hier, self->grp, variant->file, bad,
				ARRAY_SIZE(bad)));
	EXPECT_STREQ(variant->good, cs_read(self->grp, variant->file));
}

/* The first CPU or node that is not there is one too many. */
TEST_F(bad_list, absent)
{
	const char *all = strdup(cs_read(self->hier, variant->file));
	cpu_set_t set;
	int next;

	ASSERT_EQ(0, cs_parse(all, &set));
	for (next = 0; CPU_ISSET(next, &set); next++)
		;
	EXPECT_EQ(-EINVAL, cs_try(self->hier, self->grp, variant->file,
				  rc_fmt("%d", next)));
	EXPECT_EQ(-EINVAL, cs_try(self->hier, self->grp, variant->file,
				  rc_fmt("%s,%d", all, next)));
	EXPECT_EQ(0, cs_try(self->hier, self->grp, variant->file, all));
	EXPECT_STREQ(all, cs_read(self->grp, variant->file));
}

/* A text has no NUL. */
TEST_F(bad_list, nul)
{
	int fd = rc_open(rc_fmt("%s/%s", self->grp, variant->file), O_WRONLY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, rc_write_fd(fd, "0\0", 2));
	EXPECT_EQ(-EINVAL, rc_write_fd(fd, "0\0,1", 4));
	EXPECT_STREQ(variant->good, cs_read(self->grp, variant->file));
	close(fd);
}

/* A page of text is a list like any other, more is not looked at. */
TEST_F(bad_list, length)
{
	size_t page = getpagesize(), i;
	char *text = calloc(1, page + 2);

	for (i = 0; i < page + 1; i++)
		text[i] = i % 2 ? ',' : '0';
	EXPECT_EQ(-E2BIG, cs_try(self->hier, self->grp, variant->file, text));
	text[page] = '\0';
	EXPECT_EQ(0, cs_write(self->grp, variant->file, text));
	EXPECT_STREQ("0", cs_read(self->grp, variant->file));
	free(text);
}

/* What is written to the same descriptor later replaces it as well. */
TEST_F(bad_list, written_again)
{
	int fd = rc_open(rc_fmt("%s/%s", self->grp, variant->file), O_WRONLY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, rc_write_fd(fd, "", 0));
	EXPECT_EQ(0, rc_write_fd(fd, "\n", 1));
	EXPECT_STREQ("", cs_read(self->grp, variant->file));
	EXPECT_EQ(0, rc_write_fd(fd, "0", 1));
	EXPECT_EQ(-EINVAL, rc_write_fd(fd, "x", 1));
	EXPECT_STREQ("0", cs_read(self->grp, variant->file));
	close(fd);
}

/* The root's follow what is on line, and nothing else. */
TEST_F(bad_list, of_root)
{
	const char *now = strdup(cs_read(self->hier, variant->file));

	EXPECT_EQ(-EACCES, cs_try(self->hier, self->hier, variant->file, "0"));
	EXPECT_EQ(-EACCES, cs_try(self->hier, self->hier, variant->file, now));
	EXPECT_EQ(-EACCES, cs_try(self->hier, self->hier, variant->file, ""));
}

/* Files that only show something cannot be written by root either. */
TEST_F(files, read_only)
{
	static const char * const shown[] = {
		"effective_cpus", "effective_mems", "memory_pressure",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shown); i++) {
		EXPECT_EQ(-EINVAL, cs_try(self->hier, self->grp, shown[i],
					  "0"));
		EXPECT_EQ(-EINVAL, cs_try(self->hier, self->hier, shown[i],
					  "0"));
	}
}

static int check_flag(const char *hier, const char *grp, const char *file)
{
	static const char * const bad[] = {
		"", "\n", "2", "-1", "+1", "x", "1x", "1 1", "0x1",
		"on", "4294967296", "4294967297", "18446744073709551616",
	};
	const char *now = strdup(cs_read(grp, file));
	int ret = cs_refuses(hier, grp, file, bad, ARRAY_SIZE(bad));
	unsigned int i;

	if (ret)
		return ret;
	for (i = 1; i <= 4; i++) {
		const char *text = rc_fmt("%d", i / 2 % 2);

		if (cs_write(grp, file, text) ||
		    strcmp(text, cs_read(grp, file))) {
			ksft_print_msg("%s: %s\n", file, text);
			return -EBADMSG;
		}
	}
	return cs_write(grp, file, now);
}

/* A flag is 0 or 1. */
TEST_F(files, flags)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		EXPECT_EQ(0, check_flag(self->hier, self->grp, flags[i]));
		EXPECT_EQ(0, check_flag(self->hier, self->hier, flags[i]));
	}
	EXPECT_EQ(0, check_flag(self->hier, self->hier,
				"memory_pressure_enabled"));
}

/* A level is -1, or one that scheduling domains of this machine can have. */
TEST_F(files, relax_domain_level)
{
	static const char * const bad[] = {
		"", "\n", "-2", "x", "+1", "1x", "--1", "-", "0x1", "100",
		"2147483648", "4294967295", "4294967296", "-4294967297",
		"9223372036854775807", "9223372036854775808",
	};
	const char *file = "sched_relax_domain_level";
	int level = 0;

	EXPECT_EQ(0, cs_refuses(self->hier, self->grp, file, bad,
				ARRAY_SIZE(bad)));
	while (!cs_write(self->grp, file, rc_fmt("%d", level))) {
		ASSERT_STREQ(rc_fmt("%d", level), cs_read(self->grp, file));
		ASSERT_GT(100, ++level);
	}
	EXPECT_LT(0, level);
	EXPECT_STREQ(rc_fmt("%d", level - 1), cs_read(self->grp, file));
	EXPECT_EQ(0, cs_write(self->grp, file, "-1"));
	EXPECT_STREQ("-1", cs_read(self->grp, file));
}

/* What a hierarchy was told is not in the next one. */
TEST_F(files, root_afresh)
{
	unsigned int i;
	char *before;

	ASSERT_EQ(0, rc_rmdir(self->grp));
	before = cs_snapshot(self->hier);
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		ASSERT_EQ(0, cs_write(self->hier, flags[i],
				      strcmp(cs_read(self->hier, flags[i]),
					     "1") ? "1" : "0"));
	ASSERT_EQ(0, cs_write(self->hier, "sched_relax_domain_level", "0"));
	ASSERT_EQ(0, cs_write(self->hier, "memory_pressure_enabled", "1"));
	ASSERT_EQ(0, rc_rmdir(self->hier));
	ASSERT_EQ(0, rc_mkdir(self->hier));
	EXPECT_STREQ(before, cs_snapshot(self->hier));
}

/* The files of a group that has been removed say so. */
TEST_F(files, of_removed_group)
{
	int fd = rc_open(rc_fmt("%s/cpus", self->grp), O_RDWR);
	char c;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rc_rmdir(self->grp));
	EXPECT_EQ(-ENODEV, rc_write_fd(fd, "0", 1));
	EXPECT_EQ(-1, read(fd, &c, 1));
	EXPECT_EQ(ENODEV, errno);
	close(fd);
}

static int write_cpus(void *grp)
{
	return cs_write(grp, "cpus", "0");
}

/* Who has been given a group may not lift its limits, but set those below. */
TEST_F(files, delegated)
{
	char *sub = (char *)strdup(rc_fmt("%s/sub", self->grp));

	ASSERT_EQ(0, cs_write(self->grp, "cpus", "0-1"));
	ASSERT_EQ(0, chown(self->grp, RC_USER, RC_USER));
	EXPECT_EQ(-EACCES, rc_run_as(RC_USER, write_cpus, (void *)self->grp));
	EXPECT_STREQ("0-1", cs_read(self->grp, "cpus"));
	ASSERT_EQ(0, seteuid(RC_USER));
	EXPECT_EQ(0, rc_mkdir(sub));
	EXPECT_EQ(0, cs_write(sub, "cpus", "0"));
	EXPECT_EQ(-EACCES, cs_write(sub, "cpus", "2"));
	ASSERT_EQ(0, seteuid(0));
	EXPECT_STREQ("0", cs_read(sub, "cpus"));
}

TEST_HARNESS_MAIN
