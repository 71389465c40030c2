/* Levels with an instruction in words: which object to take, in which room, or what is true.
 * The hall is always the same but for its colours; rooms are laid out anew for each task. */
#include "lab/levels/levels.h"

typedef enum { DESCRIBED, LOCATED, RANDOM_TASK, QUESTION } language_task;

static const language_task DESCRIBED_TASK = DESCRIBED, LOCATED_TASK = LOCATED, RANDOM = RANDOM_TASK,
                           QUANTITATIVE = QUESTION;

static const float RIGHT = 10, WRONG = -10, BIG = 0.75f, SMALL = 0.35f, USUAL = 0.5f;

enum { MOST_THINGS = 12, MOST_ROOMS = 6 };

/* One object of the scene, before it is put into the world. */
typedef struct {
    lab_shape shape;
    lab_colour colour;
    float size;
    int room; /* 1 + index */
} thing;

typedef struct {
    thing things[MOST_THINGS];
    int count;
    int floor[MOST_ROOMS]; /* colour of each room's floor */
} scene;

/* Shapes and colours that are told apart at once in a small picture. */
static const lab_shape SHAPES[] = { LAB_HAT,  LAB_CAN,   LAB_CAKE,     LAB_BALLOON,
                                    LAB_CAR,  LAB_KEY,   LAB_BALL,     LAB_CONE,
                                    LAB_STAR, LAB_HEART, LAB_CUP,      LAB_FISH,
                                    LAB_RING, LAB_CHAIR, LAB_UMBRELLA, LAB_BOTTLE };
enum { USED_SHAPES = sizeof SHAPES / sizeof SHAPES[0] };

static lab_shape any_shape(lab_world *w)
{
    return SHAPES[lab_below(w, USED_SHAPES)];
}

/* Chance is drawn once in a statement: arguments are evaluated in no fixed order. */

/* Another one than this. */
static lab_shape other_shape(lab_world *w, lab_shape but)
{
    lab_shape shape = any_shape(w);
    while (shape == but)
        shape = any_shape(w);
    return shape;
}

static lab_colour any_colour(lab_world *w)
{
    return (lab_colour)lab_below(w, LAB_COLOURS);
}

static lab_colour other_colour(lab_world *w, lab_colour but)
{
    return (lab_colour)(((int)but + 1 + lab_below(w, LAB_COLOURS - 1)) % LAB_COLOURS);
}

static void add(scene *s, lab_shape shape, lab_colour colour, float size, int room)
{
    s->things[s->count++] = (thing){ shape, colour, size, room };
}

/* ---- rooms ---- */

/* 'S': the stage, where the objects of questions stand. */
static const char HALL[] = "#########\n"
                           "#SSSSSSS#\n"
                           "#SSSSSSS#\n"
                           "#.......#\n"
                           "#.......#\n"
                           "#.......#\n"
                           "#########\n";
static const char HALL_ROOMS[] = "         \n"
                                 " AAAAAAA \n"
                                 " AAAAAAA \n"
                                 " AAAAAAA \n"
                                 " AAAAAAA \n"
                                 " AAAAAAA \n"
                                 "         \n";

enum { CORRIDORS = 3 }; /* a theme whose floor is in none of the colours of rooms */

/* Floors of rooms in different colours. */
static void colour_floors(lab_world *w, scene *s)
{
    int colour[LAB_COLOURS];
    for (int i = 0; i < LAB_COLOURS; i++)
        colour[i] = i;
    lab_shuffle_ints(w, colour, LAB_COLOURS);
    for (int room = 0; room < w->map.rooms && room < MOST_ROOMS; room++) {
        s->floor[room] = colour[room];
        lab_theme theme = lab_theme_of(w, CORRIDORS);
        theme.floor = lab_material_of(w, LAB_TEX_PLAIN, lab_paint_rgb(colour[room]));
        lab_paint(w, room + 1, theme);
    }
}

/* One hall, or 2 to 6 rooms. */
static int build_rooms(lab_world *w, scene *s, bool several)
{
    int rc;
    if (several) {
        lab_scatter scatter = { .width = 17,
                                .height = 17,
                                .rooms = 2 + lab_below(w, MOST_ROOMS - 1),
                                .room_min = 3,
                                .room_max = 5,
                                .wall = 1,
                                .ceiling = 1 };
        rc = lab_make_rooms(w, &scatter);
    } else {
        rc = lab_map_text(w, HALL, HALL_ROOMS, 1, 1);
    }
    if (rc)
        return rc;
    lab_paint(w, -1, lab_theme_of(w, several ? CORRIDORS : lab_below(w, LAB_THEMES)));
    if (several)
        colour_floors(w, s);
    return 0;
}

/* ---- instructions: thing 0 is the one that is meant ---- */

static void ask_shape(lab_world *w, scene *s)
{
    lab_shape shape = any_shape(w);
    add(s, shape, any_colour(w), USUAL, 1);
    for (int i = 0; i < 3; i++) {
        lab_shape other = other_shape(w, shape);
        add(s, other, any_colour(w), USUAL, 1);
    }
    lab_instruct(w, "%s", lab_shape_names[shape]);
}

static void ask_colour(lab_world *w, scene *s)
{
    lab_colour colour = any_colour(w);
    add(s, any_shape(w), colour, USUAL, 1);
    for (int i = 0; i < 3; i++) {
        lab_shape shape = any_shape(w);
        add(s, shape, other_colour(w, colour), USUAL, 1);
    }
    lab_instruct(w, "%s object", lab_colour_names[colour]);
}

static void ask_both(lab_world *w, scene *s)
{
    lab_shape shape = any_shape(w);
    lab_colour colour = any_colour(w);
    add(s, shape, colour, USUAL, 1);
    add(s, shape, other_colour(w, colour), USUAL, 1);
    add(s, other_shape(w, shape), colour, USUAL, 1);
    lab_shape other = other_shape(w, shape);
    add(s, other, other_colour(w, colour), USUAL, 1);
    lab_instruct(w, "%s %s", lab_colour_names[colour], lab_shape_names[shape]);
}

static void ask_size(lab_world *w, scene *s)
{
    lab_shape shape = any_shape(w);
    bool big = lab_chance(w, 0.5f);
    add(s, shape, any_colour(w), big ? BIG : SMALL, 1);
    add(s, shape, any_colour(w), big ? SMALL : BIG, 1);
    lab_shape other = other_shape(w, shape);
    add(s, other, any_colour(w), big ? BIG : SMALL, 1);
    lab_instruct(w, "%s %s", big ? "big" : "small", lab_shape_names[shape]);
}

static void ask_not(lab_world *w, scene *s)
{
    lab_colour colour = any_colour(w);
    lab_shape shape = any_shape(w);
    add(s, shape, other_colour(w, colour), USUAL, 1);
    for (int i = 0; i < 3; i++)
        add(s, any_shape(w), colour, USUAL, 1);
    lab_instruct(w, "object that is not %s", lab_colour_names[colour]);
}

/* The only one of its shape, among pairs. */
static void ask_single(lab_world *w, scene *s)
{
    int order[USED_SHAPES];
    for (int i = 0; i < USED_SHAPES; i++)
        order[i] = i;
    lab_shuffle_ints(w, order, USED_SHAPES);
    add(s, SHAPES[order[0]], any_colour(w), USUAL, 1);
    for (int i = 1; i < 3; i++) {
        add(s, SHAPES[order[i]], any_colour(w), USUAL, 1);
        add(s, SHAPES[order[i]], any_colour(w), USUAL, 1);
    }
    lab_instruct(w, "object that has no like");
}

/* The same object in other rooms, and others in its room. */
static void ask_place(lab_world *w, scene *s)
{
    int rooms = w->map.rooms < MOST_ROOMS ? w->map.rooms : MOST_ROOMS;
    int room = 1 + lab_below(w, rooms);
    lab_colour colour = any_colour(w);
    add(s, any_shape(w), colour, USUAL, room);
    lab_shape shape = any_shape(w);
    add(s, shape, other_colour(w, colour), USUAL, room);
    for (int other = 1; other <= rooms; other++) {
        if (other == room)
            continue;
        shape = any_shape(w);
        add(s, shape, lab_chance(w, 0.7f) ? colour : other_colour(w, colour), USUAL, other);
    }
    lab_instruct(w, "pick the %s object in the %s room", lab_colour_names[colour],
                 lab_colour_names[s->floor[room - 1]]);
}

typedef void (*ask_fn)(lab_world *w, scene *s);
static const ask_fn ASKS[] = { ask_shape, ask_colour, ask_both, ask_size,
                               ask_not,   ask_single, ask_place };
enum { DESCRIPTIONS = 4, ALL_ASKS = sizeof ASKS / sizeof ASKS[0] };

/* ---- questions: the answer is a white sphere for yes, a black one for no ---- */

static int count_of(const scene *s, int shape, int colour)
{
    int n = 0;
    for (int i = 0; i < s->count; i++)
        n += (shape < 0 || (int)s->things[i].shape == shape) &&
             (colour < 0 || (int)s->things[i].colour == colour);
    return n;
}

/* Objects of two shapes, some of them in one colour, and question 0 to 3 about them; returns the
 * answer. */
static bool ask_about(lab_world *w, scene *s, int question)
{
    s->count = 0;
    lab_shape shape = any_shape(w), other = other_shape(w, shape);
    lab_colour colour = any_colour(w);
    static const float SHARES[] = { 0, 0.5f, 1 };
    float share = SHARES[lab_below(w, 3)];
    int things = 4 + lab_below(w, 4);
    for (int i = 0; i < things; i++) {
        lab_shape one = i < 3 || lab_chance(w, 0.5f) ? shape : other;
        add(s, one, lab_chance(w, share) ? colour : other_colour(w, colour), USUAL, 1);
    }
    const char *paint = lab_colour_names[colour], *name = lab_shape_names[shape];
    const char *plural = shape == LAB_FISH ? "" : "s";
    int of_shape = count_of(s, (int)shape, -1), both = count_of(s, (int)shape, (int)colour);
    switch (question) {
    case 0:
        lab_instruct(w, "are all %s%s %s?", name, plural, paint);
        return both == of_shape;
    case 1:
        lab_instruct(w, "is any %s %s?", name, paint);
        return both > 0;
    case 2:
        lab_instruct(w, "is anything %s?", paint);
        return count_of(s, -1, (int)colour) > 0;
    default:
        lab_instruct(w, "are most %s%s %s?", name, plural, paint);
        return 2 * both > of_shape;
    }
}

/* Yes and no are equally often right for every question: the answer is drawn first. */
static bool ask_question(lab_world *w, scene *s)
{
    enum { QUESTIONS = 4, TRIES = 64 };
    int question = lab_below(w, QUESTIONS);
    bool answer = lab_chance(w, 0.5f);
    for (int i = 0; i < TRIES; i++)
        if (ask_about(w, s, question) == answer)
            return answer;
    return !answer;
}

/* ---- scenes ---- */

/* Put the things where there is room for them and none bars a way. */
static void furnish(lab_world *w, const scene *s, bool scenery)
{
    for (int i = 0; i < s->count; i++) {
        const thing *t = &s->things[i];
        lab_place places[LAB_MAX_CELLS];
        int count = lab_places(w, t->room, scenery ? 'S' : 0, places, LAB_MAX_CELLS);
        count = lab_keep_inner(w, places, count);
        if (count == 0)
            continue;
        float reward = i == 0 ? RIGHT : WRONG;
        lab_entity *e = lab_add_object(w, places[lab_below(w, count)], t->shape, t->colour, t->size,
                                       scenery ? 0 : reward);
        if (e && scenery) {
            e->touch = false;
            e->solid = true;
        }
    }
}

/* In a hall where nothing lies (before the stage, where there is one), or in a corridor. */
static void put_player(lab_world *w, bool several)
{
    lab_place start;
    if (lab_random_place(w, several ? 0 : 1, several ? 0 : ' ', &start))
        lab_put_player(w, start, -1);
}

static void put_answers(lab_world *w, bool yes)
{
    static const lab_place LEFT_PLACE = { 2, 5 }, RIGHT_PLACE = { 6, 5 };
    bool yes_left = lab_chance(w, 0.5f);
    lab_add_object(w, yes_left ? LEFT_PLACE : RIGHT_PLACE, LAB_BALL, LAB_WHITE, USUAL,
                   yes ? RIGHT : WRONG);
    lab_add_object(w, yes_left ? RIGHT_PLACE : LEFT_PLACE, LAB_BALL, LAB_BLACK, USUAL,
                   yes ? WRONG : RIGHT);
}

/* A new map with a new task; also after each restart. */
static int build(lab_world *w)
{
    scene s = { .count = 0 };
    language_task task = *(const language_task *)w->level->config;
    int ask = task == DESCRIBED     ? lab_below(w, DESCRIPTIONS)
              : task == RANDOM_TASK ? lab_below(w, ALL_ASKS)
                                    : ALL_ASKS - 1;
    bool several = task != QUESTION && ASKS[ask] == ask_place;
    lab_remove_all(w);
    int rc = build_rooms(w, &s, several);
    if (rc)
        return rc;
    if (task == QUESTION) {
        bool yes = ask_question(w, &s);
        put_answers(w, yes);
    } else {
        ASKS[ask](w, &s);
    }
    furnish(w, &s, task == QUESTION);
    put_player(w, several);
    return 0;
}

static void pickup(lab_world *w, lab_entity *e)
{
    (void)e;
    lab_restart(w);
}

static void expert(lab_world *w, int repeat, int *action)
{
    lab_take(w, lab_nearest_good(w), repeat, action);
}

#define LANGUAGE(NAME, SUMMARY, SECONDS, CONFIG)                                                   \
    {                                                                                              \
        .name = NAME, .summary = SUMMARY, .seconds = SECONDS, .config = CONFIG, .language = true,  \
        .build = build, .restart = build, .pickup = pickup, .expert = expert                       \
    }

const lab_level lab_language_levels[] = {
    LANGUAGE("language_select_described_object", "take the object that the words describe", 60,
             &DESCRIBED_TASK),
    LANGUAGE("language_select_located_object", "take the object of a colour in a room of a colour",
             120, &LOCATED_TASK),
    LANGUAGE("language_execute_random_task", "do what the words say, one of seven kinds of tasks",
             120, &RANDOM),
    LANGUAGE("language_answer_quantitative_question",
             "answer a question: the white ball for yes, the black one for no", 120, &QUANTITATIVE),
    { .name = NULL },
};
