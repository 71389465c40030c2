/* The map: an empty one, map text, materials, doors, panels, and places on it. */
#include <string.h>

#include "lab/engine.h"

static const struct {
    uint8_t texture;
    uint32_t tint;
} THEMES[LAB_THEMES][3] = {
    /* wall, floor, ceiling */
    { { LAB_TEX_BRICK, LAB_RGB(214, 120, 92) },
      { LAB_TEX_PLANKS, LAB_RGB(236, 206, 160) },
      { LAB_TEX_PANELS, LAB_RGB(232, 226, 214) } },
    { { LAB_TEX_STONE, LAB_RGB(134, 170, 214) },
      { LAB_TEX_TILES, LAB_RGB(206, 214, 226) },
      { LAB_TEX_PLAIN, LAB_RGB(176, 190, 214) } },
    { { LAB_TEX_PANELS, LAB_RGB(140, 196, 128) },
      { LAB_TEX_CARPET, LAB_RGB(196, 188, 150) },
      { LAB_TEX_TILES, LAB_RGB(224, 232, 212) } },
    { { LAB_TEX_HEX, LAB_RGB(226, 182, 84) },
      { LAB_TEX_CHECKER, LAB_RGB(212, 182, 142) },
      { LAB_TEX_PLAIN, LAB_RGB(234, 214, 178) } },
    { { LAB_TEX_WEAVE, LAB_RGB(186, 132, 206) },
      { LAB_TEX_CARPET, LAB_RGB(142, 122, 176) },
      { LAB_TEX_PANELS, LAB_RGB(214, 200, 226) } },
    { { LAB_TEX_METAL, LAB_RGB(112, 198, 196) },
      { LAB_TEX_HEX, LAB_RGB(150, 176, 178) },
      { LAB_TEX_METAL, LAB_RGB(176, 196, 198) } },
    { { LAB_TEX_PLANKS, LAB_RGB(226, 178, 128) },
      { LAB_TEX_STONE, LAB_RGB(182, 174, 164) },
      { LAB_TEX_PLANKS, LAB_RGB(196, 158, 118) } },
    { { LAB_TEX_STRIPES, LAB_RGB(224, 132, 156) },
      { LAB_TEX_TILES, LAB_RGB(232, 206, 210) },
      { LAB_TEX_PLAIN, LAB_RGB(238, 222, 222) } },
    { { LAB_TEX_DOTS, LAB_RGB(110, 152, 232) },
      { LAB_TEX_PLANKS, LAB_RGB(170, 150, 132) },
      { LAB_TEX_PANELS, LAB_RGB(206, 216, 236) } },
    { { LAB_TEX_BRICK, LAB_RGB(172, 186, 136) },
      { LAB_TEX_CHECKER, LAB_RGB(168, 196, 168) },
      { LAB_TEX_STONE, LAB_RGB(186, 190, 170) } },
    { { LAB_TEX_TILES, LAB_RGB(236, 226, 200) },
      { LAB_TEX_CARPET, LAB_RGB(190, 96, 88) },
      { LAB_TEX_PLAIN, LAB_RGB(240, 232, 216) } },
    { { LAB_TEX_ROCK, LAB_RGB(206, 176, 148) },
      { LAB_TEX_SAND, LAB_RGB(255, 240, 214) },
      { LAB_TEX_ROCK, LAB_RGB(160, 140, 124) } },
};

int lab_map_new(lab_world *w, int width, int height)
{
    if (width < 1 || height < 1 || width > LAB_MAX_SIDE || height > LAB_MAX_SIDE)
        return ag_fail(AG_EINVAL, "a map of %d x %d cells; 1 x 1 to %d x %d can be had", width,
                       height, LAB_MAX_SIDE, LAB_MAX_SIDE);
    lab_map *m = &w->map;
    m->width = width;
    m->height = height;
    m->materials = m->rooms = m->doors = m->panels = 0;
    m->light = LAB_RGB(255, 255, 255);
    m->fog = LAB_RGB(70, 74, 84);
    m->sight = 24;
    m->sky = LAB_SKY_DAY;
    m->bottom = -50;
    m->version++;
    w->entities = 0;
    lab_theme theme = lab_theme_of(w, 1);
    lab_cell wall = { .floor = 1,
                      .ceiling = 1,
                      .floor_material = theme.floor,
                      .ceiling_material = theme.ceiling,
                      .wall_material = theme.wall,
                      .mark = '#' };
    for (int i = 0; i < width * height; i++)
        m->cell[i] = wall;
    return 0;
}

lab_cell *lab_cell_at(lab_world *w, int x, int y)
{
    return &w->map.cell[y * w->map.width + x];
}

const lab_cell *lab_cell_of(const lab_world *w, int x, int y)
{
    bool inside = x >= 0 && y >= 0 && x < w->map.width && y < w->map.height;
    return inside ? &w->map.cell[y * w->map.width + x] : NULL;
}

uint8_t lab_material_of(lab_world *w, lab_texture texture, uint32_t tint)
{
    lab_map *m = &w->map;
    for (int i = 0; i < m->materials; i++) {
        if (m->material[i].texture == texture && m->material[i].tint == tint)
            return (uint8_t)i;
    }
    if (m->materials == LAB_MAX_MATERIALS)
        return LAB_MAX_MATERIALS - 1;
    m->material[m->materials] = (lab_material){ .texture = (uint8_t)texture, .tint = tint };
    return (uint8_t)m->materials++;
}

lab_theme lab_theme_of(lab_world *w, int style)
{
    unsigned s = (unsigned)style % LAB_THEMES;
    return (lab_theme){
        .wall = lab_material_of(w, THEMES[s][0].texture, THEMES[s][0].tint),
        .floor = lab_material_of(w, THEMES[s][1].texture, THEMES[s][1].tint),
        .ceiling = lab_material_of(w, THEMES[s][2].texture, THEMES[s][2].tint),
    };
}

void lab_relight(lab_world *w)
{
    w->map.version++;
}

/* ---- map text ---- */

/* The size of a text in cells; trailing empty lines do not count. */
static void measure(const char *text, int *width, int *height)
{
    int x = 0, y = 0;
    *width = *height = 0;
    for (const char *p = text; *p && y <= LAB_MAX_SIDE; p++) {
        if (*p == '\n') {
            x = 0;
            y++;
            continue;
        }
        x += x <= LAB_MAX_SIDE;
        *width = x > *width ? x : *width;
        *height = y + 1;
    }
}

/* What a letter of map text stands for. */
static void read_letter(lab_cell *cell, char letter, float wall, float ceiling)
{
    bool digit = letter >= '0' && letter <= '9';
    bool solid = letter == '#' || letter == '*';
    cell->floor = solid           ? wall
                  : digit         ? 0.25f * (float)(letter - '0')
                  : letter == '~' ? LAB_VOID
                                  : 0;
    cell->ceiling = ceiling;
    cell->mark = letter == '.' ? ' ' : letter;
}

static int read_layout(lab_world *w, const char *text, float wall, float ceiling)
{
    int x = 0, y = 0;
    for (int i = 0; i < w->map.width * w->map.height; i++)
        read_letter(&w->map.cell[i], '#', wall, ceiling);
    for (const char *p = text; *p && y < w->map.height; p++) {
        if (*p == '\n') {
            x = 0;
            y++;
            continue;
        }
        if (*p < ' ' || *p > '~')
            return ag_fail(AG_EINVAL, "map text, row %d: character %d is no letter of a map", y + 1,
                           (unsigned char)*p);
        read_letter(lab_cell_at(w, x++, y), *p, wall, ceiling);
    }
    return 0;
}

static void grow_room(lab_room *room, int x, int y)
{
    int right = room->x + room->width, bottom = room->y + room->height;
    if (room->width == 0) {
        *room = (lab_room){ (int16_t)x, (int16_t)y, 1, 1 };
        return;
    }
    room->x = (int16_t)(x < room->x ? x : room->x);
    room->y = (int16_t)(y < room->y ? y : room->y);
    room->width = (int16_t)((x + 1 > right ? x + 1 : right) - room->x);
    room->height = (int16_t)((y + 1 > bottom ? y + 1 : bottom) - room->y);
}

static void read_rooms(lab_world *w, const char *text)
{
    int x = 0, y = 0;
    for (int i = 0; i < 26; i++)
        w->map.room[i] = (lab_room){ 0, 0, 0, 0 };
    for (const char *p = text; *p && y < w->map.height; p++) {
        if (*p == '\n') {
            x = 0;
            y++;
            continue;
        }
        if (*p >= 'A' && *p <= 'Z' && x < w->map.width) {
            int room = *p - 'A';
            grow_room(&w->map.room[room], x, y);
            lab_cell_at(w, x, y)->room = (uint8_t)(room + 1);
            w->map.rooms = room + 1 > w->map.rooms ? room + 1 : w->map.rooms;
        }
        x += x < LAB_MAX_SIDE;
    }
}

int lab_map_text(lab_world *w, const char *text, const char *rooms, float wall, float ceiling)
{
    int width, height;
    measure(text, &width, &height);
    int rc = lab_map_new(w, width, height);
    if (!rc)
        rc = read_layout(w, text, wall, ceiling);
    if (!rc && rooms)
        read_rooms(w, rooms);
    return rc;
}

void lab_paint(lab_world *w, int room, lab_theme theme)
{
    for (int i = 0; i < w->map.width * w->map.height; i++) {
        lab_cell *cell = &w->map.cell[i];
        if (room >= 0 && cell->room != room)
            continue;
        cell->floor_material = theme.floor;
        cell->ceiling_material = theme.ceiling;
        cell->wall_material = theme.wall;
    }
    /* What one sees of a room's walls belongs to the walls about it. */
    for (int y = 0; room > 0 && y < w->map.height; y++) {
        for (int x = 0; x < w->map.width; x++) {
            lab_cell *cell = lab_cell_at(w, x, y);
            for (int side = 0; cell->mark == '#' && cell->room == 0 && side < 9; side++) {
                const lab_cell *other = lab_cell_of(w, x + side % 3 - 1, y + side / 3 - 1);
                if (other && other->room == room)
                    cell->wall_material = theme.wall;
            }
        }
    }
}

/* ---- doors and panels ---- */

int lab_door_add(lab_world *w, lab_place place, int lock_colour, bool open)
{
    if (w->map.doors == LAB_MAX_DOORS)
        return -1;
    int index = w->map.doors++;
    lab_cell *cell = lab_cell_at(w, place.x, place.y);
    float top = cell->ceiling >= LAB_SKY ? cell->floor + 1 : cell->ceiling;
    w->map.door[index] = (lab_door){
        .place = place,
        .colour = (int8_t)lock_colour,
        .open = open,
        .low = cell->floor,
        .high = top,
    };
    cell->door = (uint8_t)(index + 1);
    uint32_t tint = lock_colour < 0 ? LAB_RGB(200, 150, 96) : lab_paint_rgb(lock_colour);
    cell->wall_material = lab_material_of(w, LAB_TEX_DOOR, tint);
    cell->floor = open ? cell->floor : top;
    return index;
}

void lab_door_set(lab_world *w, int door, bool open)
{
    w->map.door[door].open = open;
}

void lab_door_jump(lab_world *w, int door, bool open)
{
    lab_door *d = &w->map.door[door];
    d->open = open;
    lab_cell_at(w, d->place.x, d->place.y)->floor = open ? d->low : d->high;
}

/* The wall cell `i` places to the right of the panel's first, as one sees it who looks at it. */
static lab_place panel_cell(const lab_panel *panel, int i)
{
    static const int8_t RIGHT[4][2] = { { 0, -1 }, { 1, 0 }, { 0, 1 }, { -1, 0 } };
    return (lab_place){ (int16_t)(panel->place.x + i * RIGHT[panel->side][0]),
                        (int16_t)(panel->place.y + i * RIGHT[panel->side][1]) };
}

int lab_panel_add(lab_world *w, const lab_panel *panel)
{
    if (w->map.panels == LAB_MAX_PANELS || panel->cells < 1 || panel->high <= panel->low)
        return -1;
    int index = w->map.panels++;
    w->map.panel[index] = *panel;
    for (int i = 0; i < panel->cells; i++) {
        lab_place place = panel_cell(panel, i);
        if (lab_cell_of(w, place.x, place.y))
            lab_cell_at(w, place.x, place.y)->panel[panel->side] = (uint8_t)(index + 1);
    }
    return index;
}

/* ---- places ---- */

bool lab_standable(const lab_world *w, int x, int y)
{
    const lab_cell *cell = lab_cell_of(w, x, y);
    return cell && !cell->door && cell->mark != '#' && cell->mark != '*' &&
           cell->floor > LAB_VOID && cell->ceiling - cell->floor >= LAB_BODY;
}

int lab_places(const lab_world *w, int room, char mark, lab_place *places, int max)
{
    uint8_t taken[LAB_MAX_CELLS];
    memset(taken, 0, (size_t)(w->map.width * w->map.height));
    lab_avoid(w, NULL, taken);
    engine_mark_solid(w, taken);
    taken[w->player.at.y * w->map.width + w->player.at.x] = 1;
    int count = 0;
    for (int y = 0; y < w->map.height; y++) {
        for (int x = 0; x < w->map.width && count < max; x++) {
            int i = y * w->map.width + x;
            const lab_cell *cell = &w->map.cell[i];
            if ((room < 0 || cell->room == room) && (!mark || cell->mark == mark) && !taken[i] &&
                lab_standable(w, x, y))
                places[count++] = (lab_place){ (int16_t)x, (int16_t)y };
        }
    }
    return count;
}

static bool behind_doorway(const lab_world *w, lab_place place)
{
    static const int8_t DX[4] = { 1, 0, -1, 0 }, DY[4] = { 0, 1, 0, -1 };
    for (int side = 0; side < 4; side++) {
        const lab_cell *cell = lab_cell_of(w, place.x + DX[side], place.y + DY[side]);
        if (cell && cell->mark == 'D')
            return true;
    }
    return false;
}

int lab_keep_inner(const lab_world *w, lab_place *places, int count)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (!behind_doorway(w, places[i]))
            places[kept++] = places[i];
    }
    return kept;
}

bool lab_random_place(lab_world *w, int room, char mark, lab_place *place)
{
    lab_place places[LAB_MAX_CELLS];
    int count = lab_places(w, room, mark, places, LAB_MAX_CELLS);
    if (count > 0)
        *place = places[lab_below(w, count)];
    return count > 0;
}

bool lab_random_far(lab_world *w, lab_place from, int far, lab_place *place)
{
    lab_place places[LAB_MAX_CELLS];
    lab_field field;
    lab_field_to(w, from, true, NULL, &field);
    int all = lab_places(w, -1, 0, places, LAB_MAX_CELLS), count = 0, best = -1;
    for (int i = 0; i < all; i++) {
        int steps = field.steps[places[i].y * w->map.width + places[i].x];
        if (steps == LAB_FAR)
            continue;
        if (steps > best) {
            best = steps;
            *place = places[i];
        }
        if (steps >= far)
            places[count++] = places[i];
    }
    if (count > 0)
        *place = places[lab_below(w, count)];
    return best >= 0;
}
