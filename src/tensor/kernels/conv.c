/* Convolutions: the geometry and the choice of a way to compute them. */
#include "tensor/kernels/conv.h"

#include <string.h>

int64_t vt_conv_size(int64_t size, int64_t kernel, int stride, int dilation, int before, int after)
{
    int64_t s = stride > 0 ? stride : 1, d = dilation > 0 ? dilation : 1;
    int64_t room = size + before + after - d * (kernel - 1) - 1;
    return room < 0 ? 0 : room / s + 1;
}

int64_t vt_conv_count_x(const vt_conv *c)
{
    return c->s.b * c->s.h * c->s.w * c->s.i;
}

int64_t vt_conv_count_w(const vt_conv *c)
{
    return c->s.kh * c->s.kw * c->s.i * c->s.o;
}

int64_t vt_conv_count_y(const vt_conv *c)
{
    return c->s.b * c->oh * c->ow * c->s.o;
}

/* A 1x1 over whole pictures is one matrix product: see it as a single line. */
static void flatten_pointwise(vt_conv *c)
{
    vt_conv_spec *s = &c->s;
    bool pads = s->p.pad[0][0] || s->p.pad[0][1] || s->p.pad[1][0] || s->p.pad[1][1];
    if (s->kh == 1 && s->kw == 1 && s->p.stride[0] == 1 && s->p.stride[1] == 1 && !pads) {
        s->w *= s->b * s->h;
        s->b = s->h = 1;
        c->ow = s->w;
        c->oh = 1;
    }
}

static int set_geometry(vt_conv *c, const vt_conv_spec *spec)
{
    c->s = *spec;
    ag_conv_params *p = &c->s.p;
    for (int axis = 0; axis < 2; axis++) {
        p->stride[axis] = p->stride[axis] > 0 ? p->stride[axis] : 1;
        p->dilation[axis] = p->dilation[axis] > 0 ? p->dilation[axis] : 1;
    }
    c->oh =
        vt_conv_size(spec->h, spec->kh, p->stride[0], p->dilation[0], p->pad[0][0], p->pad[0][1]);
    c->ow =
        vt_conv_size(spec->w, spec->kw, p->stride[1], p->dilation[1], p->pad[1][0], p->pad[1][1]);
    if (c->oh < 1 || c->ow < 1) {
        return ag_fail(AG_EINVAL, "the convolution's window is larger than its padded input");
    }
    flatten_pointwise(c);
    return 0;
}

static int choose_way(vt_conv *c, const vt_kernels *k)
{
    bool done;
    int status = vt_conv_use_direct(c, k, &done);
    if (!done && !vt_conv_use_lines(c)) {
        vt_conv_use_unfolding(c);
    }
    return status;
}

int vt_conv_new_with(const vt_kernels *k, const vt_conv_spec *spec, vt_conv **out)
{
    *out = NULL;
    vt_conv *c = ag_calloc(1, sizeof *c);
    if (!c) {
        return AG_ENOMEM;
    }
    int status = set_geometry(c, spec);
    if (status == 0) {
        status = choose_way(c, k);
    }
    if (status < 0) {
        vt_conv_free(c);
        return status;
    }
    *out = c;
    return 0;
}

int vt_conv_new(const vt_conv_spec *spec, vt_conv **out)
{
    return vt_conv_new_with(vt_kernels_get(), spec, out);
}

void vt_conv_free(vt_conv *c)
{
    if (c) {
        vt_conv_free_passes(c);
        ag_free(c);
    }
}

size_t vt_conv_scratch(const vt_conv *c)
{
    return c->scratch;
}

double vt_conv_flops(const vt_conv *c)
{
    return 2.0 * (double)(c->s.b * c->oh * c->ow) * (double)vt_conv_count_w(c);
}

void vt_conv_run(const vt_conv *c, const float *a, const float *b, float *out, bool accumulate,
                 void *scratch)
{
    c->run(c, a, b, out, accumulate, scratch);
}

void vt_pack_panels(const vt_kernels *k, int64_t rows, int64_t width, const float *w, int64_t w_row,
                    int64_t w_column, float *packed, int64_t panel)
{
    int64_t to[2] = { k->conv_panel, 1 }, from[2] = { w_row, w_column };
    for (int64_t j = 0; j < width; j += k->conv_panel, packed += panel) {
        int64_t left = width - j, shape[2] = { rows, left < k->conv_panel ? left : k->conv_panel };
        if (shape[1] < k->conv_panel) {
            memset(packed, 0, (size_t)(rows * k->conv_panel) * sizeof *packed);
        }
        vt_copy_strided(2, shape, packed, to, w + j * w_column, from);
    }
}
