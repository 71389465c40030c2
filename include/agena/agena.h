/* agena/agena.h: everything. */
#ifndef AGENA_AGENA_H
#define AGENA_AGENA_H

#include "agena/audio.h"
#include "agena/base.h"
#include "agena/classify.h"
#include "agena/data.h"
#include "agena/env.h"
#include "agena/nn.h"
#include "agena/tensor.h"
#include "agena/wage.h"
#include "agena/wavenet.h"

#endif
