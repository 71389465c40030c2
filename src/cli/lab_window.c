/* A window in which a person plays a level, by SDL2. */
#include "cli/lab_window.h"

#ifdef AGENA_SDL2

#include <SDL.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/render.h"
#include "lab/words.h"

enum {
    MOUSE_GAIN = 3,
    KEY_TURN = 28, /* pixels a tick */
    HELP_TICKS = 8 * LAB_TICKS,
    END_SECONDS = 3, /* the last picture of an episode stays */
    BAR_TEXT = 512,
};

struct cli_lab_window {
    lab_world *world;
    lab_view *view;
    uint8_t *rgb;
    int width, height;
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *texture;
    double opened;
    bool started;            /* SDL runs */
    bool next, quit, paused; /* asked for by keys */
    bool help;               /* what keys do is shown */
    int help_ticks;          /* until it goes by itself; 0: when it is asked to */
    int mouse_x, mouse_y;    /* moved since the last tick */
};

static int sdl_failed(const char *what)
{
    return ag_fail(AG_EIO, "%s: %s", what, SDL_GetError());
}

static int open_screen(cli_lab_window *w, const char *title)
{
    if (SDL_Init(SDL_INIT_VIDEO) != 0)
        return sdl_failed("there is no screen to play on (is DISPLAY set?)");
    w->started = true;
    /* SDL's last resort is a screen that nobody sees; only who asks for it gets it. */
    const char *driver = SDL_GetCurrentVideoDriver();
    if (!getenv("SDL_VIDEODRIVER") && driver && strcmp(driver, "offscreen") == 0)
        return ag_fail(AG_EIO,
                       "there is no screen to play on: DISPLAY or WAYLAND_DISPLAY should name "
                       "one; `agena lab show` needs none");
    w->window = SDL_CreateWindow(title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, w->width,
                                 w->height, SDL_WINDOW_RESIZABLE);
    w->renderer = w->window ? SDL_CreateRenderer(w->window, -1, 0) : NULL;
    w->texture = w->renderer ? SDL_CreateTexture(w->renderer, SDL_PIXELFORMAT_RGB24,
                                                 SDL_TEXTUREACCESS_STREAMING, w->width, w->height)
                             : NULL;
    if (!w->texture)
        return sdl_failed("the window cannot be opened");
    SDL_RenderSetLogicalSize(w->renderer, w->width, w->height);
    SDL_SetRelativeMouseMode(SDL_TRUE);
    return 0;
}

int cli_lab_open(const lab_level *level, int width, int height, cli_lab_window **out)
{
    cli_lab_window *w = ag_calloc(1, sizeof *w);
    *out = w;
    if (!w)
        return AG_ENOMEM;
    w->width = width;
    w->height = height;
    w->opened = ag_seconds();
    w->help = true;
    w->help_ticks = HELP_TICKS;
    w->rgb = ag_malloc(3 * (size_t)width * (size_t)height);
    int status = w->rgb ? lab_world_new(level, &w->world) : AG_ENOMEM;
    if (status == 0)
        status = lab_view_new(width, height, false, &w->view);
    return status < 0 ? status : open_screen(w, level->name);
}

void cli_lab_close(cli_lab_window *w)
{
    if (!w)
        return;
    SDL_DestroyTexture(w->texture);
    SDL_DestroyRenderer(w->renderer);
    SDL_DestroyWindow(w->window);
    if (w->started)
        SDL_Quit();
    lab_world_free(w->world);
    lab_view_free(w->view);
    ag_free(w->rgb);
    ag_free(w);
}

/* A game that is not looked at waits. */
static void pause_game(cli_lab_window *w, bool paused)
{
    w->paused = paused;
    SDL_SetRelativeMouseMode(paused ? SDL_FALSE : SDL_TRUE);
}

static void press(cli_lab_window *w, SDL_Keycode key)
{
    switch (key) {
    case SDLK_ESCAPE:
        w->quit = true;
        break;
    case SDLK_n:
        w->next = true;
        break;
    case SDLK_p:
        pause_game(w, !w->paused);
        break;
    case SDLK_h:
        w->help = !w->help;
        w->help_ticks = 0;
        break;
    case SDLK_m:
        SDL_SetRelativeMouseMode(SDL_GetRelativeMouseMode() ? SDL_FALSE : SDL_TRUE);
        break;
    default:
        break;
    }
}

static void hear(cli_lab_window *w, const SDL_Event *event)
{
    if (event->type == SDL_QUIT)
        w->quit = true;
    else if (event->type == SDL_KEYDOWN && !event->key.repeat)
        press(w, event->key.keysym.sym);
    else if (event->type == SDL_MOUSEBUTTONDOWN && w->paused)
        pause_game(w, false);
    else if (event->type == SDL_WINDOWEVENT && event->window.event == SDL_WINDOWEVENT_FOCUS_LOST)
        pause_game(w, true);
    else if (event->type == SDL_MOUSEMOTION && SDL_GetRelativeMouseMode()) {
        w->mouse_x += event->motion.xrel;
        w->mouse_y += event->motion.yrel;
    }
}

static void listen(cli_lab_window *w, double seconds)
{
    SDL_Event event;
    w->mouse_x = w->mouse_y = 0;
    while (SDL_PollEvent(&event))
        hear(w, &event);
    w->quit |= ag_interrupted() || (seconds > 0 && ag_seconds() - w->opened > seconds);
}

static int limited(int value)
{
    return value > 512 ? 512 : value < -512 ? -512 : value;
}

static void read_action(const cli_lab_window *w, int *action)
{
    const Uint8 *key = SDL_GetKeyboardState(NULL);
    bool button = SDL_GetMouseState(NULL, NULL) & SDL_BUTTON_LMASK;
    action[LAB_LOOK_X] = limited(w->mouse_x * MOUSE_GAIN +
                                 KEY_TURN * (key[SDL_SCANCODE_RIGHT] - key[SDL_SCANCODE_LEFT]));
    action[LAB_LOOK_Y] =
        limited(-w->mouse_y * MOUSE_GAIN +
                KEY_TURN * (key[SDL_SCANCODE_PAGEUP] - key[SDL_SCANCODE_PAGEDOWN]));
    action[LAB_STRAFE] = key[SDL_SCANCODE_D] - key[SDL_SCANCODE_A];
    action[LAB_MOVE] = (key[SDL_SCANCODE_W] | key[SDL_SCANCODE_UP]) -
                       (key[SDL_SCANCODE_S] | key[SDL_SCANCODE_DOWN]);
    action[LAB_FIRE] = button || key[SDL_SCANCODE_LCTRL] || key[SDL_SCANCODE_RCTRL];
    action[LAB_JUMP] = key[SDL_SCANCODE_SPACE];
    action[LAB_CROUCH] = key[SDL_SCANCODE_LSHIFT];
}

/* What the keys do here. */
static void help_text(const lab_world *world, char *text)
{
    snprintf(text, BAR_TEXT,
             "Mouse, Left, Right, Page Up, Page Down: look. WASD, Up, Down: walk.%s%s P: wait. "
             "N: next episode. M: free the mouse. H: this help. Esc: leave.",
             world->gadget.enabled ? " Left button, Ctrl: fire." : "",
             world->jumping ? " Space: jump." : "");
}

/* Over the picture: score and time, what is to be done, and below what the keys do or `notice`. */
static void write_over(const cli_lab_window *w, const char *notice)
{
    enum { WHITE = LAB_RGB(255, 255, 255), YELLOW = LAB_RGB(255, 230, 90) };
    const lab_world *world = w->world;
    lab_canvas c = { w->rgb, 3 * (size_t)w->width, w->width, w->height };
    char text[BAR_TEXT];
    int scale = w->height < 480 ? 1 : w->height / 240, left = world->ticks - world->tick;
    left = (left + LAB_TICKS - 1) / LAB_TICKS;
    snprintf(text, sizeof text, "score %g   %d:%02d left", world->score, left / 60, left % 60);
    int y = lab_caption(&c, 0, scale, WHITE, text);
    if (world->instruction[0])
        lab_caption(&c, y, scale, YELLOW, world->instruction);
    else if (w->help)
        lab_caption(&c, y, scale, YELLOW, world->level->summary);
    if (!notice && !w->help)
        return;
    if (notice)
        snprintf(text, sizeof text, "%s", notice);
    else
        help_text(world, text);
    int rows = lab_caption_lines(&c, scale, text) * LAB_LINE * scale;
    lab_caption(&c, w->height - rows, scale, WHITE, text);
}

static void show(cli_lab_window *w, const char *notice)
{
    lab_render(w->world, w->view);
    lab_view_rgb(w->view, w->rgb);
    write_over(w, notice);
    SDL_UpdateTexture(w->texture, NULL, w->rgb, 3 * w->width);
    SDL_RenderClear(w->renderer);
    SDL_RenderCopy(w->renderer, w->texture, NULL, NULL);
    SDL_RenderPresent(w->renderer);
}

static void show_title(const cli_lab_window *w)
{
    char title[512];
    int left = (w->world->ticks - w->world->tick) / LAB_TICKS;
    snprintf(title, sizeof title, "%s   score %g   %d:%02d left   %s", w->world->level->name,
             w->world->score, left / 60, left % 60, w->world->instruction);
    SDL_SetWindowTitle(w->window, title);
}

/* Sleep until tick `tick` of an episode that began then; late ticks are not made up for. */
static void wait_for(double *begun, int tick)
{
    double rest = *begun + (double)tick / LAB_TICKS - ag_seconds();
    if (rest > 0)
        SDL_Delay((Uint32)(rest * 1000));
    else if (rest < -0.25)
        *begun -= rest;
}

/* Wait, with the picture standing still, until the game goes on. */
static void stand_still(cli_lab_window *w, double seconds)
{
    while (w->paused && !w->quit && !w->next) {
        show(w, "Waiting. P or a click: go on. Esc: leave.");
        SDL_Delay(30);
        listen(w, seconds);
    }
}

bool cli_lab_linger(cli_lab_window *w, double seconds)
{
    double begun = ag_seconds();
    char text[BAR_TEXT];
    snprintf(text, sizeof text, "The end: score %g. N: next episode. Esc: leave.", w->world->score);
    while (!w->quit && !w->next && ag_seconds() - begun < END_SECONDS) {
        show(w, text);
        SDL_Delay(30);
        listen(w, seconds);
    }
    return !w->quit;
}

static void tick_done(cli_lab_window *w, double *begun)
{
    lab_world *world = w->world;
    if (w->help_ticks > 0 && --w->help_ticks == 0)
        w->help = false;
    bool late = ag_seconds() - *begun > (double)(world->tick + 2) / LAB_TICKS;
    if (world->tick % (late ? 8 : 2) == 0) /* a slow screen does not slow time */
        show(w, NULL);
    if (world->tick % (LAB_TICKS / 4) == 1)
        show_title(w);
    wait_for(begun, world->tick);
}

int cli_lab_play(cli_lab_window *w, uint64_t seed, double seconds, cli_lab_result *result)
{
    lab_world *world = w->world;
    int status = lab_world_episode(world, seed, (uint64_t)result->episode);
    double begun = ag_seconds();
    w->next = false;
    while (status == 0 && !w->quit && !w->next && !world->ended && world->tick < world->ticks) {
        int action[LAB_ACTIONS];
        listen(w, seconds);
        if (w->paused) {
            stand_still(w, seconds);
            continue;
        }
        read_action(w, action);
        status = lab_world_tick(world, action);
        tick_done(w, &begun);
    }
    result->finished = world->ended || world->tick >= world->ticks;
    result->quit = w->quit;
    result->score = world->score;
    result->seconds = (double)world->tick / LAB_TICKS;
    return status;
}

#else

struct cli_lab_window {
    int none;
};

int cli_lab_open(const lab_level *level, int width, int height, cli_lab_window **out)
{
    (void)level, (void)width, (void)height;
    *out = NULL;
    return ag_fail(AG_EINVAL, "this agena was built without SDL2, so that it has no window to play "
                              "in: install libsdl2-dev and build it again");
}

int cli_lab_play(cli_lab_window *window, uint64_t seed, double seconds, cli_lab_result *result)
{
    (void)window, (void)seed, (void)seconds, (void)result;
    return AG_EINVAL;
}

bool cli_lab_linger(cli_lab_window *window, double seconds)
{
    (void)window, (void)seconds;
    return false;
}

void cli_lab_close(cli_lab_window *window)
{
    (void)window;
}

#endif
