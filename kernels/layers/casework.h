/* Layers, for the harness. */
#ifndef AR_LAYERS_CASEWORK_H
#define AR_LAYERS_CASEWORK_H

#include "../casework.h"

extern const ar_casework ar_layer_casework;

#define AR_LAYER_LISTS 4
extern const ar_case_list ar_layer_lists[AR_LAYER_LISTS]; /* cases.c */

#endif
