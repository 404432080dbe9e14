/* Models made wrong on purpose: the same for the fuzzer and for the test of a fixed number of mutants. */
#ifndef AR_MUTATE_H
#define AR_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* Changes the model in data, in place, in one to four places: mostly a field of its messages (a number becomes an
 * extreme one, a name another one of the model, an element is left out or doubled), at times a byte. Gives the new
 * size, at most `most`. The same seed gives the same mutant. */
size_t mutate_model(uint8_t *data, size_t bytes, size_t most, uint64_t seed);

#endif
