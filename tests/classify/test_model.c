/* Model files: what is saved is loaded again, packed too; spoilt files get a sentence. */
#include "classify_test.h"

static int64_t wrong_answers(const char *path)
{
    ag_classifier *m;
    ag_pictures *p;
    int64_t wrong;
    assert_int_equal(ag_classifier_load(path, 0, NULL, &m), 0);
    assert_int_equal(ag_pictures_open(at("set"), AG_SPLIT_TEST, &p), 0);
    assert_int_equal(ag_classifier_evaluate(m, p, 0, p->count, NULL, &wrong), 0);
    ag_pictures_free(p);
    ag_classifier_free(m);
    return wrong;
}

static void packed_models_answer_alike(void **state)
{
    (void)state;
    ag_classifier *m, *n;
    assert_int_equal(ag_classifier_load(at("one/model.safetensors"), 0, NULL, &m), 0);
    assert_int_equal(ag_classifier_save(m, true, at("packed.safetensors")), 0);
    assert_int_equal(ag_classifier_load(at("packed.safetensors"), 0, NULL, &n), 0);
    for (int i = 0; i < m->config.layers; i++) {
        int64_t count = ag_wage_weight_count(m->net, i);
        int8_t a[4096], b[4096];
        assert_true(count <= 4096);
        if (count > 0) {
            ag_wage_get_quantised(m->net, i, a);
            ag_wage_get_quantised(n->net, i, b);
            assert_memory_equal(a, b, (size_t)count);
        }
    }
    assert_int_equal(n->steps, m->steps);
    assert_int_equal(n->seed, 3);
    assert_int_equal(n->points, m->points);
    assert_memory_equal(n->curve, m->curve, (size_t)n->points * sizeof *n->curve);
    ag_classifier_free(m);
    ag_classifier_free(n);
    assert_int_equal(wrong_answers(at("packed.safetensors")),
                     wrong_answers(at("one/model.safetensors")));
    void *data;
    size_t whole, small;
    assert_int_equal(ag_file_read(at("one/model.safetensors"), 1 << 20, &data, &whole), 0);
    ag_free(data);
    assert_int_equal(ag_file_read(at("packed.safetensors"), 1 << 20, &data, &small), 0);
    ag_free(data);
    assert_true(small < whole - 2000); /* of 3,400 weights */
}

/* Other widths: I16 above 8 bits of gradients; widths of a layer's own. */
static void wide_models(void **state)
{
    (void)state;
    static const char *const settings[] = { "bits=4-8-12-8", "network=8C3[2-8-8-8]-MP2-32FC-4",
                                            "epochs=1", NULL };
    assert_int_equal(train("wide", settings, false, 2), 0);
    ag_classifier *m, *n;
    assert_int_equal(ag_classifier_load(at("wide/model.safetensors"), 4, NULL, &m), 0);
    assert_int_equal(m->config.layer[0].bits.gradients, 8);
    assert_int_equal(m->config.bits.gradients, 12);
    assert_int_equal(ag_classifier_save(m, false, at("again.safetensors")), 0);
    assert_same_file(at("again.safetensors"), at("wide/model.safetensors"));
    assert_int_equal(ag_classifier_save(m, true, at("packed.safetensors")), 0);
    assert_int_equal(ag_classifier_load(at("packed.safetensors"), 0, NULL, &n), 0);
    int16_t a[16 * 8 * 32], b[16 * 8 * 32];
    assert_int_equal(ag_wage_weight_count(m->net, 2), 16 * 8 * 32);
    ag_wage_get_weights(m->net, 2, a);
    ag_wage_get_weights(n->net, 2, b);
    assert_memory_equal(a, b, sizeof a);
    ag_classifier_free(m);
    ag_classifier_free(n);
    ag_safetensors *f;
    assert_int_equal(ag_safetensors_load(at("wide/model.safetensors"), &f), 0);
    assert_int_equal(ag_safetensors_type(f, ag_safetensors_find(f, "layers.0.weight")),
                     AG_STORED_I8);
    assert_int_equal(ag_safetensors_type(f, ag_safetensors_find(f, "layers.2.weight")),
                     AG_STORED_I16);
    ag_safetensors_free(f);
}

static void twins(void **state)
{
    (void)state;
    ag_classifier *m;
    ag_pool *pool;
    ag_pictures *p;
    int64_t wrong;
    assert_int_equal(ag_pool_new(2, &pool), 0);
    assert_int_equal(ag_classifier_load(at("real/model.safetensors"), 0, pool, &m), 0);
    assert_true(m->real && !m->net && m->weights);
    assert_int_equal(ag_pictures_open(at("set"), AG_SPLIT_TEST, &p), 0);
    assert_int_equal(ag_classifier_evaluate(m, p, 0, p->count, pool, &wrong), 0);
    assert_true(m->curve[m->points - 1].error == (double)wrong / 96);
    assert_int_equal(ag_classifier_save(m, false, at("again.safetensors")), 0);
    assert_same_file(at("again.safetensors"), at("real/model.safetensors"));
    ag_pictures_free(p);
    ag_classifier_free(m);
    ag_pool_free(pool);
}

static void other_pictures_are_refused(void **state)
{
    (void)state;
    ag_classifier *m;
    int64_t wrong;
    uint8_t bytes[4 * 8 * 8 * 3] = { 0 }, labels[4] = { 0 };
    ag_pictures p = { 4, 8, 8, 3, 4, bytes, labels };
    assert_int_equal(ag_classifier_load(at("one/model.safetensors"), 0, NULL, &m), 0);
    assert_int_equal(ag_classifier_evaluate(m, &p, 0, 4, NULL, &wrong), AG_EINVAL);
    assert_string_equal(ag_error(), "the pictures are 8 x 8 x 3, the network takes 8 x 8 x 1");
    p.channels = 1;
    p.classes = 9;
    assert_int_equal(ag_classifier_evaluate(m, &p, 0, 4, NULL, &wrong), AG_EINVAL);
    assert_non_null(strstr(ag_error(), "labels up to 8"));
    p.classes = 4;
    assert_int_equal(ag_classifier_evaluate(m, &p, 2, 3, NULL, &wrong), AG_EINVAL);
    ag_classifier_free(m);
}

/* A copy of a model with one metadata entry changed. */
static void respell(const char *key, const char *value)
{
    ag_safetensors *f;
    assert_int_equal(ag_safetensors_load(at("one/model.safetensors"), &f), 0);
    assert_int_equal(ag_safetensors_set_meta(f, key, value), 0);
    assert_int_equal(ag_safetensors_save(f, at("spoilt.safetensors"), AG_STORE_F32), 0);
    ag_safetensors_free(f);
}

static void refuse(const char *key, const char *value, int code, const char *part)
{
    ag_classifier *m;
    respell(key, value);
    assert_int_equal(ag_classifier_load(at("spoilt.safetensors"), 0, NULL, &m), code);
    assert_null(m);
    if (!strstr(ag_error(), part) || !strstr(ag_error(), "spoilt.safetensors")) {
        fail_msg("\"%s\" lacks \"%s\"", ag_error(), part);
    }
}

#define CONFIG(size, network, bits)                                                                \
    "height: " size "\nwidth: 8\nchannels: 1\nnetwork: " network "\nbits: " bits "\nhe: false\n"

static void spoilt_models(void **state)
{
    (void)state;
    refuse("agena.kind", "wavenet", AG_EFORMAT, "not a WAGE model");
    refuse("agena.config", "height: 8", AG_EFORMAT, "width");
    refuse("agena.config", "height: 8\nwidth: 8\nchannels: 1\nnetwork: 9-4\nbits: 2-8-8-8\n",
           AG_EFORMAT, "he is missing");
    refuse("agena.config", CONFIG("8", "8C3-MP2-16C3-MP2-32FC-5", "2-8-8-8"), AG_EFORMAT,
           "weights of layer 5");
    refuse("agena.config", CONFIG("8", "9C3-MP2-16C3-MP2-32FC-4", "2-8-8-8"), AG_EFORMAT,
           "weights of layer 0");
    refuse("agena.config", CONFIG("8", "8C3-MP2-16C3-32FC-4", "2-8-8-8"), AG_EFORMAT, "layer");
    refuse("agena.config", CONFIG("8", "8C3-MP2-16C3-MP2-32FC-4", "2-8-12-8"), AG_EFORMAT,
           "of type I8, not I16");
    refuse("agena.config", CONFIG("8", "8C3-MP2-16C3-MP2-32FC-4", "9-8-8-8"), AG_EINVAL, "9");
    refuse("agena.config", CONFIG("0", "8C3-MP2-16C3-MP2-32FC-4", "2-8-8-8"), AG_EINVAL, "0 x 8");
    refuse("agena.config", CONFIG("8", "8192C3-8192C3-4", "2-8-8-8"), AG_EFORMAT,
           "weights of layer 0");
    refuse("agena.config", CONFIG("8", "nonsense", "2-8-8-8"), AG_EINVAL, "expected a layer");
    refuse("agena.curve", "1 0x1p-3 0.5", AG_EFORMAT, "line 1 of the metadata agena.curve");
    static const char *const curves[] = { "0 0x1p+0 0x1p-1 0x1p-1\n", "1 nan 0x1p-1 0x1p-1\n",
                                          "1 0x1p+0 -inf 0x1p-1\n",   "1 0x1p+0 0x1p-1 nan\n",
                                          "1 0x1p+0 0x1p-1 0x1p+1\n", "9999999999 0 0 0\n" };
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        refuse("agena.curve", curves[i], AG_EFORMAT, "line 1 of the metadata agena.curve");
    }
    refuse("agena.curve", "2 0x1p+0 0 0\n2 0x1p+0 0 0\n", AG_EFORMAT, "line 2 of the metadata");
    static const char *const numbers[] = { "-5", "", " 1", "x", "1.5", "99999999999999999999" };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        refuse("agena.steps", numbers[i], AG_EFORMAT, "metadata agena.steps is no whole number");
        refuse("agena.seed", numbers[i], AG_EFORMAT, "metadata agena.seed is no whole number");
    }
    refuse("agena.kind", "wage-twin", AG_EFORMAT, "holds integers");
}

/* A weight outside the range of its width. */
static void weights_out_of_range(void **state)
{
    (void)state;
    ag_safetensors *f, *g;
    assert_int_equal(ag_safetensors_load(at("one/model.safetensors"), &f), 0);
    assert_int_equal(ag_safetensors_new(&g), 0);
    static const char *const keys[] = { "agena.kind", "agena.config", "agena.seed", "agena.steps" };
    for (int i = 0; i < 4; i++) {
        assert_int_equal(ag_safetensors_set_meta(g, keys[i], ag_safetensors_meta(f, keys[i])), 0);
    }
    for (int i = 0; i < ag_safetensors_count(f); i++) {
        int8_t weights[4096];
        const char *name = ag_safetensors_name(f, i);
        ag_shape shape = ag_safetensors_shape(f, i);
        assert_int_equal(ag_safetensors_get_integers(f, name, AG_STORED_I8, shape, weights), 0);
        weights[5] = i == 2 ? 127 : weights[5]; /* 2 bits on a grid of 8: at most 64 */
        assert_int_equal(ag_safetensors_add_integers(g, name, AG_STORED_I8, shape, weights), 0);
    }
    assert_int_equal(ag_safetensors_save(g, at("spoilt.safetensors"), AG_STORE_F32), 0);
    ag_safetensors_free(f);
    ag_safetensors_free(g);
    ag_classifier *m;
    assert_int_equal(ag_classifier_load(at("spoilt.safetensors"), 0, NULL, &m), AG_EFORMAT);
    assert_non_null(strstr(ag_error(), "spoilt.safetensors: "));
    assert_non_null(strstr(ag_error(), "is 127, outside +-64"));
}

/* A bit of the header flipped: an error that names the file, or a model that can be used. */
static void flipped_bits(void **state)
{
    (void)state;
    void *data;
    size_t size;
    assert_int_equal(ag_file_read(at("one/model.safetensors"), 1 << 20, &data, &size), 0);
    uint8_t *bytes = data;
    size_t header = 8 + (size_t)bytes[0] + ((size_t)bytes[1] << 8);
    assert_true(header > 500 && header < size);
    int refused = 0, accepted = 0;
    for (size_t i = 0; i < header; i++) {
        ag_classifier *m;
        bytes[i] ^= (uint8_t)(1 << i % 7);
        FILE *f = fopen(at("flipped.safetensors"), "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(bytes, 1, size, f), size);
        assert_int_equal(fclose(f), 0);
        bytes[i] ^= (uint8_t)(1 << i % 7);
        if (ag_classifier_load(at("flipped.safetensors"), 0, NULL, &m) == 0) {
            uint8_t picture[64] = { 0 };
            int8_t outputs[256];
            accepted++;
            if (m->config.height * m->config.width * m->config.channels == 64) {
                assert_int_equal(ag_wage_predict(m->net, picture, 1, outputs), 0);
            }
            ag_classifier_free(m);
        } else {
            refused++;
            assert_non_null(strstr(ag_error(), "flipped.safetensors"));
        }
    }
    printf("# %d refused, %d accepted\n", refused, accepted);
    assert_true(refused > 200 && accepted > 0);
    ag_free(data);
}

static int load_and_save(void)
{
    ag_classifier *m;
    int status = ag_classifier_load(at("one/model.safetensors"), 2, NULL, &m);
    if (status == 0) {
        status = ag_classifier_save(m, true, at("starved.safetensors"));
    }
    ag_classifier_free(m);
    return status;
}

static void allocation_failures(void **state)
{
    (void)state;
    starve(load_and_save, 3);
}

void test_model(test_list *list)
{
    ADD_TEST(list, "model", packed_models_answer_alike);
    ADD_TEST(list, "model", wide_models);
    ADD_TEST(list, "model", twins);
    ADD_TEST(list, "model", other_pictures_are_refused);
    ADD_TEST(list, "model", spoilt_models);
    ADD_TEST(list, "model", weights_out_of_range);
    ADD_TEST(list, "model", flipped_bits);
    ADD_TEST(list, "model", allocation_failures);
}
