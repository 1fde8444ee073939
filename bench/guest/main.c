// SPDX-License-Identifier: GPL-2.0
/*
 * usage: bench BACKEND instructions
 *        bench BACKEND cpu
 *        bench BACKEND locks
 *        bench BACKEND latency
 *        bench BACKEND load MILLISECONDS
 *        bench BACKEND profile ROW X
 * Runs in the guest, and prints a line a row; see measure.c. The last repeats one
 * row for ever; in ROW, underscores stand for blanks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

int main(int argc, char **argv)
{
	int ret = start_program(argc, argv);

	if (ret >= 0)
		return ret;
	if (argc < 3 || !backend_init(argv[1]))
		die("no backend, or nothing to do");
	if (!strcmp(argv[2], "instructions")) {
		rows_run(NULL, 0);
		whole_run();
		memory_run();
	} else if (!strcmp(argv[2], "cpu")) {
		cpu_run(NULL, 0);
	} else if (!strcmp(argv[2], "locks")) {
		locks_run();
	} else if (!strcmp(argv[2], "latency")) {
		latency_run();
	} else if (!strcmp(argv[2], "load") && argc == 4) {
		load_run(atoi(argv[3]));
	} else if (!strcmp(argv[2], "profile") && argc == 5) {
		for (char *p = argv[3]; (p = strchr(p, '_')); )
			*p = ' ';
		endless = true;
		rows_run(argv[3], atoi(argv[4]));
		cpu_run(argv[3], atoi(argv[4]));
		die("no row \"%s\" with %s", argv[3], argv[4]);
	} else {
		die("no such part: %s", argv[2]);
	}
	return 0;
}
