#ifndef AR_ATTENTION_CASEWORK_H
#define AR_ATTENTION_CASEWORK_H

#include "../casework.h"

extern const ar_casework ar_attention_casework;
#define AR_ATTENTION_LISTS 6
extern const ar_case_list ar_attention_lists[AR_ATTENTION_LISTS]; /* cases.c */

#endif
