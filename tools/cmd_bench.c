#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "chart/chart.h"
#include "command.h"
#include "record.h"

typedef struct request {
    const char *device, *solver, *json, *csv, *html, *against;
    ar_data_spec data;
    ar_rotation rotation;
    double budget;
    int packed; /* 1, 0, or -1: as the cases say */
    unsigned vector_width;
    bool list;
} request;

/* Everything that must be given back. */
typedef struct session {
    request asked;
    arete_context *context;
    ar_bench_spec spec;
    ar_measured_roofs roofs;
    ar_peer_process peers[AR_MAX_PEERS];
    size_t peer_count;
    ar_case_set cases;
    ar_record **records;
    json_t *json;
    FILE *csv;
} session;

static void help(void) {
    printf(
        "usage: arete bench [OP | LIST | WORKLOAD | MODEL.onnx | 'OP key=value ...']... [options]\n\n"
        "Times cases on a device, checks every result, and sets the times against the device's own roofs, which\n"
        "are measured first, and against other libraries, each in a process of its own, in turn with ours.\n"
        "Without an argument: every list that is timed, of every operation. A LIST is matmul:deepbench, or deepbench:\n"
        "of every operation that has one.\n\n"
        "  --device D        opencl:0, reference, or part of a name (default: ARETE_DEVICE, else the first GPU,\n"
        "                    else the first CPU device); several, comma-separated: one after another, then compared;\n"
        "                    the files of each have its number in their name: out.1.json\n"
        "  --against LIST    all, or comma-separated: ");
    for (const ar_peer *const *peer = ar_peers; *peer; peer++)
        printf("%s%s", peer == ar_peers ? "" : ",", (*peer)->name);
    printf(
        "\n  --solver S        this solver, \"name\" or \"name:param=value,...\", instead of the library's choice\n"
        "  --seed N          of the data (default 1)\n"
        "  --data KIND       random (default) or integers: small whole numbers, where sums must be exact\n"
        "  --prepack         weights packed ahead in every case; --no-prepack: in none (default: as the case "
        "says)\n"
        "  --cold            rotate the operands of every case through 4 times the last cache; --warm: of none\n"
        "                    (default: of the cases that memory bounds)\n"
        "  --time SECONDS    of sampling, per case and contender (default 2; at least 3 samples are taken)\n"
        "  --vector-width N  4, 8 or 16: CPU-class kernels of that many f32 lanes (default: the device's own)\n"
        "  --json FILE       a record for each case, with all samples; - is standard output\n"
        "  --csv FILE        a line for each case and peer\n"
        "  --html FILE       the same as a page to look at\n"
        "  --list            prints the cases, runs nothing\n\n"
        "ms: median seconds per call over at least 10 queued calls and one wait. sync ms: one call, one wait.\n"
        "roof: the part of the device's limit that is reached; ! marks a figure above it, a measurement fault.\n"
        "check: largest error beyond the output's rounding, relative to the sum of magnitudes.\n"
        "A peer's column: its time over ours, queued and sync (above 1, Arete is faster); ! its result is wrong,\n"
        "? unchecked.\n\n"
        "Lists:\n");
    ar_case_print_lists();
}

enum {
    DEVICE = 1,
    AGAINST,
    SOLVER,
    SEED,
    DATA,
    PREPACK,
    NO_PREPACK,
    COLD,
    WARM,
    TIME,
    WIDTH,
    JSON,
    CSV,
    HTML,
    LIST,
    HELP
};

static const struct option options[] = {{"device", required_argument, NULL, DEVICE},
                                        {"against", required_argument, NULL, AGAINST},
                                        {"solver", required_argument, NULL, SOLVER},
                                        {"seed", required_argument, NULL, SEED},
                                        {"data", required_argument, NULL, DATA},
                                        {"prepack", no_argument, NULL, PREPACK},
                                        {"no-prepack", no_argument, NULL, NO_PREPACK},
                                        {"cold", no_argument, NULL, COLD},
                                        {"warm", no_argument, NULL, WARM},
                                        {"time", required_argument, NULL, TIME},
                                        {"vector-width", required_argument, NULL, WIDTH},
                                        {"json", required_argument, NULL, JSON},
                                        {"csv", required_argument, NULL, CSV},
                                        {"html", required_argument, NULL, HTML},
                                        {"list", no_argument, NULL, LIST},
                                        {"help", no_argument, NULL, HELP},
                                        {0}};

/* -1: go on; else the exit status. */
static int take_option(request *asked, int option, const char *value) {
    double number;
    switch (option) {
    case DEVICE:
        asked->device = value;
        return -1;
    case AGAINST:
        asked->against = value;
        return -1;
    case SOLVER:
        asked->solver = value;
        return -1;
    case JSON:
        asked->json = value;
        return -1;
    case CSV:
        asked->csv = value;
        return -1;
    case HTML:
        asked->html = value;
        return -1;
    case LIST:
        asked->list = true;
        return -1;
    case COLD:
        asked->rotation = AR_ROTATE_ALL;
        return -1;
    case WARM:
        asked->rotation = AR_ROTATE_NONE;
        return -1;
    case PREPACK:
        asked->packed = 1;
        return -1;
    case NO_PREPACK:
        asked->packed = 0;
        return -1;
    case SEED:
        if (!ar_command_number(value, 0, 0x1p53, &number))
            return ar_command_usage("bench", "--seed takes a whole number");
        asked->data.seed = (uint64_t)number;
        return -1;
    case DATA:
        asked->data.mode = strcmp(value, "integers") == 0 ? AR_DATA_INTEGERS : AR_DATA_RANDOM;
        return strcmp(value, "integers") == 0 || strcmp(value, "random") == 0
                   ? -1
                   : ar_command_usage("bench", "--data is random or integers");
    case TIME:
        return ar_command_number(value, 0.001, 1e5, &asked->budget)
                   ? -1
                   : ar_command_usage("bench", "--time takes seconds, above 0");
    case WIDTH:
        asked->vector_width = (unsigned)strtoul(value, NULL, 10);
        return asked->vector_width == 4 || asked->vector_width == 8 || asked->vector_width == 16
                   ? -1
                   : ar_command_usage("bench", "--vector-width is 4, 8 or 16");
    case HELP:
        help();
        return AR_DONE;
    default:
        return AR_USAGE;
    }
}

static int take_words(session *s, int count, char **words) {
    arete_status status = ARETE_OK;
    for (int i = 0; i < count; i++)
        if ((status = ar_case_set_add(&s->cases, words[i])) != ARETE_OK) {
            (void)ar_command_failed("bench");
            return AR_USAGE;
        }
    if (count == 0 && ar_case_set_add_timed(&s->cases) != ARETE_OK)
        return ar_command_failed("bench");
    for (size_t i = 0; i < s->cases.count && s->asked.packed >= 0; i++)
        if (ar_case_repack(&s->cases.cases[i], s->asked.packed == 1) != ARETE_OK)
            return ar_command_failed("--prepack");
    return -1;
}

static int start_peer(session *s, const char *name, const char *device, uint32_t threads) {
    if (!ar_peer_named(name)) {
        fprintf(stderr, "arete bench: there is no peer '%s' in this build\n", name);
        return AR_USAGE;
    }
    if (s->peer_count == AR_MAX_PEERS)
        return ar_command_usage("bench", "too many peers");
    ar_peer_process *peer = &s->peers[s->peer_count++];
    if (ar_peer_start(name, threads, device, peer) == ARETE_OK)
        printf("peer     %s: %s, %u threads\n", name, peer->version, threads);
    else
        printf("peer     %s: not here: %s\n", name, peer->why);
    return -1;
}

/* Peers run with as many threads as the device has compute units. */
static int start_peers(session *s) {
    const arete_device_info *info = arete_device_get_info(s->spec.device);
    if (!s->asked.against)
        return -1;
    int status = -1;
    if (strcmp(s->asked.against, "all") == 0) {
        for (const ar_peer *const *peer = ar_peers; *peer && status < 0; peer++)
            status = start_peer(s, (*peer)->name, info->id, info->compute_units);
        return status;
    }
    for (const char *at = s->asked.against; *at && status < 0;) {
        char name[32];
        size_t length = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        if (length)
            status = start_peer(s, name, info->id, info->compute_units);
        at += length + (at[length] == ',');
    }
    return status;
}

static void print_roofs(const ar_measured_roofs *m) {
    const arete_roofs *roofs = &m->roofs;
    printf("roofs    %s: f32 %.1f GFLOP/s", roofs->measured ? "measured" : "estimated",
           roofs->peak[ARETE_UNIT_F32] * 1e-9);
    if (roofs->peak[ARETE_UNIT_F64] > 0)
        printf(", f64 %.1f", roofs->peak[ARETE_UNIT_F64] * 1e-9);
    for (int i = 0; i < AR_RUNGS; i++)
        if (m->rungs[i].bandwidth > 0)
            printf(", %s %.1f GB/s", m->rungs[i].name, m->rungs[i].bandwidth * 1e-9);
    printf(", launch %.1f us, with a wait %.1f us\n", roofs->launch_seconds * 1e6, roofs->sync_seconds * 1e6);
    if (m->missing[0])
        printf("         not measured: %s\n", m->missing);
}

static int open_device(session *s) {
    s->context = ar_command_context(s->asked.vector_width);
    if (!s->context)
        return AR_FAILURE;
    s->spec.device = ar_command_device(s->context, s->asked.device);
    if (!s->spec.device)
        return AR_FAILURE;
    ar_command_print_device(s->spec.device);
    if (ar_roofs_measure(s->spec.device, &s->roofs) != ARETE_OK)
        return ar_command_failed("the device's roofs");
    print_roofs(&s->roofs);
    return -1;
}

static int run_cases(session *s) {
    bool colour = ar_command_colour(stdout), progress = ar_command_colour(stderr), failed = false;
    s->records = calloc(s->cases.count + 1, sizeof *s->records);
    s->json = json_array();
    if (s->asked.csv && !(s->csv = strcmp(s->asked.csv, "-") == 0 ? stdout : fopen(s->asked.csv, "w"))) {
        perror(s->asked.csv);
        return AR_FAILURE;
    }
    if (s->csv)
        ar_csv_head(s->csv);
    printf("\n");
    ar_table_head(stdout, s->peers, s->peer_count);
    for (size_t i = 0; i < s->cases.count; i++) {
        const ar_case *of = &s->cases.cases[i];
        ar_record *record = s->records ? calloc(1, sizeof *record) : NULL;
        if (!record)
            return AR_FAILURE;
        s->records[i] = record;
        if (progress)
            fprintf(stderr, "[%zu/%zu] %s\r", i + 1, s->cases.count, of->text);
        ar_bench_case(&s->spec, of, record);
        if (progress)
            fprintf(stderr, "\033[K");
        ar_table_line(stdout, of, record, colour);
        fflush(stdout);
        failed |= record->outcome == AR_FAILED;
        json_array_append_new(s->json, ar_record_json(of, s->spec.device, record));
        if (s->csv)
            ar_csv_line(s->csv, of, s->spec.device, record);
    }
    ar_table_mean(stdout, s->records, s->cases.count);
    ar_table_sums(stdout, &s->cases, s->records, s->cases.count);
    return failed ? AR_FAILURE : AR_DONE;
}

static int write_reports(session *s, int status) {
    json_t *report = ar_report_json(&s->spec, s->json, s->peers, s->peer_count);
    s->json = NULL;
    if (s->asked.json && (!report || ar_json_write(report, s->asked.json) != ARETE_OK))
        status = ar_command_failed("--json");
    if (s->asked.html && (!report || ar_chart_html(report, s->asked.html) != ARETE_OK))
        status = ar_command_failed("--html");
    json_decref(report);
    return status;
}

/* What belongs to one device. The cases stay. */
static void close_device(session *s) {
    for (size_t i = 0; i < s->peer_count; i++)
        ar_peer_stop(&s->peers[i]);
    for (size_t i = 0; s->records && i < s->cases.count; i++)
        free(s->records[i]);
    free(s->records);
    json_decref(s->json);
    if (s->csv && s->csv != stdout)
        fclose(s->csv);
    arete_context_release(s->context);
    s->peer_count = 0;
    s->records = NULL;
    s->json = NULL;
    s->csv = NULL;
    s->context = NULL;
}

static int bench_device(session *s) {
    int status;
    if ((status = open_device(s)) >= 0 || (status = start_peers(s)) >= 0)
        return status;
    s->spec.solver = s->asked.solver;
    s->spec.data = s->asked.data;
    s->spec.rotation = s->asked.rotation;
    s->spec.rule = ar_race_rule_default();
    if (s->asked.budget > 0)
        s->spec.rule.stop.budget = s->asked.budget;
    s->spec.roofs = &s->roofs;
    s->spec.peers = s->peers;
    s->spec.peer_count = s->peer_count;
    status = run_cases(s);
    return s->asked.json || s->asked.html ? write_reports(s, status) : status;
}

enum { MOST_DEVICES = 8 };

/* "out.json" -> "out.1.json"; NULL and "-" stay. */
static const char *numbered(const char *path, int number, char *text, size_t bytes) {
    const char *dot = path ? strrchr(path, '.') : NULL;
    if (!path || strcmp(path, "-") == 0)
        return path;
    if (!dot || strchr(dot, '/'))
        dot = path + strlen(path);
    snprintf(text, bytes, "%.*s.%d%s", (int)(dot - path), path, number, dot);
    return text;
}

/* A line for each case: milliseconds on each device, and how much longer than on the first. seconds: by device, then
 * by case; 0: it did not run. */
static void print_comparison(const session *s, char names[][64], int devices, const double *seconds) {
    printf("\n%-48s", "ms");
    for (int d = 0; d < devices; d++)
        printf(" %20.20s", names[d]);
    printf("\n");
    for (size_t i = 0; i < s->cases.count; i++) {
        const ar_case *of = &s->cases.cases[i];
        double first = seconds[i];
        printf("%-9.9s %-38.38s", of->work->family->name, of->text);
        for (int d = 0; d < devices; d++) {
            double mine = seconds[(size_t)d * s->cases.count + i];
            if (mine <= 0)
                printf(" %20s", "-");
            else if (d == 0 || first <= 0)
                printf(" %20.4f", 1e3 * mine);
            else
                printf(" %11.4f %7.2fx", 1e3 * mine, mine / first);
        }
        printf("\n");
    }
}

/* One device after another, each with roofs, records and files of its own. */
static int bench_devices(session *s) {
    char names[MOST_DEVICES][64], paths[3][4096];
    const request asked = s->asked;
    double *seconds = calloc(MOST_DEVICES * (s->cases.count + 1), sizeof *seconds);
    int status = seconds ? AR_DONE : AR_FAILURE, devices = 0;
    for (const char *at = asked.device; seconds && *at && devices < MOST_DEVICES;) {
        size_t length = strcspn(at, ",");
        snprintf(names[devices], sizeof names[0], "%.*s", (int)length, at);
        s->asked.device = names[devices];
        s->asked.json = numbered(asked.json, devices + 1, paths[0], sizeof paths[0]);
        s->asked.csv = numbered(asked.csv, devices + 1, paths[1], sizeof paths[1]);
        s->asked.html = numbered(asked.html, devices + 1, paths[2], sizeof paths[2]);
        int one = bench_device(s);
        status = one == AR_DONE ? status : one;
        for (size_t i = 0; s->records && i < s->cases.count; i++)
            if (s->records[i] && s->records[i]->outcome == AR_PASSED)
                seconds[(size_t)devices * s->cases.count + i] = s->records[i]->timing.queued.median;
        close_device(s);
        printf("\n");
        devices++;
        at += length + (at[length] == ',');
    }
    if (seconds)
        print_comparison(s, names, devices, seconds);
    free(seconds);
    return status;
}

static int bench(session *s, int argc, char **argv) {
    int option, status = -1;
    while (status < 0 && (option = getopt_long(argc, argv, "h", options, NULL)) != -1)
        status = take_option(&s->asked, option == 'h' ? HELP : option, optarg);
    if (status < 0)
        status = take_words(s, argc - optind, argv + optind);
    if (status >= 0)
        return status;
    if (s->asked.list) {
        for (size_t i = 0; i < s->cases.count; i++)
            printf("%s %s\n", s->cases.cases[i].work->family->name, s->cases.cases[i].text);
        return AR_DONE;
    }
    return s->asked.device && strchr(s->asked.device, ',') ? bench_devices(s) : bench_device(s);
}

int cmd_bench(int argc, char **argv) {
    session *s = calloc(1, sizeof *s);
    if (!s)
        return AR_FAILURE;
    s->asked.data.seed = 1;
    s->asked.packed = -1;
    int status = bench(s, argc, argv);
    close_device(s);
    ar_case_set_free(&s->cases);
    free(s);
    return status;
}
