/* A window in which a person plays a level, by SDL2. */
#include "cli/lab_window.h"

#ifdef AGENA_SDL2

#include <SDL.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/render.h"

enum { MOUSE_GAIN = 3, KEY_TURN = 28 /* pixels a tick */ };

struct cli_lab_window {
    lab_world *world;
    lab_view *view;
    uint8_t *rgb;
    int width, height;
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *texture;
    double opened;
    bool started, next, quit; /* SDL runs; asked for by keys */
    int mouse_x, mouse_y;     /* moved since the last tick */
};

static int sdl_failed(const char *what)
{
    return ag_fail(AG_EIO, "%s: %s", what, SDL_GetError());
}

static int open_screen(cli_lab_window *w, const char *title)
{
    if (SDL_Init(SDL_INIT_VIDEO) != 0)
        return sdl_failed("there is no screen to play on");
    w->started = true;
    /* SDL's last resort is a screen that nobody sees; only who asks for it gets it. */
    const char *driver = SDL_GetCurrentVideoDriver();
    if (!getenv("SDL_VIDEODRIVER") && driver && strcmp(driver, "offscreen") == 0)
        return ag_fail(AG_EIO, "there is no screen to play on");
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

static void press(cli_lab_window *w, SDL_Keycode key)
{
    switch (key) {
    case SDLK_ESCAPE:
        w->quit = true;
        break;
    case SDLK_n:
        w->next = true;
        break;
    case SDLK_m:
        SDL_SetRelativeMouseMode(SDL_GetRelativeMouseMode() ? SDL_FALSE : SDL_TRUE);
        break;
    default:
        break;
    }
}

static void listen(cli_lab_window *w)
{
    SDL_Event event;
    w->mouse_x = w->mouse_y = 0;
    while (SDL_PollEvent(&event)) {
        if (event.type == SDL_QUIT)
            w->quit = true;
        else if (event.type == SDL_KEYDOWN && !event.key.repeat)
            press(w, event.key.keysym.sym);
        else if (event.type == SDL_MOUSEMOTION && SDL_GetRelativeMouseMode()) {
            w->mouse_x += event.motion.xrel;
            w->mouse_y += event.motion.yrel;
        }
    }
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
    action[LAB_LOOK_Y] = limited(-w->mouse_y * MOUSE_GAIN);
    action[LAB_STRAFE] = key[SDL_SCANCODE_D] - key[SDL_SCANCODE_A];
    action[LAB_MOVE] = (key[SDL_SCANCODE_W] | key[SDL_SCANCODE_UP]) -
                       (key[SDL_SCANCODE_S] | key[SDL_SCANCODE_DOWN]);
    action[LAB_FIRE] = button || key[SDL_SCANCODE_LCTRL] || key[SDL_SCANCODE_RCTRL];
    action[LAB_JUMP] = key[SDL_SCANCODE_SPACE];
    action[LAB_CROUCH] = key[SDL_SCANCODE_LSHIFT];
}

static void show(cli_lab_window *w)
{
    lab_render(w->world, w->view);
    lab_view_rgb(w->view, w->rgb);
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

int cli_lab_play(cli_lab_window *w, uint64_t seed, double seconds, cli_lab_result *result)
{
    lab_world *world = w->world;
    int status = lab_world_episode(world, seed, (uint64_t)result->episode);
    double begun = ag_seconds();
    w->next = false;
    while (status == 0 && !w->quit && !w->next && !world->ended && world->tick < world->ticks) {
        int action[LAB_ACTIONS];
        listen(w);
        read_action(w, action);
        status = lab_world_tick(world, action);
        if (world->tick % 2 == 0)
            show(w);
        if (world->tick % (LAB_TICKS / 4) == 1)
            show_title(w);
        wait_for(&begun, world->tick);
        w->quit |= ag_interrupted() || (seconds > 0 && ag_seconds() - w->opened > seconds);
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

void cli_lab_close(cli_lab_window *window)
{
    (void)window;
}

#endif
