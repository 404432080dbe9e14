/* libFuzzer over arete_model_read(): build with clang and ARETE_FUZZ; fuzz.sh runs it. Besides libFuzzer's own
 * mutations of bytes, three of four are those of mutate.c, which stay protobuf. */
#include <string.h>

#include "hostile_load.h"
#include "mutate.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t most);

static arete_context *context;
static arete_queue *queue;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    queue = hostile_queue(&context);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    if (hostile_load(queue, data, bytes) == ARETE_E_INTERNAL)
        __builtin_trap();
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned int seed) {
    return seed % 4 == 0 ? LLVMFuzzerMutate(data, bytes, most) : mutate_model(data, bytes, most, seed);
}
