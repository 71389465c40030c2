/* Psychology on a screen: the player stands before it and answers by where it looks. A trial begins
 * with a look at the cross and ends with a look at a button; a look counts when it rests. */
#include "lab/levels/levels.h"

typedef enum { MAPPING, RECOGNITION, COMPARISON, SEARCH } psych_task;

typedef struct {
    psych_task task;
    int trials; /* at most */
} psych_config;

static const psych_config VISUOMOTOR = { MAPPING, 60 }, CONTINUOUS = { RECOGNITION, 60 },
                          SEQUENTIAL = { COMPARISON, 60 }, VISUAL = { SEARCH, 80 };

typedef enum {
    CROSS,    /* wait for a look at the cross */
    FIRST,    /* the pattern to remember */
    BLANK,    /* the delay after it */
    CHOOSE,   /* the picture, and the buttons */
    FEEDBACK, /* the button that was looked at, in green or red */
} psych_phase;

enum { LEFT, RIGHT, UP, DOWN, BUTTONS };

enum {
    REST_TICKS = 10,     /* a look that counts */
    FIRST_TICKS = 40,    /* a pattern is shown */
    FEEDBACK_TICKS = 20, /* a result is shown */
    MAPPED = 6,          /* pictures of an episode that are tied to directions */
    MOST_ITEMS = 32,     /* in a search */
    COLUMNS = 7,
    ROWS = 5,
    TILE = 36, /* pixels of an item in a search */
};

typedef struct {
    psych_phase phase;
    int timer, delay;         /* ticks left of the phase; of BLANK */
    int looked, rest;         /* what is looked at (button, BUTTONS = cross, -1), for how long */
    int trial, right, chosen; /* trials done; the right button; the one chosen */
    uint32_t image, other;    /* numbers of abstract pictures: shown now, shown first */
    uint32_t known[128];      /* pictures seen, or tied to directions */
    int direction[MAPPED];    /* of known[] in MAPPING */
    int seen;                 /* pictures in known[] */
    uint8_t item[COLUMNS * ROWS]; /* of a search: 0 nothing, else 1 + quarters, IS_T, IS_PINK */
} psych_state;

enum { QUARTERS = 3, IS_T = 8, IS_PINK = 16 };

typedef struct {
    int x, y, side;
} square;

/* Buttons at the sides; in a search they are at the bottom, so that items have room. */
static const square BUTTON[BUTTONS] = {
    { 4, 100, 56 }, { 196, 100, 56 }, { 100, 4, 56 }, { 100, 196, 56 }
};
static const square LOW_BUTTON[2] = { { 12, 194, 56 }, { 188, 194, 56 } };
static const square MIDDLE = { 76, 76, 104 }, FIXATION = { 104, 104, 48 };

static const uint32_t GROUND = LAB_RGB(70, 74, 84), PALE = LAB_RGB(214, 218, 226),
                      DARK = LAB_RGB(24, 24, 30), GREEN = LAB_RGB(60, 200, 90),
                      RED = LAB_RGB(222, 60, 54), BLUE = LAB_RGB(80, 120, 255),
                      PINK = LAB_RGB(255, 120, 190);

static psych_state *state_of(lab_world *w)
{
    return (psych_state *)w->state;
}

static psych_task task_of(const lab_world *w)
{
    return ((const psych_config *)w->level->config)->task;
}

static int buttons_of(const lab_world *w)
{
    return task_of(w) == MAPPING ? BUTTONS : 2;
}

static square button_at(const lab_world *w, int button)
{
    return task_of(w) == SEARCH ? LOW_BUTTON[button] : BUTTON[button];
}

/* ---- trials ---- */

static uint32_t fresh(lab_world *w)
{
    return ag_rng_u32(&w->rng);
}

static void plan_recognition(lab_world *w)
{
    psych_state *s = state_of(w);
    bool old = s->seen > 0 && lab_chance(w, 0.5f);
    s->right = old ? RIGHT : LEFT;
    s->image = old ? s->known[lab_below(w, s->seen)] : fresh(w);
    if (!old)
        s->known[s->seen++] = s->image;
}

static void plan_comparison(lab_world *w)
{
    psych_state *s = state_of(w);
    bool same = lab_chance(w, 0.5f);
    s->delay = 8 << lab_below(w, 6);
    s->right = same ? RIGHT : LEFT;
    s->other = fresh(w);
    s->image = same ? s->other : fresh(w);
}

/* Pink Ls and blue Ts among which there is a pink T, or not. */
static void plan_search(lab_world *w)
{
    psych_state *s = state_of(w);
    int place[COLUMNS * ROWS], count = 1 << lab_below(w, 6);
    for (int i = 0; i < COLUMNS * ROWS; i++) {
        place[i] = i;
        s->item[i] = 0;
    }
    lab_shuffle_ints(w, place, COLUMNS * ROWS);
    for (int i = 0; i < count; i++) {
        int kind = lab_chance(w, 0.5f) ? IS_T : IS_PINK;
        s->item[place[i]] = (uint8_t)(1 + lab_below(w, 4) + kind);
    }
    s->right = lab_chance(w, 0.5f) ? RIGHT : LEFT;
    if (s->right == RIGHT)
        s->item[place[0]] = (uint8_t)(1 + lab_below(w, 4) + IS_T + IS_PINK);
}

static void plan_trial(lab_world *w)
{
    psych_state *s = state_of(w);
    int pick;
    switch (task_of(w)) {
    case MAPPING:
        pick = lab_below(w, MAPPED);
        s->image = s->known[pick];
        s->right = s->direction[pick];
        break;
    case RECOGNITION:
        plan_recognition(w);
        break;
    case COMPARISON:
        plan_comparison(w);
        break;
    default:
        plan_search(w);
    }
}

/* ---- the screen ---- */

static void draw_search(const psych_state *s, lab_picture *p)
{
    for (int i = 0; i < COLUMNS * ROWS; i++) {
        int item = s->item[i], x = i % COLUMNS * TILE + 2, y = i / COLUMNS * TILE + 6;
        if (item)
            lab_picture_letter(p, ((item - 1) & IS_T) ? 'T' : 'L', (item - 1) & QUARTERS, x + 3,
                               y + 3, TILE - 6, (item - 1) & IS_PINK ? PINK : BLUE);
    }
}

static void draw_buttons(const lab_world *w, const psych_state *s, lab_picture *p)
{
    for (int i = 0; i < buttons_of(w); i++) {
        square b = button_at(w, i);
        bool chosen = s->phase == FEEDBACK && s->chosen == i;
        uint32_t rgb = !chosen ? PALE : i == s->right ? GREEN : RED;
        lab_picture_rectangle(p, b.x, b.y, b.side, b.side, rgb);
        lab_picture_rectangle(p, b.x + 5, b.y + 5, b.side - 10, b.side - 10, chosen ? rgb : DARK);
    }
}

static void draw(lab_world *w)
{
    psych_state *s = state_of(w);
    lab_picture *p = &w->picture[0];
    lab_picture_clear(p, GROUND);
    if (s->phase == CROSS) {
        lab_picture_rectangle(p, 104, 120, 48, 16, RED);
        lab_picture_rectangle(p, 120, 104, 16, 48, RED);
    } else if (s->phase == FIRST) {
        lab_picture_abstract(p, s->other, MIDDLE.x, MIDDLE.y, MIDDLE.side);
    } else if (s->phase != BLANK) {
        draw_buttons(w, s, p);
        if (task_of(w) == SEARCH)
            draw_search(s, p);
        else
            lab_picture_abstract(p, s->image, MIDDLE.x, MIDDLE.y, MIDDLE.side);
    }
    lab_picture_show(p);
}

static void enter(lab_world *w, psych_phase phase, int ticks)
{
    psych_state *s = state_of(w);
    s->phase = phase;
    s->timer = ticks;
    s->looked = -1;
    s->rest = 0;
    draw(w);
}

/* ---- looking ---- */

static bool inside(square at, float u, float v)
{
    float x = u * LAB_PICTURE, y = v * LAB_PICTURE;
    return x >= (float)at.x && x < (float)(at.x + at.side) && y >= (float)at.y &&
           y < (float)(at.y + at.side);
}

/* What of the present phase is looked at: a button, BUTTONS = the cross, -1 = nothing. */
static int looked_at(const lab_world *w, const psych_state *s)
{
    float u, v;
    if (lab_gaze(w, &u, &v) != 0)
        return -1;
    if (s->phase == CROSS)
        return inside(FIXATION, u, v) ? BUTTONS : -1;
    for (int i = 0; s->phase == CHOOSE && i < buttons_of(w); i++) {
        if (inside(button_at(w, i), u, v))
            return i;
    }
    return -1;
}

static void begin_trial(lab_world *w)
{
    plan_trial(w);
    if (task_of(w) == COMPARISON)
        enter(w, FIRST, FIRST_TICKS);
    else
        enter(w, CHOOSE, 0);
}

static void answer(lab_world *w, int button)
{
    psych_state *s = state_of(w);
    s->chosen = button;
    lab_reward(w, button == s->right ? 1 : 0);
    s->trial++;
    enter(w, FEEDBACK, FEEDBACK_TICKS);
}

static void end_phase(lab_world *w)
{
    psych_state *s = state_of(w);
    const psych_config *config = w->level->config;
    if (s->phase == FIRST)
        enter(w, BLANK, s->delay);
    else if (s->phase == BLANK)
        enter(w, CHOOSE, 0);
    else if (s->trial >= config->trials)
        lab_end(w);
    else
        enter(w, CROSS, 0);
}

static void tick(lab_world *w)
{
    psych_state *s = state_of(w);
    w->player.frozen = 2;
    if (s->timer > 0) {
        if (--s->timer == 0)
            end_phase(w);
        return;
    }
    int now = looked_at(w, s);
    s->rest = now >= 0 && now == s->looked ? s->rest + 1 : 0;
    s->looked = now;
    if (s->rest < REST_TICKS)
        return;
    if (s->phase == CROSS)
        begin_trial(w);
    else
        answer(w, now);
}

/* ---- the room ---- */

static const char ROOM[] = "#####\n"
                           "#...#\n"
                           "#...#\n"
                           "#####\n";

static int build(lab_world *w)
{
    psych_state *s = state_of(w);
    int rc = lab_map_text(w, ROOM, NULL, 1, 1);
    if (rc)
        return rc;
    lab_paint(w, -1, lab_theme_of(w, 0));
    lab_panel screen = { .place = { 2, 0 }, .side = LAB_SOUTH, .cells = 1, .low = 0, .high = 1 };
    lab_panel_add(w, &screen);
    w->cross_hairs = true;
    lab_put_player(w, (lab_place){ 2, 1 }, 0);
    lab_move_player(w, 2.5f, 1.7f, 3 << 14); /* north */
    for (int i = 0; task_of(w) == MAPPING && i < MAPPED; i++) {
        s->known[i] = fresh(w);
        s->direction[i] = lab_below(w, BUTTONS);
    }
    w->player.frozen = 2;
    enter(w, CROSS, 0);
    return 0;
}

static void expert(lab_world *w, int repeat, int *action)
{
    psych_state *s = state_of(w);
    square at = s->phase == CHOOSE ? button_at(w, s->right) : FIXATION;
    lab_look_panel(w, 0, (float)(at.x + at.side / 2) / LAB_PICTURE,
                   (float)(at.y + at.side / 2) / LAB_PICTURE, repeat, action);
}

#define PSYCHLAB(NAME, SUMMARY, SECONDS, CONFIG)                                                   \
    {                                                                                              \
        .name = NAME, .summary = SUMMARY, .seconds = SECONDS, .config = CONFIG, .pictures = 1,     \
        .build = build, .tick = tick, .expert = expert                                             \
    }

const lab_level lab_psychlab_levels[] = {
    PSYCHLAB("psychlab_arbitrary_visuomotor_mapping",
             "learn which picture means which of four directions", 180, &VISUOMOTOR),
    PSYCHLAB("psychlab_continuous_recognition", "look left at a new picture, right at one seen",
             180, &CONTINUOUS),
    PSYCHLAB("psychlab_sequential_comparison",
             "look left when two patterns differ, right when they are the same", 180, &SEQUENTIAL),
    PSYCHLAB("psychlab_visual_search", "look right when there is a pink T, left when there is none",
             150, &VISUAL),
    { .name = NULL },
};
