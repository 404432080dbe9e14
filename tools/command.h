/* What the subcommands share. Exit status: 0 done, 1 failed, 2 wrong usage. */
#ifndef AR_COMMAND_H
#define AR_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "arete/arete.h"

enum { AR_DONE = 0, AR_FAILURE = 1, AR_USAGE = 2 };

int cmd_devices(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_roofline(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_tune(int argc, char **argv);
int cmd_selftest(int argc, char **argv);
int cmd_pick(int argc, char **argv);
int cmd_run(int argc, char **argv);   /* with graph/ alone */
int cmd_model(int argc, char **argv); /* likewise */

/* A context with a CPU driver's workers pinned. vector_width 0: the device's own. NULL: said on standard error. */
arete_context *ar_command_context(unsigned vector_width);
/* NULL: said on standard error. */
arete_device *ar_command_device(arete_context *context, const char *selector);
/* The two lines that every measurement begins with: the device and its driver. */
void ar_command_print_device(const arete_device *device);
/* "arete: <what>: <error text>" on standard error; gives AR_FAILURE. */
int ar_command_failed(const char *what);
int ar_command_usage(const char *command, const char *what);
/* Colour only on a terminal, and not where NO_COLOR is set. */
bool ar_command_colour(FILE *to);
/* Whether the file can be written, which is better known before minutes of measuring; "-" and NULL can. Leaves it as it is;
 * false: said on standard error. */
bool ar_command_writable(const char *command, const char *path);
bool ar_command_number(const char *text, double low, double high, double *value);

#endif
