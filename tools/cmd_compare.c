#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "record.h"
#include "saved.h"

static void help(void) {
    printf("usage: arete compare BEFORE.json AFTER.json [options]\n\n"
           "Sets two saved runs (of arete bench, probe or roofline) against each other: cases by their text, roofs "
           "by\n"
           "their name. A change counts when it is beyond the threshold and beyond both medians' uncertainty. Exit "
           "status\n"
           "1 when a case became slower, or ran before and does no more; where there are no cases, when a roof "
           "fell.\n\n"
           "  --threshold P  5%% (default), or 0.05\n"
           "  --json FILE    the rows; - is standard output\n");
}

/* "5%", "0.05". */
static bool take_threshold(const char *text, double *threshold) {
    char number[32];
    size_t length = strlen(text);
    bool percent = length > 1 && text[length - 1] == '%';
    if (length >= sizeof number)
        return false;
    memcpy(number, text, length + 1);
    if (percent)
        number[length - 1] = 0;
    if (!ar_command_number(number, 0, percent ? 1000 : 10, threshold))
        return false;
    *threshold /= percent ? 100 : 1;
    return true;
}

/* The run of the second file on the same device; the only one of each where there is one. */
static const json_t *partner(const json_t *of, const json_t *among) {
    const char *name = json_string_value(json_object_get(json_object_get(of, "device"), "name"));
    size_t i;
    json_t *run;
    json_array_foreach(among, i, run) {
        const char *other = json_string_value(json_object_get(json_object_get(run, "device"), "name"));
        if (name && other && strcmp(name, other) == 0)
            return run;
    }
    return NULL;
}

static int compare(const json_t *before, const json_t *after, double threshold, const char *path) {
    int status = AR_DONE;
    size_t i;
    json_t *run, *all = json_array();
    bool alone = json_array_size(before) == 1 && json_array_size(after) == 1,
         quiet = path && strcmp(path, "-") == 0;
    json_array_foreach(before, i, run) {
        const json_t *other = alone ? json_array_get(after, 0) : partner(run, after);
        const char *name = json_string_value(json_object_get(json_object_get(run, "device"), "name"));
        ar_run_comparison made;
        if (!other) {
            fprintf(stderr, "arete compare: the second file has no run on %s\n", name);
            status = AR_FAILURE;
            continue;
        }
        if (ar_runs_compare(run, other, threshold, &made) != ARETE_OK) {
            status = ar_command_failed("compare");
            break;
        }
        if (!quiet) {
            printf("%s\n", name);
            ar_run_comparison_print(stdout, &made, threshold, ar_command_colour(stdout));
        }
        json_array_append_new(all, ar_run_comparison_json(&made, threshold));
        status = made.regressed ? AR_FAILURE : status;
        ar_run_comparison_free(&made);
    }
    if (path && ar_json_write(json_array_size(all) == 1 ? json_array_get(all, 0) : all, path) != ARETE_OK)
        status = ar_command_failed("--json");
    json_decref(all);
    return status;
}

enum { THRESHOLD = 1, JSON, HELP };

static const struct option options[] = {{"threshold", required_argument, NULL, THRESHOLD},
                                        {"json", required_argument, NULL, JSON},
                                        {"help", no_argument, NULL, HELP},
                                        {0}};

int cmd_compare(int argc, char **argv) {
    double threshold = 0.05;
    const char *path = NULL;
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1)
        switch (option) {
        case THRESHOLD:
            if (!take_threshold(optarg, &threshold))
                return ar_command_usage("compare", "--threshold is a share such as 5% or 0.05");
            break;
        case JSON:
            path = optarg;
            break;
        case HELP:
        case 'h':
            help();
            return AR_DONE;
        default:
            return AR_USAGE;
        }
    if (argc - optind != 2)
        return ar_command_usage("compare", "takes two files");
    json_t *before = json_array(), *after = json_array();
    int status = AR_DONE;
    if (ar_runs_load(argv[optind], before) != ARETE_OK || ar_runs_load(argv[optind + 1], after) != ARETE_OK)
        status = ar_command_failed("compare");
    if (status == AR_DONE)
        status = compare(before, after, threshold, path);
    json_decref(before);
    json_decref(after);
    return status;
}
