/* Fuzz target of the manifest reader: whatever is believed must be consistent, and no failing
 * allocation on the way may do harm. */
#include "agena/data.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const ag_manifest *m, const ag_recording *r)
{
    if (!*r->path || strlen(r->text) > AG_MANIFEST_MAX_TEXT || !(r->seconds > 0) ||
        r->speaker_id >= ag_manifest_speakers(m) || r->language_id >= ag_manifest_languages(m))
        abort();
    if (strcmp(ag_manifest_speaker(m, r->speaker_id), r->speaker) != 0 ||
        strcmp(ag_manifest_language(m, r->language_id), r->language) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ag_manifest *m;
    int code = ag_manifest_parse(data, size, "input", "folder", &m);
    if ((code == AG_OK) != (m != NULL) || (code != AG_OK && !*ag_error()))
        abort();
    for (int64_t i = 0; m && i < ag_manifest_count(m); i++)
        check(m, ag_manifest_at(m, i));
    ag_manifest_free(m);

    ag_alloc_fail_at(1 + size % 23);
    int again = ag_manifest_parse(data, size, "input", "folder", &m);
    ag_alloc_fail_at(0);
    if (again != code && again != AG_ENOMEM)
        abort();
    ag_manifest_free(m);
    return 0;
}
