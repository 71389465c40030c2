/* Pictures of an episode for people, with words: contact sheets, and films with the map from above.
 */
#ifndef LAB_FILM_H
#define LAB_FILM_H

#include "lab/lab.h"
#include "lab/score.h"

/* The map from above into a square of rgb [side, side, 3], whose rows are `stride` bytes apart. */
void lab_overview(const lab_world *w, int side, uint8_t *rgb, size_t stride);

typedef struct {
    lab_agent agent;
    uint64_t seed;
    int width, height; /* of the player's view, pixels */
    double seconds;    /* of the episode; 0: all of it */
    int frames;        /* of a sheet */
} lab_film;

/* A contact sheet: frames at equal times of one episode of each level in turn (the first after half
 * a step); PNG. columns: pictures a row. Where `maps`, the map is beside each, and the time, score
 * and instruction below; else the level's name. */
int lab_film_sheet(const lab_film *film, const lab_level *const *levels, int count, bool maps,
                   int columns, const char *path);
/* A film of 30 frames a second, view and map side by side, encoded by the program ffmpeg: a path
 * that ends in .gif or .mp4. AG_ENOTFOUND says what to install. */
int lab_film_movie(const lab_film *film, const lab_level *level, const char *path);

#endif
