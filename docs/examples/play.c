/* Let an agent that acts at random play any environment, eight side by side, and print the mean
 * reward of an episode:
 *
 *     play NAME EPISODES
 */
#include <agena/agena.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 8 };

static double random_action(const ag_action_spec *action, ag_rng *rng)
{
    double low = fmax(action->low, -1000), high = fmin(action->high, 1000);
    if (action->continuous)
        return low + (high - low) * (double)ag_rng_uniform(rng);
    return low + (double)ag_rng_below(rng, (uint64_t)(high - low) + 1);
}

/* Observations are not wanted here; an agent would give buffers for them in `out` as well. */
static int play(ag_env *env, int episodes, double *mean)
{
    const ag_env_spec *spec = ag_env_specification(env);
    double actions[BATCH * AG_ENV_MAX_ACTIONS], sum = 0;
    float reward[BATCH];
    uint8_t terminated[BATCH], truncated[BATCH];
    ag_env_buffers out = { .reward = reward, .terminated = terminated, .truncated = truncated };
    ag_rng rng;
    ag_rng_init(&rng, 1, AG_PURPOSE_SAMPLE, 0);
    int ended = 0, status = ag_env_reset(env, NULL, &out);
    while (status == AG_OK && ended < episodes) {
        for (int i = 0; i < BATCH * spec->actions; i++)
            actions[i] = random_action(&spec->action[i % spec->actions], &rng);
        status = ag_env_step(env, actions, &out);
        for (int i = 0; i < BATCH && status == AG_OK; i++) {
            sum += (double)reward[i];
            ended += terminated[i] || truncated[i];
        }
    }
    *mean = ended ? sum / ended : 0;
    return status;
}

int main(int argc, char **argv)
{
    int episodes = argc == 3 ? atoi(argv[2]) : 0;
    if (episodes < 1) {
        fprintf(stderr, "usage: play NAME EPISODES\n");
        return 2;
    }
    ag_env_options options = { .batch = BATCH, .seed = 1, .auto_reset = true };
    ag_env *env;
    double mean = 0;
    int status = ag_env_open(argv[1], &options, &env);
    if (status == AG_OK)
        status = play(env, episodes, &mean);
    if (status == AG_OK)
        printf("%.2f\n", mean);
    else
        fprintf(stderr, "play: %s\n", ag_error());
    ag_env_close(env);
    return status != AG_OK;
}
