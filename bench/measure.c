/* bench/measure.c: one case: ours and the peer in turn, medians, and the share of the peak. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_REPEATS = 31 };

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(*values), compare);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

double bench_share(const bench_peaks *peaks, const bench_cost *cost, double rate)
{
    /* Operations of all kinds share the same execution units, so their times add up; reading
     * overlaps with them. */
    double compute =
        (cost->f32 / peaks->f32 + cost->bf16 / peaks->bf16 + cost->int8 / peaks->int8) /
        cost->threads / 1e9;
    int level = BENCH_L1;
    while (level < BENCH_DRAM && cost->working_set > (double)peaks->size[level])
        level++;
    double bandwidth = cost->threads > 1 ? peaks->read_pair[level] : peaks->read[level];
    double reading = bandwidth > 0 ? cost->bytes / bandwidth / 1e9 : 0;
    return rate * (compute > reading ? compute : reading);
}

static int repeat(const bench_case *bench, void *state, bench_peer *peer, bench_result *result)
{
    double ours[MAX_REPEATS], peers[MAX_REPEATS];
    int count = bench->repeats < MAX_REPEATS ? bench->repeats : MAX_REPEATS;
    for (int i = 0; i < count; i++) {
        int error = bench->measure(bench, state, &ours[i]);
        if (!error && peer)
            error = bench_peer_measure(peer, &peers[i]);
        if (error)
            return error;
    }
    result->agena = bench_median(ours, count);
    if (peer) {
        result->peer = bench_median(peers, count);
        result->ratio =
            bench->lower_is_better ? result->peer / result->agena : result->agena / result->peer;
    }
    if (bench->cost) {
        bench_cost cost = { .threads = 1 };
        bench->cost(state, &cost);
        result->share = bench_share(bench_peaks_get(), &cost, result->agena);
    }
    return AG_OK;
}

int bench_measure(const bench_case *bench, bench_result *result)
{
    *result = (bench_result){ .agena = NAN, .peer = NAN, .ratio = NAN, .share = NAN };
    void *state = NULL;
    int error = bench->open ? bench->open(bench, &state) : AG_OK;
    if (error)
        return error;
    bench_peer *peer;
    error = bench_peer_open(bench, &peer);
    if (!error)
        error = repeat(bench, state, peer, result);
    bench_peer_close(peer);
    if (bench->close)
        bench->close(state);
    return error;
}
