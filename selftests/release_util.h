/* SPDX-License-Identifier: GPL-2.0 */
/* The files by which a group's release is asked for, for the tests that have to do with it. */
#ifndef RELEASE_UTIL_H
#define RELEASE_UTIL_H

#include "rc_util.h"

static inline const char *notify_of(const char *group)
{
	return rc_fmt("%s/notify_on_release", group);
}

static inline const char *agent_of(const char *hier)
{
	return rc_fmt("%s/release_agent", hier);
}

static inline int notify(const char *group, const char *text)
{
	return rc_write(notify_of(group), text);
}

#endif /* RELEASE_UTIL_H */
