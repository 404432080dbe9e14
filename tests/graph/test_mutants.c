/* A fixed number of wrong models, the same in every run: each load ends with a status and a text, within bounds.
 * Memory errors and leaks are the sanitizers' to find.
 *
 *   mutants CORPUS COUNT [SEED]     a seed alone: that mutant of every model, for looking into one */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "hostile_load.h"
#include "mutate.h"

enum { ROOM = 1 << 16, MOST_KB = 192 << 10 };

/* Statuses that arete/model.h names for a load. */
static int expected(arete_status status) {
    return status != ARETE_E_INTERNAL && status != ARETE_E_ALIAS && status != ARETE_E_IO &&
           arete_status_name(status)[0] != '?';
}

static long peak_kb(void) {
    struct rusage use;
    return getrusage(RUSAGE_SELF, &use) == 0 ? use.ru_maxrss : 0;
}

static int run_mutant(arete_queue *queue, const corpus_model *of, uint64_t seed, long *counts) {
    static uint8_t data[ROOM];
    if (of->bytes > sizeof data)
        return 1;
    memcpy(data, of->data, of->bytes);
    size_t bytes = mutate_model(data, of->bytes, sizeof data, seed);
    arete_status status = hostile_load(queue, data, bytes);
    counts[status]++;
    if (!expected(status) || (status != ARETE_OK && !*arete_error_text())) {
        printf("%s, seed %llu: status %s, '%s'\n", of->name, (unsigned long long)seed, arete_status_name(status),
               arete_error_text());
        return 1;
    }
    return 0;
}

int main(int argc, char **argv) {
    size_t count = 0;
    int failed = 0;
    long counts[32] = {0}, before, after;
    if (argc < 3) {
        fprintf(stderr, "usage: mutants CORPUS COUNT [SEED]\n");
        return 2;
    }
    arete_context *context = NULL;
    arete_queue *queue = hostile_queue(&context);
    corpus_model *models = corpus_read(argv[1], &count);
    for (size_t i = 0; i < count; i++)
        if (hostile_load(queue, models[i].data, models[i].bytes) != ARETE_OK) {
            printf("%s does not load: %s\n", models[i].name, arete_error_text());
            failed = 1;
        }
    before = peak_kb();
    unsigned long long first = argc > 3 ? strtoull(argv[3], NULL, 10) : 0,
                       last = argc > 3 ? first + 1 : strtoull(argv[2], NULL, 10) / (count ? count : 1);
    for (unsigned long long seed = first; seed < last; seed++)
        for (size_t i = 0; i < count; i++)
            failed |= run_mutant(queue, &models[i], seed, counts);
    after = peak_kb();
    printf("%llu mutants of %zu models:", (last - first) * count, count);
    for (int s = 0; s < 32; s++)
        if (counts[s])
            printf(" %s %ld", arete_status_name((arete_status)s), counts[s]);
    printf("; peak memory %ld KB, %ld KB before\n", after, before);
#if !defined(__SANITIZE_ADDRESS__)
    failed |= after - before > MOST_KB;
#endif
    corpus_free(models, count);
    arete_queue_release(queue);
    arete_context_release(context);
    return failed;
}
