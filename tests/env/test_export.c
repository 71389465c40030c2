/* libagena_lab.so through our own loader: the same bytes as without the detour. */
#include <dlfcn.h>
#include <stdlib.h>

#include "env/plugin.h"
#include "env_test.h"

static const char *exported(const char *connect, const char *settings)
{
    static char names[4][1024];
    static int next;
    char *name = names[next++ % 4];
    snprintf(name, sizeof names[0], "plugin:%s%s?%s", getenv("agena_lab"), connect, settings);
    return name;
}

/* Index of a name among observations; fails the test if there is none. */
static int find(const ag_env_spec *spec, const char *name)
{
    for (int i = 0; i < spec->observations; i++) {
        if (strcmp(spec->observation[i].name, name) == 0)
            return i;
    }
    fail_msg("there is no observation %s", name);
    return -1;
}

/* Begin, in the direct environment, the episode that the plug-in's loader asks for. */
static void begin_same(play *direct, uint64_t seed, uint64_t episode)
{
    for (int i = 0; i < direct->batch; i++)
        ag_env_seed(direct->env, i, (uint64_t)plugin_seed(env_seed_of(seed, i), episode));
    assert_int_equal(ag_env_reset(direct->env, NULL, &direct->out), AG_OK);
}

static void assert_same(const play *direct, const play *detour)
{
    size_t batch = (size_t)direct->batch;
    for (int i = 0; i < direct->spec->observations; i++) {
        const ag_observation_spec *o = &direct->spec->observation[i];
        int k = find(detour->spec, o->name);
        size_t theirs = detour->spec->observation[k].bytes; /* texts are longer there */
        for (size_t b = 0; b < batch; b++)
            assert_memory_equal((uint8_t *)direct->out.observation[i] + b * o->bytes,
                                (uint8_t *)detour->out.observation[k] + b * theirs, o->bytes);
    }
}

static void same_way(const char *name, const char *plugin)
{
    ag_env_options options = { .batch = 3, .seed = 21, .action_repeat = 2 };
    play direct, detour;
    play_open(&direct, name, &options);
    play_open(&detour, plugin, &options);
    assert_int_equal(detour.spec->actions, direct.spec->actions);
    for (uint64_t episode = 0; episode < 2; episode++) {
        begin_same(&direct, options.seed, episode);
        assert_int_equal(ag_env_reset(detour.env, NULL, &detour.out), AG_OK);
        assert_same(&direct, &detour);
        bool ended = false;
        for (int t = 0; t < 60 && !ended; t++) {
            assert_int_equal(play_step(&direct), AG_OK);
            assert_int_equal(play_step(&detour), AG_OK);
            assert_memory_equal(direct.out.reward, detour.out.reward, 3 * sizeof(float));
            assert_memory_equal(direct.out.terminated, detour.out.terminated, 3);
            for (int i = 0; i < 3; i++)
                ended = ended || direct.out.terminated[i] || direct.out.truncated[i];
            if (!ended)
                assert_same(&direct, &detour);
        }
    }
    play_close(&direct);
    play_close(&detour);
}

static void own_library_gives_the_same_bytes(void **state)
{
    (void)state;
    same_way("classic/cartpole", exported("", "levelName=classic/cartpole"));
    same_way("classic/gridworld", exported(":agena_lab_connect", "levelName=classic/gridworld"));
    same_way("classic/reach", exported(":dmlab_connect", "levelName=classic/reach"));
    same_way("classic/spell", exported("", "levelName=classic/spell&agena.parallel=1"));
}

static void pictures_in_every_form(void **state)
{
    (void)state;
    enum { H = 10, W = 12, PIXELS = H * W };
    play p;
    play_open(&p,
              exported(":dmlab_connect", "levelName=classic/gridworld&runfiles_path=/tmp&fps=2"),
              &(ag_env_options){ .batch = 1, .width = W, .height = H });
    assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
    const uint8_t *rgb = p.out.observation[find(p.spec, "RGB_INTERLEAVED")];
    const uint8_t *planes = p.out.observation[find(p.spec, "RGB")];
    const uint8_t *bgr = p.out.observation[find(p.spec, "BGR_INTERLEAVED")];
    const uint8_t *bgr_planes = p.out.observation[find(p.spec, "BGR")];
    assert_int_equal(p.spec->observation[find(p.spec, "RGB")].shape[0], 3);
    assert_int_equal(p.spec->observation[find(p.spec, "BGR")].shape[2], W);
    bool coloured = false;
    for (int i = 0; i < PIXELS; i++) {
        for (int k = 0; k < 3; k++) {
            assert_int_equal(planes[k * PIXELS + i], rgb[3 * i + k]);
            assert_int_equal(bgr[3 * i + 2 - k], rgb[3 * i + k]);
            assert_int_equal(bgr_planes[(2 - k) * PIXELS + i], rgb[3 * i + k]);
        }
        coloured = coloured || rgb[3 * i] != rgb[3 * i + 2];
    }
    assert_true(coloured);
    assert_string_equal(p.out.observation[find(p.spec, "INSTR")], "");
    play_close(&p);
}

/* The names of DeepMind Lab's suite, its actions, its way to connect; depth is rendered with it. */
static void programs_for_deepmind_lab_run(void **state)
{
    (void)state;
    same_way("lab/explore_goal_locations_small",
             exported(":dmlab_connect",
                      "levelName=contributed/dmlab30/explore_goal_locations_small"
                      "&fps=60&mixerSeed=5&runfiles_path=/tmp&renderer=hardware"));
    same_way("lab/language_select_described_object",
             exported("", "levelName=language_select_described_object.lua"));
    play p;
    play_open(&p, exported(":dmlab_connect", "levelName=lab/rooms_watermaze&fps=15"),
              &(ag_env_options){ .batch = 1 });
    assert_int_equal(p.spec->actions, 7);
    assert_string_equal(p.spec->action[0].name, "LOOK_LEFT_RIGHT_PIXELS_PER_FRAME");
    assert_true(p.spec->action[0].low == -512 && p.spec->action[0].high == 512);
    assert_int_equal(ag_env_reset(p.env, NULL, &p.out), AG_OK);
    const float *frames = p.out.observation[find(p.spec, "FRAMES_REMAINING_AT_60")];
    float before = *frames;
    assert_int_equal(play_step(&p), AG_OK);
    assert_true(*frames == before - 4); /* a frame of 15 a second is four of 60 */
    const uint8_t *rgbd = p.out.observation[find(p.spec, "RGBD_INTERLEAVED")];
    const uint8_t *planes = p.out.observation[find(p.spec, "BGRD")];
    assert_int_equal(p.spec->observation[find(p.spec, "BGRD")].shape[0], 4);
    int depths = 0;
    for (int i = 0; i < 72 * 96; i++) {
        assert_int_equal(planes[3 * 72 * 96 + i], rgbd[4 * i + 3]);
        assert_int_equal(planes[i], rgbd[4 * i + 2]);
        depths += rgbd[4 * i + 3] != rgbd[3];
    }
    assert_true(depths > 100);
    find(p.spec, "INSTR");
    play_close(&p);
}

static void wrong_settings_are_told(void **state)
{
    (void)state;
    assert_refused(exported("", "width=64"), NULL, AG_EIO, "the setting levelName is missing");
    assert_refused(exported("", "levelName=contributed/dmlab30/no_such_level"), NULL, AG_EIO,
                   "there is no environment 'lab/no_such_level'");
    assert_refused(exported("", "levelName=classic/gridworld&width=x"), NULL, AG_EINVAL,
                   "width is 'x', not a whole number");
    assert_refused(exported("", "levelName=classic/gridworld&fps=3"), NULL, AG_EIO,
                   "fps is 3, which does not divide this world's 4");
    assert_refused(exported(":dmlab_connect", "renderer=paper"), NULL, AG_EINVAL,
                   "renderer is 'paper'");
    ag_env *env; /* what DeepMind Lab's programs also set */
    assert_int_equal(
        ag_env_open(exported("", "levelName=classic/gridworld&mixerSeed=3&logLevel=WARN"), NULL,
                    &env),
        AG_OK);
    ag_env_close(env);
}

/* A program that does not keep to the interface: calls in any order, with any index. */
static void careless_programs_do_no_harm(void **state)
{
    (void)state;
    void *library = dlopen(getenv("agena_lab"), RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    eca_connect connect = (eca_connect)dlsym(library, "agena_lab_connect");
    eca_api api;
    void *context;
    assert_int_equal(connect(&api, &context), 0);
    eca_observation seen;
    eca_observation_spec spec;
    double reward;
    assert_int_not_equal(api.start(context, 0, 1), 0);
    assert_contains(api.error_message(context), "start comes after an init that succeeds");
    assert_int_equal(api.advance(context, 1, &reward), ECA_ERROR);
    api.observation(context, 0, &seen);
    assert_int_equal(seen.spec.type, ECA_STRING);
    assert_string_equal(seen.payload.string, "");
    assert_int_equal(api.setting(context, "levelName", "lab/rooms_watermaze"), 0);
    assert_int_equal(api.init(context), 0);
    assert_int_not_equal(api.init(context), 0);
    assert_int_not_equal(api.setting(context, "width", "64"), 0);
    api.observation(context, 0, &seen); /* nothing has begun */
    assert_int_equal(seen.payload.bytes[72 * 96 * 3 - 1], 0);
    assert_int_equal(api.start(context, 0, -1), 0);
    const int far[] = { INT32_MAX, INT32_MIN, 7, -7, 2, 2, 2 };
    api.act_discrete(context, far);
    assert_int_equal(api.advance(context, 0, &reward), ECA_RUNNING);
    assert_int_equal(api.advance(context, -5, &reward), ECA_RUNNING);
    static const int wrong[] = { -1, 99, INT32_MAX, INT32_MIN };
    for (int i = 0; i < 4; i++) {
        int low = 1, high = 1;
        double bottom = 1, top = 1;
        api.observation_spec(context, wrong[i], &spec);
        api.observation(context, wrong[i], &seen);
        assert_string_equal(seen.payload.string, "");
        api.action_discrete_bounds(context, wrong[i], &low, &high);
        api.action_continuous_bounds(context, wrong[i], &bottom, &top);
        assert_true(low == 0 && high == 0 && bottom == 0 && top == 0);
        assert_null(api.observation_name(context, wrong[i]));
        assert_null(api.action_discrete_name(context, wrong[i]));
        assert_null(api.action_continuous_name(context, wrong[i]));
    }
    /* The longest demand ends with the episode. */
    assert_int_equal(api.advance(context, INT32_MAX, &reward), ECA_INTERRUPTED);
    assert_int_equal(api.advance(context, 1, &reward), ECA_ERROR);
    api.observation(context, 0, &seen);
    assert_int_equal(seen.payload.bytes[0], 0);
    api.release_context(context);
    dlclose(library);
}

void test_export(test_list *list)
{
    ADD_TEST(list, "export", own_library_gives_the_same_bytes);
    ADD_TEST(list, "export", pictures_in_every_form);
    ADD_TEST(list, "export", programs_for_deepmind_lab_run);
    ADD_TEST(list, "export", wrong_settings_are_told);
    ADD_TEST(list, "export", careless_programs_do_no_harm);
}
