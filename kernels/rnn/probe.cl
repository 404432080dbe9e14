/* probe.cl: whether groups of one launch can hand data over to each other as persistent.cl has them do; CPU class.
 *
 * Each stage makes CHUNKS lines of LINE words, every one out of all lines of the stage before, so that a single
 * stale word, lost or doubled count spoils all that follows:
 *   to[c][i] = c + i + stage + sum over d of (2 d + 1) * from[d][i]        modulo 2^32; from and to take turns
 * The host computes the same.
 *
 * Group      one work-item; global (groups).
 * words      [2][CHUNKS][LINE], zeros at first; meet: (1 + groups) * MEET_PITCH ints, zeros
 * patience   reads of the counter before a group gives up: then it lets all others through, and counts are wrong
 * FAULT      makes what a device might get wrong, for tests: 1 stale words are read, 2 a count is lost, 3 doubled
 * Limit      latency of handing over: 200 stages take about 0.2 ms.
 */
#include "rnn/meeting.h"
#ifndef FAULT
#define FAULT 0
#endif
#define CHUNKS 25 /* odd, as the factors are: their sum is odd, and no error is multiplied away */
#define LINE 16

static inline void make_line(__global uint *words, int stage, int chunk)
{
    const int stale = FAULT == 1 && stage == 5;
    __global const uint *from = words + (stage + stale) % 2 * CHUNKS * LINE;
    __global uint *to = words + (stage + 1) % 2 * CHUNKS * LINE + chunk * LINE;
    uint line[LINE];
    for (int i = 0; i < LINE; ++i)
        line[i] = chunk + i + stage;
    for (int d = 0; d < CHUNKS; ++d) {
        for (int i = 0; i < LINE; ++i)
            line[i] += (2 * d + 1) * from[d * LINE + i];
    }
    for (int i = 0; i < LINE; ++i)
        to[i] = line[i];
}

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void rnn_probe(const int stages, const int patience, __global uint *words, volatile __global int *meet)
{
    meeting m = {meet, get_num_groups(0), get_group_id(0), 0};
    for (int stage = 0; stage < stages; ++stage) {
        const int target = m.done + CHUNKS;
        for (int i = 0; i < m.groups; ++i) {
            const int slice = (m.group + i) % m.groups;
            const int size = SLICE_SIZE(CHUNKS, slice, m.groups), from = SLICE_FROM(CHUNKS, slice, m.groups);
            int mine = 0;
            for (int at; (at = claim(&m, slice, stage * size, size)) >= 0; ++mine)
                make_line(words, stage, from + at);
            if (mine > 0)
                atomic_add(m.meet, mine - (FAULT == 2 && stage == 5) + (FAULT == 3 && stage == 5));
        }
        int left = patience;
        while (*m.meet < target && left > 0)
            --left;
        if (left == 0)
            atomic_add(m.meet, stages * CHUNKS); /* nobody waits any more */
        atomic_add(m.meet, 0);
        m.done = target;
    }
}
