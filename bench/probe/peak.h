/* Peak arithmetic: many shapes of one loop (peak.cl), each checked against the host and against twice the work. */
#ifndef AR_PEAK_H
#define AR_PEAK_H

#include "arete/cost.h"
#include "device.h"
#include "result.h"

typedef enum ar_peak_type { AR_PEAK_F32, AR_PEAK_F64, AR_PEAK_F16, AR_PEAK_INT8, AR_PEAK_TYPES } ar_peak_type;

/* FORM of peak.cl. */
enum { AR_PEAK_CHAIN, AR_PEAK_SUM, AR_PEAK_UNFUSED };
enum { AR_PEAK_DOT4 = 0, AR_PEAK_PAIRS, AR_PEAK_WIDEN };

typedef struct ar_peak_shape {
    ar_peak_type type;
    int form;
    uint32_t width, chains;
    size_t items, group;
} ar_peak_shape;

typedef enum ar_peak_effort {
    AR_PEAK_FEW,   /* what a benchmark needs: two shapes, the shortest of few samples */
    AR_PEAK_QUICK, /* two shapes or three, with statistics */
    AR_PEAK_ALL    /* every shape */
} ar_peak_effort;

const char *ar_peak_type_name(ar_peak_type type); /* "f32" */
arete_unit ar_peak_unit(ar_peak_type type);

/* Why the device has no such arithmetic; NULL: it does, or it has to be tried. */
const char *ar_peak_absent(const arete_device_info *info, ar_peak_type type);

/* The shapes worth trying; gives how many (at most room). CPU-shaped ones are a work-item to a group and wide
 * vectors, GPU-shaped ones many work-items and narrow vectors; both kinds are tried on every device (AR_PEAK_ALL).
 */
size_t ar_peak_shapes(const ar_bench_device *on, ar_peak_type type, ar_peak_effort effort, ar_peak_shape *shapes,
                      size_t room);
void ar_peak_shape_text(const ar_peak_shape *shape, char *text, size_t bytes);

/* Operations of one work-item's step. */
double ar_peak_step_operations(const ar_peak_shape *shape);

/* Measures one shape into result; result->ok is false, with a reason, when the figure cannot be trusted: a value
 * that the host does not get, twice the work that does not take twice as long. patience: seconds at most, for a
 * machine that others use. Fails only when the device does. */
arete_status ar_peak_measure(const ar_bench_device *on, const ar_peak_shape *shape, const ar_series_rule *rule,
                             double patience, ar_probe_result *result);

/* A shape ready to be launched with that many steps, for whoever times it himself. Its kernel was checked. */
typedef struct ar_peak_loop {
    ar_bench_device on;
    ar_peak_shape shape;
    arete_buffer *in;
    ar_arg args[3];
    ar_launch launch; /* points into args: do not copy */
} ar_peak_loop;

arete_status ar_peak_open(const ar_bench_device *on, const ar_peak_shape *shape, ar_peak_loop *loop);
void ar_peak_set_steps(ar_peak_loop *loop, int32_t steps);
/* Steps for a launch of about so many seconds. */
arete_status ar_peak_calibrate(ar_peak_loop *loop, double seconds, int32_t *steps);
/* Whether out holds what the host gets after so many steps; lanes 0: all of them. */
arete_status ar_peak_check(const ar_peak_loop *loop, int32_t steps, uint32_t lanes);
void ar_peak_close(ar_peak_loop *loop);

/* One lane's result on the host: its factor, addend and the starts of its chains. All as f64, exactly. */
double ar_peak_expect(const ar_peak_shape *shape, double factor, double addend, const double *starts,
                      int32_t steps);

#endif
