#include <getopt.h>
#include <math.h>
#include <stdlib.h>

#include "command.h"
#include "tune.h"

static void help(void) {
    printf(
        "usage: arete tune [OP | LIST | WORKLOAD | MODEL.onnx | 'OP key=value ...']... [options]\n\n"
        "Searches the solvers and parameters that can compute each case, leaves out what the roofline model calls\n"
        "hopeless, checks every candidate before timing it, and keeps the fastest: from then on the library\n"
        "chooses it for that problem on this device and driver (ARETE_TUNING_DIR, else\n"
        "~/.local/share/arete/tuning). Without an argument: every list that is timed.\n\n"
        "  --device D       as in `arete bench`\n"
        "  --solver S       only this solver's parameters\n"
        "  --time SECONDS   of search, per case (default 30)\n"
        "  --prune X        leave out what the model puts above X times the best measured time (default 2)\n"
        "  --seed N         of the data (default 1)\n"
        "  --vector-width N 4, 8 or 16\n"
        "  --verbose        every candidate\n");
}

static void told(void *user, const char *solver, double seconds, const char *why) {
    (void)user;
    if (seconds > 0)
        printf("    %-60s %10.4f ms\n", solver, seconds * 1e3);
    else
        printf("    %-60s %s\n", solver, why);
    fflush(stdout);
}

static int tune_all(const ar_tune_spec *spec, const ar_case_set *cases) {
    int status = AR_DONE;
    for (size_t i = 0; i < cases->count; i++) {
        const ar_case *of = &cases->cases[i];
        ar_tune_result r;
        printf("%s %s\n", of->work->family->name, of->text);
        fflush(stdout);
        arete_status tuned = ar_tune_case(spec, of, &r);
        if (tuned != ARETE_OK)
            status = ar_command_failed(of->text);
        if (r.seconds > 0)
            printf("  %s %.4f ms (before: %s %.4f ms); %zu tried, %zu left out, %zu held back, "
                   "%zu refused, %zu wrong%s\n",
                   r.solver, r.seconds * 1e3, r.before, r.before_seconds * 1e3, r.tried, r.pruned, r.held_back,
                   r.refused, r.wrong, r.out_of_time ? "; out of time" : "");
        if (r.wrong > 0)
            status = AR_FAILURE; /* a solver that computes wrongly is to be seen */
    }
    return status;
}

enum { DEVICE = 1, SOLVER, TIME, PRUNE, SEED, WIDTH, VERBOSE, HELP };

static const struct option options[] = {{"device", required_argument, NULL, DEVICE},
                                        {"solver", required_argument, NULL, SOLVER},
                                        {"time", required_argument, NULL, TIME},
                                        {"prune", required_argument, NULL, PRUNE},
                                        {"seed", required_argument, NULL, SEED},
                                        {"vector-width", required_argument, NULL, WIDTH},
                                        {"verbose", no_argument, NULL, VERBOSE},
                                        {"help", no_argument, NULL, HELP},
                                        {0}};

typedef struct request {
    const char *device;
    unsigned vector_width;
} request;

static int take_option(ar_tune_spec *spec, request *asked, int option, const char *value) {
    double number;
    switch (option) {
    case DEVICE:
        asked->device = value;
        return -1;
    case SOLVER:
        spec->only = value;
        return -1;
    case VERBOSE:
        spec->told = told;
        return -1;
    case TIME:
        return ar_command_number(value, 0.01, 1e6, &spec->budget) ? -1
                                                                  : ar_command_usage("tune", "--time: seconds");
    case PRUNE:
        return ar_command_number(value, 1, 1e9, &spec->prune) ? -1 : ar_command_usage("tune", "--prune: 1 or more");
    case SEED:
        if (!ar_command_number(value, 0, 0x1p53, &number))
            return ar_command_usage("tune", "--seed takes a whole number");
        spec->data.seed = (uint64_t)number;
        return -1;
    case WIDTH:
        asked->vector_width = (unsigned)strtoul(value, NULL, 10);
        return -1;
    case HELP:
    case 'h':
        help();
        return AR_DONE;
    default:
        return AR_USAGE;
    }
}

int cmd_tune(int argc, char **argv) {
    ar_tune_spec spec = {.data = {.seed = 1}, .prune = 2, .budget = 30};
    request asked = {0};
    ar_measured_roofs roofs;
    ar_case_set cases = {0};
    arete_context *context = NULL;
    int option, status = -1;
    while (status < 0 && (option = getopt_long(argc, argv, "h", options, NULL)) != -1)
        status = take_option(&spec, &asked, option, optarg);
    for (int i = optind; i < argc && status < 0; i++)
        if (ar_case_set_add(&cases, argv[i]) != ARETE_OK) {
            (void)ar_command_failed("tune");
            status = AR_USAGE;
        }
    if (status < 0 && optind >= argc && ar_case_set_add_timed(&cases) != ARETE_OK)
        status = ar_command_failed("tune");
    if (status < 0) {
        context = ar_command_context(asked.vector_width);
        spec.device = context ? ar_command_device(context, asked.device) : NULL;
        status = spec.device ? -1 : AR_FAILURE;
    }
    if (status < 0 && ar_roofs_measure(spec.device, &roofs) != ARETE_OK)
        status = ar_command_failed("the device's roofs");
    if (status < 0) {
        spec.roofs = &roofs;
        status = tune_all(&spec, &cases);
    }
    ar_case_set_free(&cases);
    arete_context_release(context);
    return status;
}
