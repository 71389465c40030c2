/* Generated maps under the sky: natural ground with water, rocks and trees, and platforms over the
 * void. */
#include <math.h>
#include <string.h>

#include "lab/art.h"
#include "lab/engine.h"

static const int8_t DX[4] = { 1, 0, -1, 0 }, DY[4] = { 0, 1, 0, -1 };

/* ---- natural ground ---- */

static const float LAYER = 0.125f; /* heights are multiples: two of them are walked up */
enum { MOST_TREES = 80 };

static void open_air(lab_world *w, float floor)
{
    for (int i = 0; i < w->map.width * w->map.height; i++) {
        w->map.cell[i].floor = floor;
        w->map.cell[i].ceiling = LAB_SKY;
        w->map.cell[i].mark = ' ';
    }
    w->map.fog = LAB_RGB(176, 206, 232);
    w->map.sight = 32;
}

/* Height of the ground there, 0..1. */
static float relief_at(int x, int y, int smoothness, uint32_t seed)
{
    float a =
        art_noise((float)x / (float)smoothness, (float)y / (float)smoothness, LAB_MAX_SIDE, seed);
    float b = art_noise((float)x * 2.3f / (float)smoothness, (float)y * 2.3f / (float)smoothness,
                        LAB_MAX_SIDE, seed + 1);
    return 0.75f * a + 0.25f * b;
}

static void set_rock(lab_world *w, lab_cell *cell)
{
    cell->floor += 0.8f + 0.25f * (float)lab_below(w, 4);
    cell->mark = '#';
    cell->floor_material = cell->wall_material =
        lab_material_of(w, LAB_TEX_ROCK, LAB_RGB(236, 228, 216));
}

static void shape_ground(lab_world *w, const lab_terrain *t)
{
    uint32_t seed = ag_rng_u32(&w->rng);
    uint8_t grass = lab_material_of(w, LAB_TEX_GRASS, LAB_RGB(255, 255, 255));
    uint8_t earth = lab_material_of(w, LAB_TEX_ROCK, LAB_RGB(196, 158, 112));
    uint8_t sand = lab_material_of(w, LAB_TEX_SAND, LAB_RGB(255, 255, 255));
    uint8_t water = lab_material_of(w, LAB_TEX_WATER, LAB_RGB(255, 255, 255));
    for (int y = 0; y < t->height; y++) {
        for (int x = 0; x < t->width; x++) {
            lab_cell *cell = lab_cell_at(w, x, y);
            float share = relief_at(x, y, t->smoothness, seed);
            bool wet = share < t->water;
            cell->floor = LAYER * floorf((wet ? t->water : share) * t->relief / LAYER);
            cell->mark = wet ? 'W' : ' ';
            cell->floor_material = wet ? water : share < t->water + 0.06f ? sand : grass;
            cell->wall_material = earth;
            if (x == 0 || y == 0 || x == t->width - 1 || y == t->height - 1)
                set_rock(w, cell);
            else if (!wet && lab_chance(w, t->rocks))
                set_rock(w, cell);
        }
    }
}

/* Cells that can be walked to from a cell and back again get this number; returns how many. */
static int flood(const lab_world *w, uint16_t *group, int start, uint16_t number)
{
    int16_t queue[LAB_MAX_CELLS];
    int head = 0, tail = 0, width = w->map.width;
    queue[tail++] = (int16_t)start;
    group[start] = number;
    while (head < tail) {
        int i = queue[head++];
        for (int side = 0; side < 4; side++) {
            int n = i + DX[side] + DY[side] * width;
            if (group[n] || w->map.cell[n].mark == '#' ||
                !engine_passes(w, &w->map.cell[i], &w->map.cell[n], false) ||
                !engine_passes(w, &w->map.cell[n], &w->map.cell[i], false))
                continue;
            group[n] = number;
            queue[tail++] = (int16_t)n;
        }
    }
    return tail;
}

/* Only the largest piece of ground stays; the rest becomes rock. */
static void keep_largest(lab_world *w)
{
    uint16_t group[LAB_MAX_CELLS] = { 0 }, groups = 0, best = 0;
    int most = 0, cells = w->map.width * w->map.height;
    for (int i = 0; i < cells; i++) {
        if (group[i] || w->map.cell[i].mark == '#')
            continue;
        int size = flood(w, group, i, ++groups);
        if (size > most) {
            most = size;
            best = groups;
        }
    }
    for (int i = 0; i < cells; i++) {
        if (w->map.cell[i].mark != '#' && group[i] != best)
            set_rock(w, &w->map.cell[i]);
    }
}

/* A tree stands where there is ground all about it, so that it cuts nothing off. */
static bool room_for_tree(const lab_world *w, const uint8_t *taken, int x, int y)
{
    float floor = lab_cell_of(w, x, y)->floor;
    for (int i = 0; i < 9; i++) {
        int nx = x + i % 3 - 1, ny = y + i / 3 - 1;
        const lab_cell *cell = lab_cell_of(w, nx, ny);
        if (!cell || cell->mark != ' ' || fabsf(cell->floor - floor) > LAB_STEP / 2 ||
            taken[ny * w->map.width + nx])
            return false;
    }
    return true;
}

static void plant(lab_world *w, float share)
{
    uint8_t taken[LAB_MAX_CELLS] = { 0 };
    int trees = 0;
    for (int y = 1; y < w->map.height - 1; y++) {
        for (int x = 1; x < w->map.width - 1; x++) {
            if (!lab_chance(w, share) || trees == MOST_TREES || !room_for_tree(w, taken, x, y))
                continue;
            taken[y * w->map.width + x] = 1;
            lab_entity *tree = lab_add_object(w, (lab_place){ (int16_t)x, (int16_t)y }, LAB_TREE,
                                              LAB_GREEN, 1.2f + 0.1f * (float)lab_below(w, 7), 0);
            if (!tree)
                return;
            tree->touch = false;
            tree->solid = true;
            tree->radius = 0.14f;
            trees++;
        }
    }
}

int lab_make_terrain(lab_world *w, const lab_terrain *t)
{
    if (t->width < 5 || t->height < 5 || t->smoothness < 2 || !(t->relief >= 0) || t->relief > 32)
        return ag_fail(AG_EINVAL, "a terrain of %d x %d cells with hills of %d cells and %g high",
                       t->width, t->height, t->smoothness, (double)t->relief);
    int rc = lab_map_new(w, t->width, t->height);
    if (rc)
        return rc;
    open_air(w, 0);
    shape_ground(w, t);
    keep_largest(w);
    plant(w, t->trees);
    return 0;
}

/* ---- platforms ---- */

enum { BLOCK = 3, MOST_BLOCKS = LAB_MAX_SIDE / BLOCK, TRIES = 100, SHORTEST = 4, LONGER = 9 };
static const float DROP = 0.5f;

/* Blocks of BLOCK x BLOCK cells: their heights, the way through them. */
typedef struct {
    int columns, rows, length; /* of the way */
    int way[MOST_BLOCKS * MOST_BLOCKS];
    float height[MOST_BLOCKS * MOST_BLOCKS];
    bool used[MOST_BLOCKS * MOST_BLOCKS];
} blocks;

static int neighbour(const blocks *b, int block, int side)
{
    int x = block % b->columns + DX[side], y = block / b->columns + DY[side];
    bool inside = x >= 0 && y >= 0 && x < b->columns && y < b->rows;
    return inside ? y * b->columns + x : -1;
}

/* A walk that never meets itself, `wanted` blocks long if one is found. */
static void find_way(lab_world *w, blocks *b, int wanted)
{
    int count = b->columns * b->rows;
    for (int tries = 0; tries < TRIES && b->length < wanted; tries++) {
        int way[MOST_BLOCKS * MOST_BLOCKS], length = 0, here = lab_below(w, count);
        bool used[MOST_BLOCKS * MOST_BLOCKS] = { false };
        while (here >= 0 && length < wanted) {
            way[length++] = here;
            used[here] = true;
            int open[4], ways = 0;
            for (int side = 0; side < 4; side++) {
                int n = neighbour(b, here, side);
                if (n >= 0 && !used[n])
                    open[ways++] = n;
            }
            here = ways > 0 ? open[lab_below(w, ways)] : -1;
        }
        if (length > b->length) {
            b->length = length;
            memcpy(b->way, way, sizeof way);
            memcpy(b->used, used, sizeof used);
        }
    }
}

/* Each block of the way is as high as the one before, a step lower, or a drop lower. */
static void set_heights(lab_world *w, blocks *b)
{
    float height = 0;
    for (int i = b->length - 1; i >= 0; i--) {
        b->height[b->way[i]] = height;
        int kind = lab_below(w, 5);
        height += i == b->length - 1 || kind >= 2 ? DROP : kind == 1 ? 0.25f : 0;
    }
}

/* Below all blocks about it: who goes there never comes back. */
static void add_dead_end(lab_world *w, blocks *b, int block)
{
    float lowest = 1e6f;
    for (int side = 0; side < 4; side++) {
        int n = neighbour(b, block, side);
        if (n >= 0 && b->used[n] && b->height[n] < lowest)
            lowest = b->height[n];
    }
    b->height[block] = lowest - DROP * (float)(1 + lab_below(w, 2));
    b->used[block] = true;
}

static void add_dead_ends(lab_world *w, blocks *b, float share)
{
    for (int i = 0; i + 1 < b->length; i++) {
        for (int side = 0; side < 4; side++) {
            int n = neighbour(b, b->way[i], side);
            if (n >= 0 && !b->used[n] && lab_chance(w, share))
                add_dead_end(w, b, n);
        }
    }
}

static void fill_block(lab_world *w, const blocks *b, int block, float lift, int style)
{
    int x0 = 1 + block % b->columns * BLOCK, y0 = 1 + block / b->columns * BLOCK;
    lab_theme theme = lab_theme_of(w, style);
    for (int i = 0; i < BLOCK * BLOCK; i++) {
        lab_cell *cell = lab_cell_at(w, x0 + i % BLOCK, y0 + i / BLOCK);
        cell->floor = b->height[block] + lift;
        cell->floor_material = theme.floor;
        cell->wall_material = theme.wall;
    }
}

static lab_place middle_of(const blocks *b, int block)
{
    return (lab_place){ (int16_t)(1 + block % b->columns * BLOCK + BLOCK / 2),
                        (int16_t)(1 + block / b->columns * BLOCK + BLOCK / 2) };
}

int lab_make_platforms(lab_world *w, lab_platforms *platforms)
{
    blocks b = { .columns = (platforms->width - 2) / BLOCK,
                 .rows = (platforms->height - 2) / BLOCK };
    if (b.columns < 2 || b.rows < 2 || !(platforms->difficulty >= 0) || platforms->difficulty > 1)
        return ag_fail(AG_EINVAL, "platforms on %d x %d cells of difficulty %g", platforms->width,
                       platforms->height, (double)platforms->difficulty);
    int rc = lab_map_new(w, platforms->width, platforms->height);
    if (rc)
        return rc;
    open_air(w, LAB_VOID);
    find_way(w, &b, SHORTEST + (int)(platforms->difficulty * LONGER));
    set_heights(w, &b);
    add_dead_ends(w, &b, 0.15f + 0.5f * platforms->difficulty);
    float lowest = 0;
    for (int i = 0; i < b.columns * b.rows; i++)
        lowest = b.used[i] && b.height[i] < lowest ? b.height[i] : lowest;
    for (int i = 0; i < b.columns * b.rows; i++) {
        if (b.used[i])
            fill_block(w, &b, i, -lowest, (i % b.columns + 2 * (i / b.columns)) % 5);
    }
    w->map.bottom = -6;
    platforms->start = middle_of(&b, b.way[0]);
    platforms->goal = middle_of(&b, b.way[b.length - 1]);
    return 0;
}
