/* lab_test.h: what the test files of this room share. */
#ifndef AGENA_LAB_TEST_H
#define AGENA_LAB_TEST_H

#include "../common/test_list.h"
#include "lab/lab.h"
#include "lab/render.h"

#include <stdio.h>
#include <string.h>

/* One function a file adds its tests. */
void test_map(test_list *list);
void test_physics(test_list *list);
void test_path(test_list *list);
void test_things(test_list *list);
void test_render(test_list *list);
void test_world(test_list *list);
void test_class(test_list *list);
void test_levels(test_list *list);
void test_rooms(test_list *list);
void test_language(test_list *list);
void test_families(test_list *list);
void test_words(test_list *list);

/* A world of a level that only has this build (and these callbacks); stops the test on failure. */
lab_world *world_of(const lab_level *level, uint64_t seed);
/* A world of one map text under a ceiling of 1. */
lab_world *world_of_text(const char *text);
/* A tick with these actions, others 0; stops the test on failure. */
void tick(lab_world *w, int look, int strafe, int move);
/* A random action in range: mostly forward, some turning. */
void random_action(ag_rng *rng, int *action);
/* Put the player on it, and a tick. */
void touch(lab_world *w, const lab_entity *e);
/* Touchable objects of a shape (-1: any) with this reward; those among them that were taken. */
int count_objects(const lab_world *w, int shape, float reward);
int count_taken(const lab_world *w);
/* The first object of this shape; stops the test if there is none. */
lab_entity *object_of(lab_world *w, int shape);
/* FNV-1a of some bytes, mixed into hash. */
uint64_t mixed(uint64_t hash, const void *data, size_t size);

/* A level that has everything in it: heights, doors, keys, pads, opponents that shoot, pictures. */
extern const lab_level busy_level;

#endif
