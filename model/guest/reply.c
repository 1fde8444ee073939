// SPDX-License-Identifier: GPL-2.0
/* The reply to the host grows here until it is sent. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

static char *reply;
static size_t used, room;

void reply_add(const char *text, size_t len)
{
	if (used + len > room) {
		room = 2 * (used + len);
		reply = realloc(reply, room);
		if (!reply)
			die("out of memory");
	}
	memcpy(reply + used, text, len);
	used += len;
}

/* Whatever is no printable ASCII, and the backslash, as \xHH. */
void reply_escaped(const char *text, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = text[i];
		char code[4] = { '\\', 'x', digits[c >> 4], digits[c & 15] };

		if (c < ' ' || c > '~' || c == '\\')
			reply_add(code, sizeof(code));
		else
			reply_add(text + i, 1);
	}
}

void reply_send(int fd)
{
	size_t sent = 0;

	while (sent < used) {
		ssize_t len = write(fd, reply + sent, used - sent);

		if (len < 0 && errno != EINTR)
			die("the port takes nothing: %s", strerror(errno));
		sent += len > 0 ? len : 0;
	}
	used = 0;
}
