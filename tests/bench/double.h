/* An operation for testing the harness itself: y = 2 * x, computed on the host through public calls, with a fault
 * of your choice planted in it. */
#ifndef TEST_DOUBLE_H
#define TEST_DOUBLE_H

#include "cases.h"

typedef enum planted {
    NO_FAULT,
    WRONG_VALUE,   /* one element off by 1e-3 */
    NOT_WRITTEN,   /* one element left as it was: poison */
    WRITES_BEFORE, /* one byte before the output */
    WRITES_BEHIND,
    CHANGES_INPUT,
    DIFFERS,          /* other bits in each run, within tolerance */
    BEHIND_WORKSPACE, /* one byte past it */
    FAILS,
    CANNOT
} planted;

extern planted double_fault;
extern const ar_casework double_casework;

/* The case "n=<n>"; to be freed by ar_case_free. */
void double_case(int64_t n, ar_case *of);

#endif
