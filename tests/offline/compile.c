/* compile TARGET FILE...: texts that collect.c gathered, through a run-time compiler as the HIP backend calls it.
 * A line a kernel: "KERNEL registers N spill BYTES local BYTES", as far as the compiler tells: NVRTC's assembler by its
 * log (on standard error), hiprtc by the notes in the code object, which are read here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../backends/hip/hip_internal.h"

/* The number that follows key in a note (MessagePack); -1: none. */
static long note_number(const unsigned char *at, const unsigned char *end) {
    if (at >= end)
        return -1;
    if (*at < 0x80)
        return *at;
    long value = 0;
    int bytes = *at == 0xcc ? 1 : *at == 0xcd ? 2 : *at == 0xce ? 4 : 0;
    for (int i = 1; i <= bytes && at + i < end; i++)
        value = value * 256 + at[i];
    return bytes ? value : -1;
}

/* Keys of a kernel's notes are in alphabetical order: .group_segment_fixed_size, .name, .private_segment_fixed_size,
 * ..., .vgpr_count, .vgpr_spill_count, which ends it. */
static void print_notes(const unsigned char *code, size_t bytes) {
    static const struct {
        const char *key, *label;
    } wanted[] = {{".group_segment_fixed_size", "local"}, {".private_segment_fixed_size", "private"},
                  {".sgpr_spill_count", "scalar_spill"}, {".vgpr_count", "registers"}, {".vgpr_spill_count", "spill"}};
    long values[5] = {-1, -1, -1, -1, -1};
    const unsigned char *end = code + bytes;
    for (const unsigned char *at = code; at < end; at++) {
        for (size_t i = 0; *at == '.' && i < 5; i++) {
            size_t length = strlen(wanted[i].key);
            if ((size_t)(end - at) > length + 5 && memcmp(at, wanted[i].key, length) == 0) {
                values[i] = note_number(at + length, end);
                if (i == 4) {
                    printf("kernel registers %ld spill %ld local %ld private %ld\n", values[3], 4 * values[4],
                           values[0], values[1]);
                    at += length;
                }
            }
        }
    }
}

int main(int argc, char **argv) {
    int failures = 0;
    for (int i = 2; i < argc; i++) {
        char *text = NULL;
        size_t length = 0, bytes = 0;
        void *code = NULL;
        if (ar_os_read_file(argv[i], &text, &length) != ARETE_OK) {
            fprintf(stderr, "%s\n", arete_error_text());
            return 2;
        }
        printf("== %s\n", argv[i]);
        fflush(stdout);
        arete_status status = ar_hip_compile(argv[1], argv[i], text, "", &code, &bytes);
        if (status == ARETE_E_UNSUPPORTED && i == 2) {
            printf("no compiler: %s\n", arete_error_text());
            return 77;
        }
        if (status != ARETE_OK) {
            printf("FAILED: %s\n", arete_error_text());
            failures++;
        } else if (strncmp(argv[1], "amd", 3) == 0) {
            print_notes(code, bytes);
        }
        fflush(stdout);
        ar_os_free(code);
        ar_os_free(text);
    }
    return failures ? 1 : 0;
}
