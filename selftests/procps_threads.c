// SPDX-License-Identifier: GPL-2.0
/* A process of two threads that do nothing, for procps_test.sh. */
#include <pthread.h>
#include <unistd.h>

static void *idle(void *unused)
{
	while (pause())
		;
	return unused;
}

int main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, idle, NULL))
		return 1;
	return !!idle(NULL);
}
