/* base/suggest.h: which known name was probably meant by a mistyped one. */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

typedef struct {
    const char *typed;
    const char *best; /* NULL: nothing is near */
    int distance;
} base_suggestion;

base_suggestion base_suggest_begin(const char *typed);
/* Offer one known name; it replaces `best` when it is nearer and near enough. */
void base_suggest_offer(base_suggestion *s, const char *name);

#endif
