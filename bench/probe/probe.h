/* The whole of what a device can do, measured: a list of probes, each with its own outcome. */
#ifndef AR_PROBE_H
#define AR_PROBE_H

#include "../roofs.h"
#include "ladder.h"
#include "result.h"

#define AR_MOST_PROBES 16

/* What a datasheet promises; 0: not said. */
typedef struct ar_datasheet {
    char part[96];
    double peak[ARETE_UNIT_COUNT], bandwidth;
} ar_datasheet;

/* What the hardware database says of the device; false: it is not there, or its name is not enough to tell. */
bool ar_datasheet_find(const arete_device *device, ar_datasheet *sheet);

typedef struct ar_probe_spec {
    arete_device *device;
    bool quick;                    /* a few points of each: the budget is 15 seconds instead of 90, on 2 cores */
    const char *only;              /* comma-separated names; NULL: all */
    const ar_datasheet *datasheet; /* NULL: none is known */
    /* Before each probe: its index, how many there are; NULL: nobody is told. */
    void (*told)(void *user, size_t index, size_t count, const char *title);
    void *user;
} ar_probe_spec;

typedef struct ar_probe_report {
    ar_measured_roofs roofs;
    ar_datasheet datasheet; /* part "" when none is known */
    ar_probe_part parts[AR_MOST_PROBES];
    size_t count;
    bool quick;
    double seconds;  /* it took */
    char notes[512]; /* sentences for people: a clock of 0, sensors that are not there */
} ar_probe_report;

/*
 * Runs them one after another; one that fails does not take the others down, and is said in its part. The roofs are
 * what is left: arete_device_set_roofs() makes the library's estimates use them. Blocks. The report is to be freed
 * by ar_probe_report_free() whatever is returned. Returns ARETE_OK when there is a report (with failures in it,
 * perhaps), ARETE_E_NOT_FOUND for an unknown name in `only` (the text lists them), ARETE_E_UNSUPPORTED on a device
 * without kernels, ARETE_E_MEMORY, ARETE_E_DEVICE.
 */
arete_status ar_probe_run(const ar_probe_spec *spec, ar_probe_report *report);
void ar_probe_report_free(ar_probe_report *report);
/* For --help: a line for each probe. */
void ar_probe_print_list(void);

/* A report in JSON (README.md, "A saved run": probes), the datasheet (NULL when unknown), and for people. */
json_t *ar_probes_json(const ar_probe_report *report);
json_t *ar_datasheet_json(const ar_datasheet *datasheet);
void ar_probe_print(FILE *to, const ar_probe_report *report, bool verbose);

/* What the files of the probe share. */
typedef struct ar_probing {
    const ar_probe_spec *spec;
    ar_bench_device on;
    ar_series_rule rule; /* of a figure; probes change copies of it */
    ar_probe_report *report;
    ar_memory_oracle oracle;
} ar_probing;

/* Each measures into part; what it returns becomes the part's outcome. */
arete_status ar_probe_f32(ar_probing *p, ar_probe_part *part);
arete_status ar_probe_f64(ar_probing *p, ar_probe_part *part);
arete_status ar_probe_f16(ar_probing *p, ar_probe_part *part);
arete_status ar_probe_bf16(ar_probing *p, ar_probe_part *part);
arete_status ar_probe_int8(ar_probing *p, ar_probe_part *part);
arete_status ar_probe_matrix(ar_probing *p, ar_probe_part *part);
arete_status ar_probe_units(ar_probing *p, ar_probe_part *part);
arete_status ar_probe_sustained(ar_probing *p, ar_probe_part *part);
arete_status ar_probe_events(ar_probing *p, ar_probe_part *part);
arete_status ar_probe_bandwidth(ar_probing *p, ar_probe_part *part);
arete_status ar_probe_data(ar_probing *p, ar_probe_part *part);
arete_status ar_probe_local(ar_probing *p, ar_probe_part *part);
arete_status ar_probe_latency(ar_probing *p, ar_probe_part *part);
arete_status ar_probe_transfers(ar_probing *p, ar_probe_part *part);
arete_status ar_probe_launches(ar_probing *p, ar_probe_part *part);

#endif
