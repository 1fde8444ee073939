// SPDX-License-Identifier: GPL-2.0
/*
 * A process of two threads that do nothing, for procps_test.sh. With an argument
 * the first one ends.
 */
#include <pthread.h>
#include <unistd.h>

static void *idle(void *unused)
{
	while (pause())
		;
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	(void)argv;
	if (pthread_create(&thread, NULL, idle, NULL))
		return 1;
	if (argc > 1)
		pthread_exit(NULL);
	return !!idle(NULL);
}
