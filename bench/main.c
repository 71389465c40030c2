/* bench/main.c: agena-bench measures agena's figures beside their peers and prints them, as a table
 * or as one JSON object a line. */
#include "bench.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const bench_list *const lists[] = { &bench_peak_cases,     &bench_train_cases,
                                           &bench_generate_cases, &bench_command_cases,
                                           &bench_wage_cases,     &bench_env_cases,
                                           &bench_lab_cases };
enum { LISTS = sizeof(lists) / sizeof(lists[0]) };

typedef struct {
    bool json, list;
    char **names;
    int count;
} options;

static const char USAGE[] =
    "usage: agena-bench [NAME...] [--json] [--list]\n"
    "Measures the figures NAME (all without one; 'wavenet-generate' stands for every name that\n"
    "begins with 'wavenet-generate-') beside their peers and prints medians.\n"
    "  --json  one object a line: name, unit, agena, peer_name, peer, ratio, peak_share\n"
    "  --list  print the names and leave\n";

static bool exists(const char *name)
{
    for (int l = 0; l < LISTS; l++) {
        for (int i = 0; i < lists[l]->count; i++) {
            if (!strcmp(lists[l]->cases[i].name, name))
                return true;
        }
    }
    return false;
}

/* Is the case the one named, or one of the family when no case has the name itself? */
static bool matches(const char *name, const char *wanted)
{
    size_t length = strlen(wanted);
    return !strcmp(name, wanted) ||
           (!exists(wanted) && !strncmp(name, wanted, length) && name[length] == '-');
}

static bool selected(const options *o, const bench_case *bench)
{
    for (int i = 0; i < o->count; i++) {
        if (matches(bench->name, o->names[i]))
            return true;
    }
    return o->count == 0;
}

/* Every name given must stand for something. */
static bool names_known(const options *o)
{
    for (int n = 0; n < o->count; n++) {
        bool known = false;
        for (int l = 0; l < LISTS; l++) {
            for (int i = 0; i < lists[l]->count; i++)
                known = known || matches(lists[l]->cases[i].name, o->names[n]);
        }
        if (!known) {
            fprintf(stderr, "agena-bench: there is no figure '%s'; see --list\n", o->names[n]);
            return false;
        }
    }
    return true;
}

/* -1: an option is wrong. */
static int parse(int argc, char **argv, options *o)
{
    *o = (options){ .names = argv };
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json"))
            o->json = true;
        else if (!strcmp(argv[i], "--list"))
            o->list = true;
        else if (argv[i][0] == '-')
            return -1;
        else
            o->names[o->count++] = argv[i];
    }
    return names_known(o) ? 0 : -1;
}

static void print_number(const char *key, double value)
{
    if (isnan(value))
        printf(",\"%s\":null", key);
    else
        printf(",\"%s\":%.6g", key, value);
}

static void print_json(const bench_case *bench, const bench_result *r)
{
    printf("{\"name\":\"%s\",\"unit\":\"%s\"", bench->name, bench->unit);
    print_number("agena", r->agena);
    if (isnan(r->peer))
        printf(",\"peer_name\":null");
    else
        printf(",\"peer_name\":\"%s\"", bench->peer_name);
    print_number("peer", r->peer);
    print_number("ratio", r->ratio);
    print_number("peak_share", r->share);
    printf("}\n");
}

static void print_row(const bench_case *bench, const bench_result *r)
{
    printf("%-32s %12.6g %-10s", bench->name, r->agena, bench->unit);
    if (isnan(r->peer))
        printf(" %-10s %12s %7s", "", "", "");
    else
        printf(" %-10s %12.6g %6.2fx", bench->peer_name, r->peer, r->ratio);
    if (!isnan(r->share))
        printf(" %5.1f %% of peak", 100 * r->share);
    printf("\n");
}

/* Whether it could be measured. */
static bool run_case(const options *o, const bench_case *bench)
{
    bench_result result;
    if (bench_measure(bench, &result)) {
        fprintf(stderr, "agena-bench: %s: %s\n", bench->name, ag_error());
        return false;
    }
    if (o->json)
        print_json(bench, &result);
    else
        print_row(bench, &result);
    fflush(stdout);
    return true;
}

int main(int argc, char **argv)
{
    options o;
    if (parse(argc, argv, &o)) {
        fputs(USAGE, stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN); /* a peer that ended is an error to report, not our end */
    bool failed = false;
    for (int l = 0; l < LISTS; l++) {
        for (int i = 0; i < lists[l]->count; i++) {
            const bench_case *bench = &lists[l]->cases[i];
            if (!selected(&o, bench))
                continue;
            if (o.list)
                puts(bench->name);
            else if (!run_case(&o, bench))
                failed = true;
        }
    }
    return failed;
}
