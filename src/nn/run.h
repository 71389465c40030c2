/* nn/run.h: what training runs of all models share: the run folder with its checkpoint, model file
 * and event log, when a checkpoint is due, and what is said to who resumes. */
#ifndef NN_RUN_H
#define NN_RUN_H

#include "agena/nn.h"

typedef struct {
    char *folder;
    char *checkpoint, *model; /* paths in it */
    ag_events *events;
    double last_saved; /* ag_seconds() */
} ag_run;

/* Choose the run folder: output, or what the recipe says (its key output, may be NULL). It must
 * hold a checkpoint exactly when the run is resumed: AG_EINVAL, AG_ENOTFOUND. Makes nothing yet. */
int ag_run_open(const char *recipe, const char *output, const char *otherwise, bool resume,
                ag_run *run);
/* Make the folder and begin an event log, once all else is ready. */
int ag_run_begin(ag_run *run);
void ag_run_close(ag_run *run); /* one that is all 0 too */

/* Read the checkpoint. AG_EINVAL when it was made by another recipe than `text`, which is all of a
 * recipe that a resumed run must not change. */
int ag_run_load(const ag_run *run, const char *text, ag_safetensors **out);
/* Write it, with the recipe. */
int ag_run_save(ag_run *run, const char *text, ag_safetensors *f);
/* After so many minutes, and by every so many steps (0: by time alone). */
bool ag_run_save_is_due(const ag_run *run, int64_t step, int minutes, int64_t steps);
/* AG_EINVAL, and the line that differs, unless two recipes are the same; path: of what `then` made.
 */
int ag_run_same_recipe(const char *path, const char *then, const char *now);
/* AG_EINTERRUPTED with the sentence of a run that was saved and can be resumed. */
int ag_run_stopped(int64_t step);

#endif
