#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "command.h"
#include "solver.h"

typedef struct request {
    const char *device, *solver, *one_case;
    ar_data_spec data;
    bool data_given, complete, verbose;
    size_t every; /* each such case of a list; 0: all */
    unsigned vector_width;
    char *const *words; /* operations and lists; ends with NULL */
} request;

enum { REASONS = 64 };

typedef struct reason {
    char text[200];
    size_t count;
} reason;

typedef struct tally {
    size_t passed, failed, skipped, checked_cases;
    double worst;    /* largest error over its tolerance */
    reason *reasons; /* why checks were skipped; REASONS of them, the last one for all others */
} tally;

static void help(void) {
    printf(
        "usage: arete selftest [OP|OP:LIST...] [options]\n\n"
        "Checks every solver of every operation on this very device against a reference that accumulates in f64:\n"
        "values within the written tolerance (small whole numbers exactly), the same bits on a second run, "
        "nothing\n"
        "read or written outside the operands, inputs unchanged. GPU-class kernels are run on CPUs, too.\n\n"
        "  OP                these operations alone (conv), or these lists of theirs (conv:edges)\n"
        "  --device D        as in `arete bench`\n"
        "  --solver S        only this one, \"name\" or \"name:param=value,...\"\n"
        "  --quick           every 7th case of the lists for checks\n"
        "  --every N         every N-th one\n"
        "  --long            every case of every list, with random data and with whole numbers, and the timed\n"
        "                    cases of up to 2e9 operations\n"
        "                    (default: every case, with one of the two kinds of data in turn)\n"
        "  --case 'OP ...'   this case alone: what a failure's repro line gives\n"
        "  --data KIND       random or integers\n"
        "  --seed N          of the data (default 1)\n"
        "  --vector-width N  4, 8 or 16\n"
        "  --verbose         every check, and why checks are skipped\n\n"
        "Exit status 1 when a check failed, or none was made.\n");
}

/* Reasons are counted without what differs from case to case: up to the first colon they name the case. */
static void count_reason(tally *sum, const char *why) {
    size_t i = 0;
    while (i < REASONS - 1 && sum->reasons[i].count > 0 && strcmp(sum->reasons[i].text, why) != 0)
        i++;
    if (sum->reasons[i].count++ == 0)
        snprintf(sum->reasons[i].text, sizeof sum->reasons[i].text, "%.190s",
                 i < REASONS - 1 ? why : "other reasons");
}

static void print_reasons(const tally *sum) {
    for (size_t i = 0; i < REASONS && sum->reasons[i].count > 0; i++)
        printf("    skipped %zu: %s\n", sum->reasons[i].count, sum->reasons[i].text);
}

/* "solver x cannot run this problem on d: it ..." without the problem in front. */
static const char *skip_reason(const ar_case *of, const ar_check *check) {
    const char *at = strstr(check->why, of->text);
    if (!at)
        return check->why;
    at += strlen(of->text);
    return at + strspn(at, ": ");
}

static void report(const request *asked, const ar_case *of, const ar_check *check, tally *sum) {
    bool shown = asked->verbose || asked->one_case || check->outcome == AR_FAILED;
    if (check->outcome == AR_PASSED) {
        sum->passed++;
        if (check->values.tolerance > 0 && check->values.max_error / check->values.tolerance > sum->worst)
            sum->worst = check->values.max_error / check->values.tolerance;
    } else if (check->outcome == AR_FAILED) {
        sum->failed++;
    } else {
        sum->skipped++;
        count_reason(sum, skip_reason(of, check));
    }
    if (!shown)
        return;
    printf("%s  %s %s  %s\n", ar_outcome_name(check->outcome), of->work->family->name, of->text, check->solver);
    if (check->outcome == AR_PASSED)
        printf("    %lld elements%s, largest error %.3g, allowed %.3g%s%s\n", (long long)check->values.checked,
               check->values.all ? " (all)" : " (sample, corners and edges)", check->values.max_error,
               check->values.tolerance, check->values.exact ? " (exact)" : "",
               check->packed ? ", weights packed" : "");
    else
        printf("    %s\n", check->why);
    if (check->outcome == AR_FAILED)
        printf("    again: %s\n", check->repro);
    fflush(stdout);
}

static void check_one(const request *asked, arete_device *device, const ar_case *of, const char *solver,
                      ar_data_mode mode, tally *sum) {
    ar_check *check = calloc(1, sizeof *check);
    if (!check) {
        sum->failed++;
        return;
    }
    ar_stage_spec spec = {.of = of,
                          .device = device,
                          .solver = solver,
                          .views = true,
                          .workspace = true,
                          .data = {.seed = asked->data.seed, .mode = mode}};
    ar_check_case(&spec, 0, check);
    report(asked, of, check, sum);
    free(check);
}

/* The library's own choice, then every solver by force. */
static void check_case(const request *asked, arete_device *device, const ar_case *of, size_t number, tally *sum) {
    ar_data_mode modes[2] = {number % 2 ? AR_DATA_INTEGERS : AR_DATA_RANDOM,
                             number % 2 ? AR_DATA_RANDOM : AR_DATA_INTEGERS};
    if (asked->data_given)
        modes[0] = asked->data.mode;
    size_t count = asked->complete && !asked->data_given ? 2 : 1;
    sum->checked_cases++;
    for (size_t m = 0; m < count; m++) {
        if (asked->solver || asked->one_case) {
            check_one(asked, device, of, asked->solver, modes[m], sum);
            continue;
        }
        for (size_t i = 0; of->work->family->solvers[i]; i++)
            check_one(asked, device, of, of->work->family->solvers[i]->name, modes[m], sum);
    }
}

static bool worth_checking(const request *asked, arete_device *device, const ar_case *of) {
    arete_plan *plan;
    arete_cost cost;
    (void)asked;
    if (of->work->plan(device, of->of, NULL, &plan) != ARETE_OK)
        return true; /* the check says what is wrong */
    arete_plan_cost(plan, &cost);
    arete_plan_release(plan);
    return cost.flops <= 2e9;
}

static int check_list(const request *asked, arete_device *device, const ar_casework *work, const ar_case_list *list,
                      tally *sum) {
    tally before = *sum;
    char text[AR_CASE_BYTES];
    for (size_t i = 0; list->at(i, text, sizeof text); i += asked->every ? asked->every : 1) {
        ar_case of;
        if (ar_case_of_list(work, list, i, &of) != ARETE_OK)
            return ar_command_failed("selftest");
        if (!list->timed || worth_checking(asked, device, &of))
            check_case(asked, device, &of, i, sum);
        ar_case_free(&of);
    }
    printf("%s:%-12s %zu cases: %zu passed, %zu failed, %zu skipped (solvers that do not take them)\n",
           work->family->name, list->name, sum->checked_cases - before.checked_cases, sum->passed - before.passed,
           sum->failed - before.failed, sum->skipped - before.skipped);
    fflush(stdout);
    return -1;
}

/* Whether a family has a solver of that name ("name" or "name:params"); NULL: any. */
static bool has_solver(const ar_casework *work, const char *solver) {
    size_t length = solver ? strcspn(solver, ":") : 0;
    for (size_t i = 0; solver && work->family->solvers[i]; i++)
        if (strlen(work->family->solvers[i]->name) == length &&
            strncmp(work->family->solvers[i]->name, solver, length) == 0)
            return true;
    return !solver;
}

/* Whether word is the family's name, or "family:list". */
static bool names(const char *word, const ar_casework *work, const ar_case_list *list) {
    size_t length = strlen(work->family->name);
    if (strncmp(word, work->family->name, length) != 0)
        return false;
    return !word[length] || (list && word[length] == ':' && strcmp(word + length + 1, list->name) == 0);
}

/* Lists that are named are checked in any case; else those that the options ask for. */
static bool is_asked(const request *asked, const ar_casework *work, const ar_case_list *list) {
    bool usual = (asked->complete || !(list->timed || list->lengthy)) && has_solver(work, asked->solver);
    for (size_t i = 0; asked->words[i]; i++)
        if (names(asked->words[i], work, list))
            return usual || strchr(asked->words[i], ':');
    return usual && !asked->words[0];
}

/* The first word that is no operation or list; NULL: all are. */
static const char *unknown_word(const request *asked) {
    for (size_t i = 0; asked->words[i]; i++) {
        bool known = false;
        for (const ar_casework *const *w = ar_families; *w && !known; w++) {
            known = names(asked->words[i], *w, NULL);
            for (size_t l = 0; l < (*w)->list_count && !known; l++)
                known = names(asked->words[i], *w, &(*w)->lists[l]);
        }
        if (!known)
            return asked->words[i];
    }
    return NULL;
}

static int check_all(const request *asked, arete_device *device, tally *sum) {
    int status = -1;
    for (const ar_casework *const *w = ar_families; *w && status < 0; w++)
        for (size_t l = 0; l < (*w)->list_count && status < 0; l++)
            if (is_asked(asked, *w, &(*w)->lists[l]))
                status = check_list(asked, device, *w, &(*w)->lists[l], sum);
    print_reasons(sum);
    return status;
}

static int run(const request *asked) {
    reason reasons[REASONS] = {{{0}, 0}};
    tally sum = {.reasons = reasons};
    ar_case one = {0};
    int status = -1;
    if (asked->one_case && ar_case_make(asked->one_case, &one) != ARETE_OK) {
        (void)ar_command_failed("--case");
        return AR_USAGE;
    }
    arete_context *context = ar_command_context(asked->vector_width);
    arete_device *device = context ? ar_command_device(context, asked->device) : NULL;
    if (!device) {
        status = AR_FAILURE;
    } else {
        const arete_device_info *info = arete_device_get_info(device);
        printf("%s %s, %s %s, f32 x%u\n", info->id, info->name, info->platform, info->driver, info->vector_f32);
        if (asked->one_case)
            check_case(asked, device, &one, 0, &sum);
        else
            status = check_all(asked, device, &sum);
        printf("%zu passed, %zu failed, %zu skipped; largest error %.0f%% of what is allowed\n", sum.passed,
               sum.failed, sum.skipped, 100 * sum.worst);
        if (status < 0)
            status = sum.failed || !sum.passed ? AR_FAILURE : AR_DONE;
    }
    ar_case_free(&one);
    arete_context_release(context);
    return status;
}

enum { DEVICE = 1, SOLVER, CASE, SEED, DATA, QUICK, EVERY, LONG, WIDTH, VERBOSE, HELP };

static const struct option options[] = {{"device", required_argument, NULL, DEVICE},
                                        {"solver", required_argument, NULL, SOLVER},
                                        {"case", required_argument, NULL, CASE},
                                        {"seed", required_argument, NULL, SEED},
                                        {"data", required_argument, NULL, DATA},
                                        {"quick", no_argument, NULL, QUICK},
                                        {"every", required_argument, NULL, EVERY},
                                        {"long", no_argument, NULL, LONG},
                                        {"vector-width", required_argument, NULL, WIDTH},
                                        {"verbose", no_argument, NULL, VERBOSE},
                                        {"help", no_argument, NULL, HELP},
                                        {0}};

int cmd_selftest(int argc, char **argv) {
    request asked = {.data = {.seed = 1}};
    double every = 0;
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1)
        switch (option) {
        case DEVICE:
            asked.device = optarg;
            break;
        case SOLVER:
            asked.solver = optarg;
            break;
        case CASE:
            asked.one_case = optarg;
            break;
        case SEED:
            asked.data.seed = strtoull(optarg, NULL, 10);
            break;
        case DATA:
            asked.data_given = true;
            asked.data.mode = strcmp(optarg, "integers") == 0 ? AR_DATA_INTEGERS : AR_DATA_RANDOM;
            if (asked.data.mode == AR_DATA_RANDOM && strcmp(optarg, "random") != 0)
                return ar_command_usage("selftest", "--data is random or integers");
            break;
        case QUICK:
            asked.every = 7;
            break;
        case EVERY:
            if (!ar_command_number(optarg, 1, 1e6, &every))
                return ar_command_usage("selftest", "--every takes a number from 1 to 1000000");
            asked.every = (size_t)every;
            break;
        case LONG:
            asked.complete = true;
            break;
        case WIDTH:
            asked.vector_width = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case VERBOSE:
            asked.verbose = true;
            break;
        case HELP:
        case 'h':
            help();
            return AR_DONE;
        default:
            return AR_USAGE;
        }
    asked.words = argv + optind; /* argv ends with NULL */
    const char *unknown = unknown_word(&asked);
    if (unknown) {
        char text[160];
        snprintf(text, sizeof text, "'%.60s' is no operation or list: as in conv, or conv:edges", unknown);
        return ar_command_usage("selftest", text);
    }
    return run(&asked);
}
