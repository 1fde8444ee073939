// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what can be written to cpu.max.
 */

#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "internal.h"

#define PERIOD (100 * NSEC_PER_MSEC)

/**
 * struct rc_cpu_max_param - a text and what it means
 * @text: what is written, without white space around it
 * @err: 0 or -EINVAL
 * @quota: in nanoseconds
 * @period: the same; PERIOD, which was there before, if none is given
 */
struct rc_cpu_max_param {
	const char *text;
	int err;
	u64 quota;
	u64 period;
};

static const struct rc_cpu_max_param rc_cpu_max_params[] = {
	{ "max", 0, U64_MAX, PERIOD },
	{ "max 1000", 0, U64_MAX, NSEC_PER_MSEC },
	{ "1", 0, NSEC_PER_USEC, PERIOD },
	{ "0 0", 0, 0, 0 },
	{ "50000 100000", 0, PERIOD / 2, PERIOD },
	{ "50000  \t 100000", 0, PERIOD / 2, PERIOD },
	{ "50000\t100000", 0, PERIOD / 2, PERIOD },
	{ "18446744073709551", 0, 18446744073709551000ULL, PERIOD },
	{ "18446744073709552", -EINVAL },
	{ "1 18446744073709552", -EINVAL },
	{ "18446744073709551616", -EINVAL },
	{ "", -EINVAL },
	{ "maxi", -EINVAL },
	{ "MAX", -EINVAL },
	{ "-1", -EINVAL },
	{ "0x10", -EINVAL },
	{ "1.5", -EINVAL },
	{ "1x", -EINVAL },
	{ "1 2x", -EINVAL },
	{ "1 max", -EINVAL },
	{ "1 2 3", -EINVAL },
};

static void rc_cpu_max_desc(const struct rc_cpu_max_param *param, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "\"%s\"", param->text);
}

KUNIT_ARRAY_PARAM(rc_cpu_max, rc_cpu_max_params, rc_cpu_max_desc);

/* What is refused leaves both as they were. */
static void rc_cpu_max_test(struct kunit *test)
{
	const struct rc_cpu_max_param *param = test->param_value;
	u64 quota = 7, period = PERIOD;
	char buf[64];

	strscpy(buf, param->text);
	KUNIT_EXPECT_EQ(test, param->err,
			rc_cpu_parse_max(buf, &quota, &period));
	KUNIT_EXPECT_EQ(test, param->err ? 7 : param->quota, quota);
	KUNIT_EXPECT_EQ(test, param->err ? PERIOD : param->period, period);
}

static struct kunit_case rc_cpu_test_cases[] = {
	KUNIT_CASE_PARAM(rc_cpu_max_test, rc_cpu_max_gen_params),
	{ }
};

static struct kunit_suite rc_cpu_test_suite = {
	.name		= "rc_cpu",
	.test_cases	= rc_cpu_test_cases,
};

kunit_test_suite(rc_cpu_test_suite);
