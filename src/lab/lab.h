/* The 3-D world: the contract between its engine and its levels.
 *
 * A world is a grid of cells with heights, a player, and entities. A level fills it (build), and is
 * called back as things happen. The engine owns time, movement, collision, pictures.
 *
 * Units: one cell = 1.0; heights in cells; 60 ticks a second. x grows to the east (the column of
 * map text), y to the south (its row), z up. Yaw 0 looks east and grows to the right (clockwise on
 * the map); a full turn is 2^32. Arithmetic is float32 with + - * / and sqrtf alone (lab_sin and
 * lab_cos are made of these), so that the same seed and actions give the same bytes on every
 * compiler and machine: a level uses no libm, and draws all chance from w->rng. */
#ifndef LAB_LAB_H
#define LAB_LAB_H

#include "agena/base.h"

enum {
    LAB_TICKS = 60,    /* a second */
    LAB_MAX_SIDE = 64, /* cells */
    LAB_MAX_CELLS = LAB_MAX_SIDE * LAB_MAX_SIDE,
    LAB_MAX_ENTITIES = 256,
    LAB_MAX_DOORS = 64,
    LAB_MAX_ROOMS = 32,
    LAB_MAX_MATERIALS = 48,
    LAB_MAX_PANELS = 32,
    LAB_MAX_OPPONENTS = 8,
    LAB_INSTRUCTION = 256, /* bytes with the final 0 */
    LAB_STATE = 16384,     /* bytes of a level's own state, at most */
    LAB_ACTIONS = 7,
};

#define LAB_SKY    1e6f  /* ceiling of a cell under the open sky */
#define LAB_VOID   -1e3f /* floor of a cell where there is none: whoever walks there falls */
#define LAB_RADIUS 0.2f  /* of the player and of opponents */
#define LAB_EYE    0.5f  /* height of the eye over the feet */
#define LAB_BODY   0.6f  /* height of a body */
#define LAB_STEP   0.26f /* a rise that is walked up without jumping */

/* ---- art: what can be seen ---- */

typedef enum {
    LAB_RED,
    LAB_ORANGE,
    LAB_YELLOW,
    LAB_GREEN,
    LAB_CYAN,
    LAB_BLUE,
    LAB_PURPLE,
    LAB_PINK,
    LAB_COLOURS, /* the eight that language names; the rest is for special things */
    LAB_WHITE = LAB_COLOURS,
    LAB_BLACK,
    LAB_GREY,
    LAB_BROWN,
    LAB_PAINTS,
} lab_colour;

typedef enum {
    LAB_APPLE,
    LAB_LEMON,
    LAB_MUSHROOM,
    LAB_HAT,
    LAB_CAN,
    LAB_CAKE,
    LAB_BALLOON,
    LAB_CAR,
    LAB_KEY,
    LAB_BOX,
    LAB_BALL,
    LAB_CONE,
    LAB_STAR,
    LAB_HEART,
    LAB_RING,
    LAB_CUP,
    LAB_TREE,
    LAB_FISH,
    LAB_LADDER,
    LAB_CHAIR,
    LAB_UMBRELLA,
    LAB_BOTTLE,
    LAB_FLOWER,
    LAB_HAMMER,
    LAB_BOAT,
    LAB_PLANE,
    LAB_CROWN,
    LAB_BULB,
    LAB_SHAPES, /* those that language names; then special ones */
    LAB_GOAL = LAB_SHAPES,
    LAB_PAD,
    LAB_SHOT,
    LAB_FLASH,
    LAB_SHIELD,
    LAB_GADGET,
    LAB_ROBOT, /* an opponent; drawn from four sides, in two steps of its walk */
    LAB_ALL_SHAPES,
} lab_shape;

extern const char *const lab_colour_names[LAB_PAINTS];    /* "red" */
extern const char *const lab_shape_names[LAB_ALL_SHAPES]; /* "apple" */

typedef enum {
    LAB_TEX_PLAIN,
    LAB_TEX_BRICK,
    LAB_TEX_STONE,
    LAB_TEX_TILES,
    LAB_TEX_PLANKS,
    LAB_TEX_PANELS,
    LAB_TEX_CHECKER,
    LAB_TEX_STRIPES,
    LAB_TEX_HEX,
    LAB_TEX_DOTS,
    LAB_TEX_WEAVE,
    LAB_TEX_GRASS,
    LAB_TEX_SAND,
    LAB_TEX_ROCK,
    LAB_TEX_WATER,
    LAB_TEX_METAL,
    LAB_TEX_DOOR,
    LAB_TEX_CARPET,
    LAB_TEXTURES,
} lab_texture;

typedef enum { LAB_SKY_DAY, LAB_SKY_MORNING, LAB_SKY_DUSK, LAB_SKY_NIGHT, LAB_SKIES } lab_sky_kind;

#define LAB_RGB(r, g, b) ((uint32_t)(r) << 16 | (uint32_t)(g) << 8 | (uint32_t)(b))

/* A texture in a colour; indices into lab_map.material. LAB_RGB(255, 255, 255) leaves a texture as
 * it is. */
typedef struct {
    uint8_t texture; /* lab_texture */
    uint32_t tint;   /* LAB_RGB */
} lab_material;

/* Wall, floor and ceiling that go together: materials of w. */
typedef struct {
    uint8_t wall, floor, ceiling;
} lab_theme;

enum { LAB_THEMES = 12 };

/* ---- the map ---- */

typedef struct {
    int16_t x, y;
} lab_place; /* a cell */

typedef enum { LAB_EAST, LAB_SOUTH, LAB_WEST, LAB_NORTH } lab_side;

/* A wall is a cell whose floor is as high as a wall; a door is one whose floor moves. Where floor
 * and ceiling meet, nothing passes. */
typedef struct {
    float floor, ceiling;   /* ceiling LAB_SKY: open */
    uint8_t floor_material; /* of the floor, or of a wall's top */
    uint8_t ceiling_material;
    uint8_t wall_material; /* of the faces of what stands here (floor) and hangs (ceiling) */
    uint8_t dark;          /* 0 = lit, 63 = lost in fog; added to the fog of distance */
    uint8_t room;          /* 1 + index in map.room; 0 = no room */
    uint8_t door;          /* 1 + index in map.door; 0 = none */
    uint8_t trigger;       /* not 0: level's trigger() when the player comes here */
    char mark;             /* the letter of map text, ' ' where there was none */
    uint8_t panel[4];      /* by side: 1 + index in map.panel; 0 = none */
} lab_cell;

typedef struct {
    lab_place place;
    int8_t colour;   /* of its lock: a key of this colour opens it on touch; -1 = no lock */
    bool open;       /* what it is moving to */
    float low, high; /* its floor when open and when shut */
} lab_door;

typedef struct {
    int16_t x, y, width, height; /* cells inside, without walls */
} lab_room;

enum { LAB_PICTURE = 256 }; /* pixels a side */

/* A picture that a level draws on, shown by panels; pixels 0x00RRGGBB, row by row, then its half,
 * quarter... made by lab_picture_show. */
typedef struct {
    uint32_t pixel[LAB_PICTURE * LAB_PICTURE * 4 / 3 + 1];
} lab_picture;

/* A flat rectangle on the sides of `cells` walls next to each other, from z low to high. It shows
 * a picture (stretched over it), or a shape in a colour on a framed board, as large a square in its
 * middle as is as high as it, where picture < 0. */
typedef struct {
    lab_place place; /* the wall cell at its left end, as one who looks at it sees it */
    uint8_t side;    /* of that cell: the side it hangs on */
    uint8_t cells;
    float low, high;
    int8_t picture; /* index in w->picture */
    uint8_t shape, colour;
} lab_panel;

typedef struct {
    int width, height;            /* cells, 1..LAB_MAX_SIDE */
    lab_cell cell[LAB_MAX_CELLS]; /* [height, width] */
    lab_material material[LAB_MAX_MATERIALS];
    int materials;
    lab_room room[LAB_MAX_ROOMS];
    int rooms;
    lab_door door[LAB_MAX_DOORS];
    int doors;
    lab_panel panel[LAB_MAX_PANELS];
    int panels;
    /* Light: everything is multiplied by `light`, and fades to `fog` as distance nears `sight`. */
    uint32_t light, fog;
    float sight;      /* cells; nothing is drawn beyond */
    uint8_t sky;      /* lab_sky_kind */
    float bottom;     /* below this height a body has fallen: level's fell() */
    unsigned version; /* the renderer's: changed by lab_relight */
} lab_map;

/* ---- what moves ---- */

typedef struct {
    float x, y, z;    /* feet */
    float vx, vy, vz; /* cells a second */
    uint32_t yaw;
    int32_t pitch; /* 2^32 is a full turn; up is positive; at most LAB_MAX_PITCH */
    bool on_ground;
    int key;      /* colour of the key carried, -1 = none */
    int shield;   /* lasertag: hits it can take */
    int reload;   /* ticks until it can fire */
    int frozen;   /* ticks in which it cannot move */
    lab_place at; /* its cell, kept by the engine */
} lab_player;

#define LAB_MAX_PITCH (1 << 29) /* 45 degrees */

typedef enum {
    LAB_NONE,       /* a free slot */
    LAB_OBJECT,     /* level's pickup() when touched, if `touch`; else scenery */
    LAB_KEY_OBJECT, /* taken on touch when no key is carried, then level's pickup() */
    LAB_TELEPORT,   /* moves the player to (to_x, to_y), then level's pickup() */
    LAB_OPPONENT,   /* moves by itself */
    LAB_PROJECTILE,
    LAB_EFFECT, /* seen, then gone */
} lab_entity_kind;

typedef struct {
    uint8_t kind, shape, colour;
    bool touch;    /* the player takes or triggers it */
    bool solid;    /* bodies do not walk through it */
    bool hidden;   /* neither seen nor touched */
    float x, y, z; /* of the foot of its picture */
    float size;    /* height of its picture, cells */
    float radius;  /* within which it is touched */
    float reward;  /* given on touch by the engine */
    int tag;       /* the level's own: category, index, ... */
    int returns;   /* ticks until a hidden thing shows again by itself; 0 = never */
    /* LAB_TELEPORT */
    float to_x, to_y;
    int32_t to_yaw; /* in 1/65536 of a turn; -1 = as before */
    /* LAB_OPPONENT, LAB_PROJECTILE, LAB_EFFECT */
    float vx, vy, vz;
    uint32_t yaw;
    int owner;  /* projectile: entity index of who fired it, -1 = the player */
    int damage; /* projectile */
    int life;   /* ticks left of a projectile or an effect; steps walked of an opponent */
    int shield, reload, frozen;
    lab_place target; /* where an opponent is going */
} lab_entity;

/* How shots work, chosen by the level in build (defaults below are set before). */
typedef struct {
    bool enabled; /* FIRE does something; opponents shoot */
    bool beam;    /* hits at once along the line of sight; else a projectile flies */
    float speed;  /* of the projectile, cells a second: 12 */
    int reload;   /* ticks: 20 */
    int damage;   /* 25 */
} lab_gadget;

enum { LAB_FAR = 0xFFFF };
typedef struct {
    uint16_t steps[LAB_MAX_CELLS]; /* [height, width]: cells to walk, LAB_FAR = no way */
} lab_field;

/* ---- the world ---- */

typedef struct lab_level lab_level;

typedef struct {
    const lab_level *level;
    ag_rng rng; /* of this episode */
    lab_map map;
    lab_player player;
    lab_entity entity[LAB_MAX_ENTITIES];
    int entities;                        /* slots in use, some of them LAB_NONE */
    lab_gadget gadget, opponents_gadget; /* the player's; all its opponents' */
    bool jumping;                        /* JUMP works; false unless build says so */
    int tick, ticks;                     /* since the episode began; when it ends by time */
    int restarts;                        /* of the map in this episode */
    bool restart_asked, ended;
    double reward;                     /* of the running step; levels use lab_reward */
    double score;                      /* of the episode */
    char instruction[LAB_INSTRUCTION]; /* "" where there is none */
    lab_picture *picture;              /* [level->pictures] */
    int action[LAB_ACTIONS];           /* of the running step, LAB_LOOK_X ... */
    bool fired;                        /* in this tick */
    bool cross_hairs;                 /* shown in the middle of the picture; always with a gadget */
    float safe_x, safe_y;             /* the engine's: where the player last stood well */
    lab_field way[LAB_MAX_OPPONENTS]; /* the engine's: where opponents are going */
    max_align_t state[LAB_STATE / sizeof(max_align_t)]; /* the level's; zero when build is called */
} lab_world;

/* The native actions, in order, with their ranges. */
enum {
    LAB_LOOK_X, /* [-512, 512] pixels a frame, right is positive: 57 turn once in a second */
    LAB_LOOK_Y, /* [-512, 512], up is positive */
    LAB_STRAFE, /* [-1, 1], right is positive */
    LAB_MOVE,   /* [-1, 1], forward is positive */
    LAB_FIRE,   /* [0, 1], as the next two */
    LAB_JUMP,
    LAB_CROUCH,
};

/* A level: constant data and functions. All but name, summary, seconds, build and expert may be 0;
 * callbacks run inside a tick and may change anything in the world. */
struct lab_level {
    const char *name, *summary; /* "explore_goal_locations_small"; one phrase */
    int seconds;                /* an episode ends by time then */
    const void *config;         /* for families: what this level of it differs in */
    bool language;              /* has an instruction */
    int pictures;               /* of w->picture */
    /* Make the episode: map, player, entities, from w->rng. The world is empty. */
    int (*build)(lab_world *w);
    /* After lab_restart, at the end of the tick: put player and entities anew. Default: the player
     * goes to a free random place. */
    int (*restart)(lab_world *w);
    void (*tick)(lab_world *w); /* last thing in each tick */
    /* The player touched it (touch, not hidden). The engine has given e->reward and, for
     * LAB_OBJECT, hidden it (e->hidden = true); set hidden = false to keep it. */
    void (*pickup)(lab_world *w, lab_entity *e);
    void (*trigger)(lab_world *w, int trigger, lab_place place);
    void (*door)(lab_world *w, int door); /* a key has just opened it */
    void (*fell)(lab_world *w);           /* below map.bottom. Default: back to the last ground */
    /* `who` was hit and its shield is used up: entity index, or -1 the player; by likewise.
     * Default: who is moved to a free random place with its shield restored. */
    void (*tagged)(lab_world *w, int who, int by);
    /* The scripted expert: fill action[LAB_ACTIONS] (zeroed before) for the next `repeat` ticks.
     * It may read everything, and write to the level's state only. */
    void (*expert)(lab_world *w, int repeat, int *action);
};

/* A family is an array of levels (name NULL at the end) in levels/FAMILY.c, listed in
 * levels/levels.c. */
extern const lab_level *const lab_families[];      /* NULL at the end */
const lab_level *lab_level_at(int index);          /* of all families in turn; NULL past the end */
const lab_level *lab_level_find(const char *name); /* without "lab/"; NULL if there is none */

/* One environment. AG_ENOMEM. */
int lab_world_new(const lab_level *level, lab_world **out);
void lab_world_free(lab_world *w); /* NULL allowed */
/* Begin episode `episode` of `seed`. */
int lab_world_episode(lab_world *w, uint64_t seed, uint64_t episode);
/* One tick with action[LAB_ACTIONS]; AG_EINVAL if out of range. Reward is in w->reward; w->ended or
 * w->tick == w->ticks afterwards: the episode is over. */
int lab_world_tick(lab_world *w, const int *action);
/* The expert's action for the next `repeat` ticks. */
void lab_world_expert(lab_world *w, int repeat, int *action);

/* ---- for levels: making maps ---- */

/* Everything away, a map of width x height walls in LAB_TEX_STONE; AG_EINVAL for a bad size. Called
 * by the generators and lab_map_text. */
int lab_map_new(lab_world *w, int width, int height);
lab_cell *lab_cell_at(lab_world *w, int x, int y);             /* inside the map only */
const lab_cell *lab_cell_of(const lab_world *w, int x, int y); /* NULL outside */
/* A material of w (found or added; the last one when all are used). */
uint8_t lab_material_of(lab_world *w, lab_texture texture, uint32_t tint);
lab_theme lab_theme_of(lab_world *w, int style); /* style modulo LAB_THEMES */
uint32_t lab_paint_rgb(int colour);              /* LAB_RGB of a lab_colour */
void lab_relight(lab_world *w);                  /* call after changing light, fog or materials */

/* Map text: rows of letters ended by newlines. '#' and '*' are walls; '0'..'9' floors at that many
 * steps of 0.25; '~' void; anything else is floor, and its letter is the cell's mark ('.' and ' '
 * are mark ' '). Short rows are walls to the right. `rooms` (NULL: none): a second text of the same
 * size, where a letter A.. gives the cell's room (by room the bounding box). Height 0 floor,
 * ceiling `ceiling` (LAB_SKY: none, and walls are `wall` high). AG_EINVAL says which row is wrong.
 */
int lab_map_text(lab_world *w, const char *text, const char *rooms, float wall, float ceiling);
/* Paint cells: of one room (1 + index), 0 = those in no room, -1 = all. */
void lab_paint(lab_world *w, int room, lab_theme theme);

typedef struct {
    int width, height;      /* cells, odd, >= 5 */
    int rooms;              /* wanted */
    int room_min, room_max; /* cells a side, odd */
    int exits;              /* of each room where they can be had; more to reach all of the maze */
    int loops;              /* walls of the maze opened besides, 0 = a tree */
    float wall, ceiling;    /* height of walls; ceiling LAB_SKY or the same height */
} lab_maze;
/* A maze on the odd cells with rooms in it: everything can be reached. Exits of rooms are marked
 * 'D' (a doorway: one cell of wall thickness), corridors ' ', rooms' cells 'R'. */
int lab_make_maze(lab_world *w, const lab_maze *maze);

typedef struct {
    int width, height;
    int rooms;
    int room_min, room_max;
    float wall, ceiling;
} lab_scatter;
/* Rooms anywhere that do not touch, joined by corridors of one cell; marks as in a maze. */
int lab_make_rooms(lab_world *w, const lab_scatter *scatter);

typedef struct {
    int width, height;
    float relief;       /* difference between the highest and the lowest ground, cells */
    int smoothness;     /* cells a hill is wide: 4.. */
    float water;        /* ground below this height (0..1 of relief) is a shallow lake */
    float trees, rocks; /* share of cells: 0.03 */
} lab_terrain;
/* Natural ground under the sky, rocks about it; all ground that is left can be reached (else it is
 * rock). Trees are solid entities. */
int lab_make_terrain(lab_world *w, const lab_terrain *terrain);

typedef struct {
    int width, height;
    float difficulty;      /* 0..1: length of the way, number of dead ends, drops */
    lab_place start, goal; /* out */
} lab_platforms;
/* Platforms over the void: drops are one-way; goal can be reached from start (and not from
 * everywhere). */
int lab_make_platforms(lab_world *w, lab_platforms *platforms);

/* A door in this (floor) cell, shut or open; its index, or -1 when there are too many. */
int lab_door_add(lab_world *w, lab_place place, int lock_colour, bool open);
void lab_door_set(lab_world *w, int door, bool open);  /* moves there in half a second */
void lab_door_jump(lab_world *w, int door, bool open); /* at once */
/* A panel; its index, or -1 when there are too many. */
int lab_panel_add(lab_world *w, const lab_panel *panel);
/* Random shapes on `count` random walls (fewer if there is no room), to know places by. */
void lab_hang_posters(lab_world *w, int count);

/* ---- for levels: places ---- */

static inline float lab_middle(int cell)
{
    return (float)cell + 0.5f;
}
bool lab_standable(const lab_world *w, int x, int y); /* floor to stand on, no door, no void */
/* Standable cells without the player and solid or touchable entities, of one room (1 + index), 0 =
 * in no room, -1 = all; with this mark (0: any). Returns how many were written to places[at most
 * max]. */
int lab_places(const lab_world *w, int room, char mark, lab_place *places, int max);
/* Keep the places that are not right behind a doorway ('D'), where whoever comes in has to pass;
 * returns how many are left. */
int lab_keep_inner(const lab_world *w, lab_place *places, int count);
void lab_shuffle(lab_world *w, lab_place *places, int count);
/* A random one of those; false if there is none. */
bool lab_random_place(lab_world *w, int room, char mark, lab_place *place);
/* As lab_random_place over all, at least `far` steps on foot from `from`; the farthest if none. */
bool lab_random_far(lab_world *w, lab_place from, int far, lab_place *place);

/* Put the player in the middle of a cell, at rest. yaw in 1/65536 of a turn, -1 = random. */
void lab_put_player(lab_world *w, lab_place place, int32_t yaw);
void lab_move_player(lab_world *w, float x, float y, int32_t yaw); /* -1 = as before */

/* Add an entity in the middle of a cell, on its floor. NULL when all slots are used. Fields after
 * the call are the caller's to change. */
lab_entity *lab_add_object(lab_world *w, lab_place place, lab_shape shape, lab_colour colour,
                           float size, float reward); /* touch = true, radius 0.3 + size / 6 */
lab_entity *lab_add_key(lab_world *w, lab_place place, lab_colour colour, float reward);
lab_entity *lab_add_pad(lab_world *w, lab_place place, lab_place to, int32_t to_yaw);
lab_entity *lab_add_opponent(lab_world *w, lab_place place, lab_colour colour);
void lab_remove(lab_world *w, lab_entity *e);
void lab_remove_all(lab_world *w);
int lab_entity_index(const lab_world *w, const lab_entity *e);

/* ---- for levels: happening ---- */

void lab_reward(lab_world *w, double reward);
void lab_restart(lab_world *w); /* at the end of this tick */
void lab_end(lab_world *w);     /* by the level's own rule */
void lab_instruct(lab_world *w, const char *format, ...) AG_PRINTF(2, 3);
int lab_below(lab_world *w, int n); /* uniform in 0..n-1 from w->rng */
bool lab_chance(lab_world *w, float probability);
void lab_shuffle_ints(lab_world *w, int *values, int count);

/* ---- seeing and finding ways ---- */

float lab_sin(uint32_t turn);
float lab_cos(uint32_t turn);
uint32_t lab_direction(float dx, float dy); /* the yaw that looks along (dx, dy) */
float lab_distance(float x0, float y0, float x1, float y1);
/* Nothing stands between two points at eye height (z's are of the points themselves). */
bool lab_sees(const lab_world *w, float x0, float y0, float z0, float x1, float y1, float z1);
/* The player looks at a panel: its index, with u (from the left) and v (from the top) in [0, 1);
 * else -1. */
int lab_gaze(const lab_world *w, float *u, float *v);
/* A body can walk straight from one point to the other (drops allowed, doors must be open). */
bool lab_walkable(const lab_world *w, float x0, float y0, float x1, float y1);

/* Steps from every cell to `to`: up by LAB_STEP at most, down any drop. Shut doors count as open
 * if through_doors. avoid [height, width]: cells not to enter (NULL: none). */
void lab_field_to(const lab_world *w, lab_place to, bool through_doors, const uint8_t *avoid,
                  lab_field *field);

/* Steps from `from` to every cell, through open doors. */
void lab_field_from(const lab_world *w, lab_place from, lab_field *field);

/* ---- for experts ---- */

/* Walk to a point along the field's way, looking where it goes; true once within `near` of it. */
bool lab_walk(const lab_world *w, float x, float y, float near, const uint8_t *avoid, int repeat,
              int *action);
/* Mark the cells of touchable entities other than `except` (NULL: none) for avoid. */
void lab_avoid(const lab_world *w, const lab_entity *except, uint8_t *avoid);
/* Turn to a point, to a panel's (u, v); true when it is within three pixels. */
bool lab_look(const lab_world *w, float x, float y, float z, int repeat, int *action);
bool lab_look_panel(const lab_world *w, int panel, float u, float v, int repeat, int *action);
/* The nearest on foot of the touchable shown entities with reward > 0; NULL. */
lab_entity *lab_nearest_good(lab_world *w);

/* ---- pictures on panels; coordinates in pixels, colours LAB_RGB ---- */

void lab_picture_clear(lab_picture *p, uint32_t rgb);
void lab_picture_rectangle(lab_picture *p, int x, int y, int width, int height, uint32_t rgb);
void lab_picture_disc(lab_picture *p, int x, int y, int radius, uint32_t rgb);
/* A filled polygon of corners[2 * n] in order. */
void lab_picture_polygon(lab_picture *p, const int *corners, int n, uint32_t rgb);
/* A letter of ASCII, turned by quarters clockwise, in a square. */
void lab_picture_letter(lab_picture *p, char letter, int quarters, int x, int y, int side,
                        uint32_t rgb);
void lab_picture_shape(lab_picture *p, lab_shape shape, lab_colour colour, int x, int y, int side);
/* An abstract picture in a square: equal numbers give equal pictures, others look different. */
void lab_picture_abstract(lab_picture *p, uint32_t number, int x, int y, int side);
void lab_picture_show(lab_picture *p); /* after drawing */

#endif
