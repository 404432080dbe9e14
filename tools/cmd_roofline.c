#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "chart/chart.h"
#include "command.h"
#include "record.h"
#include "saved.h"

typedef struct request {
    const char *device, *html, *svg, *csv, *json;
    bool from, full, verbose;
    double budget; /* seconds of sampling a case; 0: so that all take about two minutes */
    unsigned vector_width;
} request;

static void help(void) {
    printf(
        "usage: arete roofline [OP | LIST | WORKLOAD | MODEL.onnx | 'OP key=value ...']... [-o report.html] [options]\n"
        "       arete roofline --from RUN.json... [-o report.html] [options]\n\n"
        "Measures the device's roofs (arete probe --quick), times and checks the cases, and draws them under the "
        "roofs:\n"
        "operations a second against operations for each byte moved. Without a word: every list that is timed. "
        "With\n"
        "--from nothing is measured: the words are saved runs, of one device or of several.\n\n"
        "  -o FILE           a page of its own: picture, roofs, cases, probes; light and dark, for screen and "
        "paper\n"
        "  --svg FILE        the picture alone         --csv FILE   roofs and cases, a line each\n"
        "  --json FILE       the run, or the runs: for --from, arete compare, arete pick\n"
        "  --device D        as in arete bench; several, comma-separated: a section for each, and a comparison\n"
        "  --full            the whole probe, under 90 seconds, instead of the quick one\n"
        "  --time SECONDS    of sampling, per case (default: what makes about two minutes for all, at most 0.5)\n"
        "  --vector-width N  4, 8 or 16\n"
        "  --verbose         every case, as a table\n"
        "A FILE of - is standard output.\n");
}

static void progress(void *user, size_t index, size_t count, const char *title) {
    (void)user;
    fprintf(stderr, "\r\033[Kprobe [%zu/%zu] %s", index + 1, count, title);
    fflush(stderr);
}

static int terminal_columns(void) {
    struct winsize size;
    return ar_command_colour(stdout) && ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 100;
}

/* Times the cases; gives the records. */
static json_t *bench_cases(ar_bench_spec *spec, const ar_case_set *cases, const request *asked, int *status) {
    json_t *records = json_array();
    bool told = ar_command_colour(stderr);
    ar_record *record = calloc(1, sizeof *record);
    if (asked->verbose)
        ar_table_head(stdout, NULL, 0);
    for (size_t i = 0; i < cases->count && record; i++) {
        const ar_case *of = &cases->cases[i];
        if (told)
            fprintf(stderr, "\r\033[K[%zu/%zu] %.60s", i + 1, cases->count, of->text);
        ar_bench_case(spec, of, record);
        if (told)
            fputs("\r\033[K", stderr);
        if (asked->verbose || record->outcome == AR_FAILED)
            ar_table_line(stdout, of, record, ar_command_colour(stdout));
        fflush(stdout);
        *status = record->outcome == AR_FAILED ? AR_FAILURE : *status;
        json_array_append_new(records, ar_record_json(of, spec->device, record));
    }
    free(record);
    return records;
}

/* One device, probed and benched, as a run; NULL: said on standard error. */
static json_t *measure(arete_device *device, const ar_case_set *cases, const request *asked, int *status) {
    ar_datasheet sheet;
    ar_probe_report *report = calloc(1, sizeof *report);
    ar_probe_spec probe = {.device = device, .quick = !asked->full};
    if (!report)
        return NULL;
    if (ar_command_colour(stderr))
        probe.told = progress;
    if (ar_datasheet_find(device, &sheet))
        probe.datasheet = &sheet;
    ar_command_print_device(device);
    arete_status done = ar_probe_run(&probe, report);
    if (probe.told)
        fputs("\r\033[K", stderr);
    json_t *run = NULL;
    if (done != ARETE_OK && done != ARETE_E_UNSUPPORTED) {
        *status = ar_command_failed("probe");
    } else {
        ar_probe_print(stdout, report, false);
        run = ar_run_json(device, report);
        ar_bench_spec spec = {
            .device = device, .data.seed = 1, .rule = ar_race_rule_default(), .roofs = &report->roofs};
        double each = cases->count ? 120.0 / (double)cases->count : 0.5;
        spec.rule.stop.budget = asked->budget > 0 ? asked->budget : each > 0.5 ? 0.5 : each;
        json_t *records = bench_cases(&spec, cases, asked, status);
        if (run) {
            json_object_set_new(run, "roofs", ar_roofs_json(&report->roofs)); /* benches may have raised them */
            json_object_set_new(run, "records", records);
            json_object_set_new(run, "peers", json_object());
        }
    }
    ar_probe_report_free(report);
    free(report);
    return run;
}

static int measure_all(json_t *runs, const ar_case_set *cases, const request *asked) {
    arete_context *context = ar_command_context(asked->vector_width);
    int status = context ? AR_DONE : AR_FAILURE;
    const char *at = asked->device;
    do {
        char name[128];
        size_t length = at ? strcspn(at, ",") : 0;
        snprintf(name, sizeof name, "%.*s", (int)length, at ? at : "");
        arete_device *device = context ? ar_command_device(context, at ? name : NULL) : NULL;
        json_t *run = device ? measure(device, cases, asked, &status) : NULL;
        if (run)
            json_array_append_new(runs, run);
        else
            status = AR_FAILURE;
        at = at && at[length] == ',' ? at + length + 1 : NULL;
    } while (at && context);
    arete_context_release(context);
    return status;
}

static int write_all(const json_t *runs, const request *asked, int status) {
    const json_t *all = json_array_size(runs) == 1 ? json_array_get(runs, 0) : runs;
    bool quiet = false;
    const char *const files[] = {asked->html, asked->svg, asked->csv, asked->json};
    for (int i = 0; i < 4; i++)
        quiet |= files[i] && strcmp(files[i], "-") == 0;
    if (!quiet && ar_chart_text(stdout, all, terminal_columns(), ar_command_colour(stdout)) != ARETE_OK)
        status = ar_command_failed("roofline");
    if (asked->html && ar_chart_html(all, asked->html) != ARETE_OK)
        status = ar_command_failed("-o");
    if (asked->svg && ar_chart_svg(all, asked->svg) != ARETE_OK)
        status = ar_command_failed("--svg");
    if (asked->csv && ar_chart_csv(all, asked->csv) != ARETE_OK)
        status = ar_command_failed("--csv");
    if (asked->json) {
        json_t *file = json_is_array(all)
                           ? json_pack("{s:s, s:i, s:O}", "arete", arete_version(), "schema", 1, "runs", all)
                           : json_incref((json_t *)(uintptr_t)all);
        if (!file || ar_json_write(file, asked->json) != ARETE_OK)
            status = ar_command_failed("--json");
        json_decref(file);
    }
    if (asked->html && !quiet && status == AR_DONE)
        printf("The page is in %s.\n", asked->html);
    return status;
}

static bool writable(const request *asked) {
    return ar_command_writable("roofline", asked->html) && ar_command_writable("roofline", asked->svg) &&
           ar_command_writable("roofline", asked->csv) && ar_command_writable("roofline", asked->json);
}

static int roofline(const request *asked, int count, char **words) {
    json_t *runs = json_array();
    ar_case_set cases = {0};
    int status = writable(asked) ? AR_DONE : AR_FAILURE;
    for (int i = 0; i < count && status == AR_DONE; i++) {
        if (asked->from && ar_runs_load(words[i], runs) != ARETE_OK)
            status = ar_command_failed("--from");
        if (!asked->from && ar_case_set_add(&cases, words[i]) != ARETE_OK) {
            (void)ar_command_failed("roofline");
            status = AR_USAGE;
        }
    }
    if (status == AR_DONE && asked->from && count == 0)
        status = ar_command_usage("roofline", "--from needs saved runs");
    if (status == AR_DONE && !asked->from) {
        if (count == 0 && ar_case_set_add_timed(&cases) != ARETE_OK)
            status = ar_command_failed("roofline");
        else
            status = measure_all(runs, &cases, asked);
    }
    if (json_array_size(runs) > 0)
        status = write_all(runs, asked, status);
    ar_case_set_free(&cases);
    json_decref(runs);
    return status;
}

enum { DEVICE = 1, SVG, CSV, JSON, FROM, FULL, TIME, WIDTH, VERBOSE, HELP };

static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                        {"html", required_argument, NULL, 'o'},
                                        {"svg", required_argument, NULL, SVG},
                                        {"csv", required_argument, NULL, CSV},
                                        {"json", required_argument, NULL, JSON},
                                        {"device", required_argument, NULL, DEVICE},
                                        {"from", no_argument, NULL, FROM},
                                        {"full", no_argument, NULL, FULL},
                                        {"time", required_argument, NULL, TIME},
                                        {"vector-width", required_argument, NULL, WIDTH},
                                        {"verbose", no_argument, NULL, VERBOSE},
                                        {"help", no_argument, NULL, HELP},
                                        {0}};

int cmd_roofline(int argc, char **argv) {
    request asked = {.budget = 0};
    int option;
    while ((option = getopt_long(argc, argv, "ho:", options, NULL)) != -1)
        switch (option) {
        case 'o':
            asked.html = optarg;
            break;
        case SVG:
            asked.svg = optarg;
            break;
        case CSV:
            asked.csv = optarg;
            break;
        case JSON:
            asked.json = optarg;
            break;
        case DEVICE:
            asked.device = optarg;
            break;
        case FROM:
            asked.from = true;
            break;
        case FULL:
            asked.full = true;
            break;
        case VERBOSE:
            asked.verbose = true;
            break;
        case TIME:
            if (!ar_command_number(optarg, 0.001, 1e5, &asked.budget))
                return ar_command_usage("roofline", "--time takes seconds, above 0");
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
    return roofline(&asked, argc - optind, argv + optind);
}
