/* Generated maps of walls: mazes with rooms, and scattered rooms joined by corridors. */
#include <string.h>

#include "lab/engine.h"

enum { TRIES = 60 /* for a room */, LAYOUTS = 20 /* until all rooms have found room */ };
static const int8_t DX[4] = { 1, 0, -1, 0 }, DY[4] = { 0, 1, 0, -1 };

/* What is being joined: the region of each cell (0 = wall), and which regions are one by now. */
typedef struct {
    uint16_t region[LAB_MAX_CELLS];
    uint16_t joined[LAB_MAX_CELLS];
    int regions;
} plan;

static int root(plan *p, int region)
{
    while (p->joined[region] != region)
        region = p->joined[region];
    return region;
}

static int new_region(plan *p)
{
    int region = ++p->regions;
    p->joined[region] = (uint16_t)region;
    return region;
}

static void dig(lab_world *w, plan *p, int x, int y, char mark, int room, int region)
{
    lab_cell *cell = lab_cell_at(w, x, y);
    cell->floor = 0;
    cell->mark = mark;
    cell->room = (uint8_t)room;
    p->region[y * w->map.width + x] = (uint16_t)region;
}

static int begin(lab_world *w, plan *p, int width, int height, float wall, float ceiling)
{
    int rc = lab_map_new(w, width, height);
    if (rc)
        return rc;
    if (wall <= 0 || (ceiling < LAB_SKY && ceiling < LAB_BODY))
        return ag_fail(AG_EINVAL, "walls of height %g under a ceiling at %g", (double)wall,
                       (double)ceiling);
    for (int i = 0; i < width * height; i++) {
        w->map.cell[i].floor = wall;
        w->map.cell[i].ceiling = ceiling;
    }
    memset(p->region, 0, sizeof p->region);
    p->regions = 0;
    return 0;
}

/* A room fits there with a wall of `gap` cells about it. */
static bool room_fits(const lab_world *w, lab_room r, int gap)
{
    if (r.x < 1 || r.y < 1 || r.x + r.width >= w->map.width || r.y + r.height >= w->map.height)
        return false;
    for (int i = 0; i < w->map.rooms; i++) {
        const lab_room *o = &w->map.room[i];
        if (r.x < o->x + o->width + gap && o->x < r.x + r.width + gap &&
            r.y < o->y + o->height + gap && o->y < r.y + r.height + gap)
            return false;
    }
    return true;
}

static void add_room(lab_world *w, plan *p, lab_room r)
{
    int index = w->map.rooms++, region = new_region(p);
    w->map.room[index] = r;
    for (int y = r.y; y < r.y + r.height; y++) {
        for (int x = r.x; x < r.x + r.width; x++)
            dig(w, p, x, y, 'R', index + 1, region);
    }
}

/* A size from low to high in steps of `step`. */
static int random_size(lab_world *w, int low, int high, int step)
{
    return low + step * lab_below(w, (high - low) / step + 1);
}

static void place_rooms(lab_world *w, plan *p, int rooms, int low, int high, int step, int gap)
{
    for (int i = 0; i < rooms * TRIES && w->map.rooms < rooms; i++) {
        int width = random_size(w, low, high, step), height = random_size(w, low, high, step);
        int spare_x = w->map.width - 1 - width, spare_y = w->map.height - 1 - height;
        if (spare_x < 1 || spare_y < 1)
            continue;
        int x = 1 + step * lab_below(w, (spare_x - 1) / step + 1);
        int y = 1 + step * lab_below(w, (spare_y - 1) / step + 1);
        lab_room r = { (int16_t)x, (int16_t)y, (int16_t)width, (int16_t)height };
        if (room_fits(w, r, gap))
            add_room(w, p, r);
    }
}

/* ---- mazes ---- */

/* A perfect maze from one odd cell through all that can be had: depth first. */
static void grow_maze(lab_world *w, plan *p, int x, int y, int region)
{
    int16_t stack[LAB_MAX_CELLS];
    int top = 0, width = w->map.width;
    dig(w, p, x, y, ' ', 0, region);
    stack[top++] = (int16_t)(y * width + x);
    while (top > 0) {
        int here = stack[top - 1], ways[4], count = 0;
        x = here % width;
        y = here / width;
        for (int side = 0; side < 4; side++) {
            const lab_cell *there = lab_cell_of(w, x + 2 * DX[side], y + 2 * DY[side]);
            if (there && there->mark == '#')
                ways[count++] = side;
        }
        if (count == 0) {
            top--;
            continue;
        }
        int side = ways[lab_below(w, count)];
        dig(w, p, x + DX[side], y + DY[side], ' ', 0, region);
        dig(w, p, x + 2 * DX[side], y + 2 * DY[side], ' ', 0, region);
        stack[top++] = (int16_t)((y + 2 * DY[side]) * width + x + 2 * DX[side]);
    }
}

/* A wall cell between two cells that are open: their indices. */
static bool connects(const lab_world *w, const plan *p, int x, int y, int *a, int *b)
{
    int width = w->map.width, i = y * width + x;
    if (p->region[i])
        return false;
    int apart = x % 2 == 0 && y % 2 == 1 ? 1 : x % 2 == 1 && y % 2 == 0 ? width : 0;
    if (apart == 0)
        return false;
    *a = i - apart;
    *b = i + apart;
    return p->region[*a] && p->region[*b];
}

static int list_connectors(const lab_world *w, const plan *p, lab_place *places)
{
    int count = 0, a, b;
    for (int y = 1; y < w->map.height - 1; y++) {
        for (int x = 1; x < w->map.width - 1; x++) {
            if (connects(w, p, x, y, &a, &b))
                places[count++] = (lab_place){ (int16_t)x, (int16_t)y };
        }
    }
    return count;
}

/* Open the wall between two cells, if it joins what was apart (tree) or, for loops, if the budget
 * of its kind allows it. */
static void open_connectors(lab_world *w, plan *p, const lab_maze *maze, bool tree)
{
    lab_place places[LAB_MAX_CELLS];
    int exits[LAB_MAX_ROOMS + 1] = { 0 }, loops = maze->loops;
    int count = list_connectors(w, p, places);
    lab_shuffle(w, places, count);
    for (int i = 0; i < w->map.width * w->map.height; i++) {
        const lab_cell *cell = &w->map.cell[i];
        for (int side = 0; cell->mark == 'D' && side < 4; side++)
            exits[cell[DX[side] + DY[side] * w->map.width].room]++;
    }
    for (int i = 0; i < count; i++) {
        int a, b;
        if (!connects(w, p, places[i].x, places[i].y, &a, &b))
            continue;
        int room_a = w->map.cell[a].room, room_b = w->map.cell[b].room;
        int ra = root(p, p->region[a]), rb = root(p, p->region[b]);
        bool full =
            (room_a && exits[room_a] >= maze->exits) || (room_b && exits[room_b] >= maze->exits);
        if (tree ? ra == rb : room_a || room_b ? full : loops-- <= 0)
            continue;
        p->joined[rb] = (uint16_t)ra;
        exits[room_a]++;
        exits[room_b]++;
        dig(w, p, places[i].x, places[i].y, room_a || room_b ? 'D' : ' ', 0, ra);
    }
}

int lab_make_maze(lab_world *w, const lab_maze *maze)
{
    plan p;
    if (maze->width < 5 || maze->height < 5 || maze->width % 2 == 0 || maze->height % 2 == 0 ||
        maze->rooms < 0 || maze->rooms > LAB_MAX_ROOMS || maze->room_min < 1 ||
        maze->room_min % 2 == 0 || maze->room_max < maze->room_min)
        return ag_fail(AG_EINVAL, "a maze of %d x %d cells with %d rooms of %d to %d", maze->width,
                       maze->height, maze->rooms, maze->room_min, maze->room_max);
    for (int i = 0; i < LAYOUTS && (i == 0 || w->map.rooms < maze->rooms); i++) {
        int rc = begin(w, &p, maze->width, maze->height, maze->wall, maze->ceiling);
        if (rc)
            return rc;
        place_rooms(w, &p, maze->rooms, maze->room_min, maze->room_max, 2, 1);
    }
    for (int y = 1; y < maze->height; y += 2) {
        for (int x = 1; x < maze->width; x += 2) {
            if (!p.region[y * maze->width + x])
                grow_maze(w, &p, x, y, new_region(&p));
        }
    }
    open_connectors(w, &p, maze, true);
    open_connectors(w, &p, maze, false);
    return 0;
}

/* ---- scattered rooms ---- */

/* A corridor from the middle of one room to that of another, at first along x or along y. */
static void dig_corridor(lab_world *w, plan *p, const lab_room *a, const lab_room *b)
{
    int x = a->x + a->width / 2, y = a->y + a->height / 2;
    int to_x = b->x + b->width / 2, to_y = b->y + b->height / 2;
    bool along_x = lab_chance(w, 0.5f);
    while (x != to_x || y != to_y) {
        if (along_x && x == to_x)
            along_x = false;
        else if (!along_x && y == to_y)
            along_x = true;
        x += along_x ? (to_x > x) - (to_x < x) : 0;
        y += along_x ? 0 : (to_y > y) - (to_y < y);
        if (lab_cell_at(w, x, y)->mark == '#')
            dig(w, p, x, y, ' ', 0, 1);
    }
}

/* Corridor cells at a room's wall are its doorways. */
static void mark_doorways(lab_world *w)
{
    for (int y = 1; y < w->map.height - 1; y++) {
        for (int x = 1; x < w->map.width - 1; x++) {
            lab_cell *cell = lab_cell_at(w, x, y);
            for (int side = 0; cell->mark == ' ' && side < 4; side++) {
                if (lab_cell_at(w, x + DX[side], y + DY[side])->room)
                    cell->mark = 'D';
            }
        }
    }
}

int lab_make_rooms(lab_world *w, const lab_scatter *scatter)
{
    plan p;
    if (scatter->rooms < 1 || scatter->rooms > LAB_MAX_ROOMS || scatter->room_min < 1 ||
        scatter->room_max < scatter->room_min)
        return ag_fail(AG_EINVAL, "%d scattered rooms of %d to %d cells", scatter->rooms,
                       scatter->room_min, scatter->room_max);
    for (int i = 0; i < LAYOUTS && (i == 0 || w->map.rooms < scatter->rooms); i++) {
        int rc = begin(w, &p, scatter->width, scatter->height, scatter->wall, scatter->ceiling);
        if (rc)
            return rc;
        place_rooms(w, &p, scatter->rooms, scatter->room_min, scatter->room_max, 1, 2);
    }
    if (w->map.rooms == 0)
        return ag_fail(AG_EINVAL, "no room of %d cells fits into a map of %d x %d",
                       scatter->room_min, scatter->width, scatter->height);
    for (int i = 1; i < w->map.rooms; i++) {
        int nearest = 0, best = LAB_MAX_CELLS;
        const lab_room *a = &w->map.room[i];
        for (int j = 0; j < i; j++) {
            const lab_room *b = &w->map.room[j];
            int dx = a->x - b->x, dy = a->y - b->y;
            if (dx * dx + dy * dy < best) {
                best = dx * dx + dy * dy;
                nearest = j;
            }
        }
        dig_corridor(w, &p, a, &w->map.room[nearest]);
    }
    mark_doorways(w);
    return 0;
}
