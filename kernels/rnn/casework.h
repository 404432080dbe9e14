#ifndef AR_RNN_CASEWORK_H
#define AR_RNN_CASEWORK_H

#include "../casework.h"

extern const ar_casework ar_rnn_casework;
#define AR_RNN_LISTS 10
extern const ar_case_list ar_rnn_lists[AR_RNN_LISTS]; /* cases.c */

#endif
