/* meeting.h: how groups of one launch share the chunks of a stage and hand it over to the next; README.md here says
 * why no group waits forever. For persistent.cl, and for probe.cl, which finds out whether a device keeps to it.
 *
 * A meeting place is ints, MEET_PITCH apart: how many chunks are done in all; then a counter of claims for each
 * slice. Counters only rise, and are set to 0 by a launch before.
 */
#define MEET_PITCH 32

typedef struct {
    volatile __global int *meet;
    int groups, group;
    int done; /* chunks of all stages before this one */
} meeting;

/* The index in its slice of the next chunk that is claimed; -1: none is left. start: claims before this stage. */
static inline int claim(const meeting *m, int slice, int start, int count)
{
    volatile __global int *counter = m->meet + (1 + slice) * MEET_PITCH;
    for (;;) {
        const int seen = *counter;
        if (seen >= start + count)
            return -1;
        if (atomic_cmpxchg(counter, seen, seen + 1) == seen)
            return seen - start;
    }
}

#define SLICE_FROM(chunks, slice, groups) ((int)((long)(chunks) * (slice) / (groups)))
#define SLICE_SIZE(chunks, slice, groups) \
    (SLICE_FROM(chunks, (slice) + 1, groups) - SLICE_FROM(chunks, slice, groups))
