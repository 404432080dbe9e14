/* Records of a bench in the forms that people and programs read: JSON, CSV, a table. */
#ifndef AR_RECORD_H
#define AR_RECORD_H

#include <jansson.h>
#include <stdio.h>

#include "bench.h"
#include "probe/probe.h"

/* One case. NULL: no memory. */
json_t *ar_record_json(const ar_case *of, const arete_device *device, const ar_record *record);

/* What stands once in a file: versions, machine, device, roofs, settings. records is taken over. */
json_t *ar_report_json(const ar_bench_spec *spec, json_t *records, const ar_peer_process *peers, size_t peer_count);
/* A run (README.md, "A saved run") of a probe. NULL: no memory. */
json_t *ar_run_json(const arete_device *device, const ar_probe_report *report);
json_t *ar_roofs_json(const ar_measured_roofs *measured);
json_t *ar_device_json(const arete_device *device);

/* "-" is standard output. ARETE_E_IO. */
arete_status ar_json_write(const json_t *json, const char *path);

void ar_csv_head(FILE *to);
void ar_csv_line(FILE *to, const ar_case *of, const arete_device *device, const ar_record *record);

/* The table: a head with a column for each peer, a line for each case, the mean at the end. */
void ar_table_head(FILE *to, const ar_peer_process *peers, size_t peer_count);
void ar_table_line(FILE *to, const ar_case *of, const ar_record *record, bool colour);
/* Means over the cases that both computed; then, for each peer, how many cases it left out and the first reason. */
void ar_table_mean(FILE *to, ar_record *const *records, size_t count);
/* For each list that stands for a whole (the layers of a network): the sum of its cases' times, each as often as it
 * occurs, and each peer's where it ran them all. records[i] is of cases->cases[i], for the first count. */
void ar_table_sums(FILE *to, const ar_case_set *cases, ar_record *const *records, size_t count);

#endif
