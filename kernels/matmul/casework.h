#ifndef AR_MATMUL_CASEWORK_H
#define AR_MATMUL_CASEWORK_H

#include "../casework.h"

extern const ar_casework ar_matmul_casework;
#define AR_MATMUL_LISTS 10
extern const ar_case_list ar_matmul_lists[AR_MATMUL_LISTS]; /* cases.c */

#endif
