/* The calling thread's last error, as one sentence. */
#include <stdio.h>
#include <string.h>

#include "agena/base.h"

enum { SENTENCE_SIZE = 1024 };

static _Thread_local char sentence[SENTENCE_SIZE];

int ag_fail(int code, const char *format, ...)
{
    /* Arguments may point into the old sentence, so the new one is made beside it. */
    char next[SENTENCE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(next, sizeof next, format, args);
    va_end(args);
    memcpy(sentence, next, sizeof next);
    return code;
}

int ag_fail_context(int code, const char *format, ...)
{
    char context[SENTENCE_SIZE];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(context, sizeof context, format, args);
    va_end(args);
    if (length < 0)
        return code;
    strncat(context, ": ", sizeof context - strlen(context) - 1);
    strncat(context, sentence, sizeof context - strlen(context) - 1);
    memcpy(sentence, context, sizeof context);
    return code;
}

const char *ag_error(void)
{
    return sentence;
}
