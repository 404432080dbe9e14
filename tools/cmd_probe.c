#include <getopt.h>
#include <stdlib.h>

#include "command.h"
#include "probe/probe.h"
#include "record.h"

static void help(void) {
    printf("usage: arete probe [--device D] [options]\n\n"
           "Measures what a device can really do: arithmetic of every type by several kernels of several shapes, "
           "memory\n"
           "and caches, latency, transfers, launches. Every result is compared with what the host computes; all "
           "samples\n"
           "are kept. Blocks for under 90 seconds, under 15 with --quick (2 cores).\n\n"
           "  --device D        opencl:0, or part of a name (default: ARETE_DEVICE, else the first GPU, else CPU)\n"
           "  --quick           a few points of each\n"
           "  --only LIST       comma-separated, of those below\n"
           "  --verbose         every figure, not only each probe's line; * marks the one that stands\n"
           "  --json FILE       the run with all samples; - is standard output. For arete roofline --from, arete\n"
           "                    compare, arete pick\n"
           "  --vector-width N  4, 8 or 16: take the device for one of that many f32 lanes\n\n"
           "Probes:\n");
    ar_probe_print_list();
}

/* A line that is overwritten, on a terminal only. */
static void progress(void *user, size_t index, size_t count, const char *title) {
    (void)user;
    fprintf(stderr, "\r\033[K[%zu/%zu] %s", index + 1, count, title);
    fflush(stderr);
}

typedef struct request {
    ar_probe_spec spec;
    const char *device, *json;
    unsigned vector_width;
    bool verbose;
} request;

static int probe(const request *asked, arete_context *context) {
    ar_probe_spec spec = asked->spec;
    ar_datasheet sheet;
    int status = AR_DONE;
    spec.device = ar_command_writable("probe", asked->json) ? ar_command_device(context, asked->device) : NULL;
    if (!spec.device)
        return AR_FAILURE;
    bool quiet = asked->json && asked->json[0] == '-' && !asked->json[1];
    if (ar_command_colour(stderr))
        spec.told = progress;
    if (ar_datasheet_find(spec.device, &sheet))
        spec.datasheet = &sheet;
    ar_probe_report *report = calloc(1, sizeof *report);
    if (!report)
        return AR_FAILURE;
    if (!quiet)
        ar_command_print_device(spec.device);
    arete_status done = ar_probe_run(&spec, report);
    if (spec.told)
        fputs("\r\033[K", stderr);
    if (done != ARETE_OK) {
        (void)ar_command_failed("probe");
        status = done == ARETE_E_NOT_FOUND ? AR_USAGE : AR_FAILURE;
    } else {
        arete_device_set_roofs(spec.device, &report->roofs.roofs);
        if (!quiet)
            ar_probe_print(stdout, report, asked->verbose);
        json_t *run = asked->json ? ar_run_json(spec.device, report) : NULL;
        if (asked->json && (!run || ar_json_write(run, asked->json) != ARETE_OK))
            status = ar_command_failed("--json");
        json_decref(run);
    }
    for (size_t i = 0; i < report->count; i++)
        status = report->parts[i].outcome == AR_FAILED ? AR_FAILURE : status;
    ar_probe_report_free(report);
    free(report);
    return status;
}

enum { DEVICE = 1, QUICK, ONLY, VERBOSE, JSON, WIDTH, HELP };

static const struct option options[] = {
    {"device", required_argument, NULL, DEVICE}, {"quick", no_argument, NULL, QUICK},
    {"only", required_argument, NULL, ONLY},     {"verbose", no_argument, NULL, VERBOSE},
    {"json", required_argument, NULL, JSON},     {"vector-width", required_argument, NULL, WIDTH},
    {"help", no_argument, NULL, HELP},           {0}};

int cmd_probe(int argc, char **argv) {
    request asked = {.verbose = false};
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1)
        switch (option) {
        case DEVICE:
            asked.device = optarg;
            break;
        case QUICK:
            asked.spec.quick = true;
            break;
        case ONLY:
            asked.spec.only = optarg;
            break;
        case VERBOSE:
            asked.verbose = true;
            break;
        case JSON:
            asked.json = optarg;
            break;
        case WIDTH:
            asked.vector_width = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case HELP:
        case 'h':
            help();
            return AR_DONE;
        default:
            return AR_USAGE;
        }
    if (optind < argc)
        return ar_command_usage("probe", "takes no arguments, only options");
    arete_context *context = ar_command_context(asked.vector_width);
    int status = context ? probe(&asked, context) : AR_FAILURE;
    arete_context_release(context);
    return status;
}
