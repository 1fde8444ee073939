/* SPDX-License-Identifier: GPL-2.0 */
/* Telling users in words why something was refused: /proc/rc/errors. */
#ifndef _LINUX_RC_ERRORS_H
#define _LINUX_RC_ERRORS_H

#include <linux/compiler_attributes.h>
#include <linux/types.h>

struct rc_state;

int rc_refuse(int err, const struct rc_state *other, const char *fmt, ...)
	__printf(3, 4);

#ifdef CONFIG_TRACEPOINTS
void rc_limit_hit(const struct rc_state *st, const char *file, s64 limit);
#else
static inline void rc_limit_hit(const struct rc_state *st, const char *file, s64 limit) { }
#endif

#endif /* _LINUX_RC_ERRORS_H */
