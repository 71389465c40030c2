/* Nearest name by edit distance, where two swapped letters are one edit. */
#include "base/suggest.h"

#include <limits.h>
#include <string.h>

enum { LONGEST = 48 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance of texts of at most LONGEST letters. */
static int distance(const char *a, size_t length_a, const char *b, size_t length_b)
{
    int rows[3][LONGEST + 1];
    int *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= length_b; j++)
        last[j] = (int)j;
    for (size_t i = 1; i <= length_a; i++) {
        row[0] = (int)i;
        for (size_t j = 1; j <= length_b; j++) {
            row[j] = least(last[j - 1] + (a[i - 1] != b[j - 1]), least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        int *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[length_b];
}

base_suggestion base_suggest_begin(const char *typed)
{
    return (base_suggestion){ .typed = typed, .best = NULL, .distance = INT_MAX };
}

void base_suggest_offer(base_suggestion *s, const char *name)
{
    size_t typed = strlen(s->typed), known = strlen(name);
    if (typed > LONGEST || known > LONGEST || typed == 0)
        return;
    int d = distance(s->typed, typed, name, known);
    /* A third of the letters may be wrong. */
    if (3 * d <= (int)known + 1 && d < s->distance) {
        s->best = name;
        s->distance = d;
    }
}
