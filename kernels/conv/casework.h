#ifndef AR_CONV_CASEWORK_H
#define AR_CONV_CASEWORK_H

#include "../casework.h"

extern const ar_casework ar_conv_casework;
#define AR_CONV_LISTS 12
extern const ar_case_list ar_conv_lists[AR_CONV_LISTS]; /* cases.c */
int64_t ar_conv_times(const ar_case_list *list, size_t index);

#endif
