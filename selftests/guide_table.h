/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The user guide as text: its simple tables and literals.  A comment of the
 * guide, ".. guide_test: WORD", marks what is read.
 */
#ifndef GUIDE_TABLE_H
#define GUIDE_TABLE_H

#define GUIDE_COLUMNS 3

struct guide_row {
	/* Lines of one cell are separated by newlines. */
	char *cell[GUIDE_COLUMNS];
};

struct guide_table {
	struct guide_row *row;
	int nr;
};

/* Path of a file installed beside the program. */
const char *guide_file(const char *name);
/* The guide, malloc()ed: installed, or where it is in the kernel's tree. */
char *guide_read(void);
/* What follows a mark; NULL if the mark is not there exactly once. */
const char *guide_mark(const char *guide, const char *word);
/* The simple table that follows a mark, without its header; -EBADMSG. */
int guide_table(const char *guide, const char *word,
		struct guide_table *table);
/* The next ``literal`` from *@at on, malloc()ed; NULL at the end. */
char *guide_next_literal(const char **at);
/* The single literal that a cell has, or NULL. */
char *guide_literal(const char *cell);

#endif /* GUIDE_TABLE_H */
