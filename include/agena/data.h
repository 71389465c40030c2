/* agena/data.h: manifests of recordings, known data sets, speech in memory, the crop loader,
 * pictures in memory. */
#ifndef AGENA_DATA_H
#define AGENA_DATA_H

#include "agena/audio.h"
#include "agena/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- manifests ----
 * A text file of JSON Lines: one object a recording with the keys path, speaker, language, text,
 * seconds, split ("train", "valid", "test") and sample_rate, all required but text. A relative
 * path starts at the manifest's folder. Speakers and languages are numbered in the byte order of
 * their names over the whole manifest, so the numbers are the same for every split. */

typedef enum { AG_SPLIT_TRAIN, AG_SPLIT_VALID, AG_SPLIT_TEST } ag_split;
AG_API const char *ag_split_name(ag_split split);
AG_API int ag_split_parse(const char *name, ag_split *out);

typedef struct {
    const char *path;
    const char *speaker;
    const char *language; /* "en" */
    const char *text;     /* what is said, "" if unknown */
    double seconds;
    int sample_rate; /* Hz, of the file */
    ag_split split;
    int speaker_id, language_id; /* ignored by ag_manifest_add, set by ag_manifest_number */
} ag_recording;

enum {
    AG_MANIFEST_MAX_RECORDINGS = 4000000,
    AG_MANIFEST_MAX_LINE = 65536, /* bytes */
    AG_MANIFEST_MAX_PATH = 4096,  /* bytes */
    AG_MANIFEST_MAX_NAME = 255,   /* bytes of a speaker or language */
    AG_MANIFEST_MAX_TEXT = 16384, /* bytes */
    AG_MANIFEST_MAX_NAMES = 65536 /* speakers, and languages */
};

typedef struct ag_manifest ag_manifest;
AG_API int ag_manifest_new(ag_manifest **out);
AG_API void ag_manifest_free(ag_manifest *m);
/* Copies the strings. AG_EINVAL for empty names, control characters, values out of range. */
AG_API int ag_manifest_add(ag_manifest *m, const ag_recording *recording);
/* Number speakers and languages; call it after the last ag_manifest_add. Readers have done so. */
AG_API int ag_manifest_number(ag_manifest *m);
/* path: the file, or a folder that holds manifest.jsonl. Sentences of AG_EFORMAT begin
 * "FILE, line N: ". */
AG_API int ag_manifest_read(const char *path, ag_manifest **out);
/* The same from memory; relative paths start at folder ("" = the working folder). */
AG_API int ag_manifest_parse(const void *data, size_t size, const char *name, const char *folder,
                             ag_manifest **out);
AG_API int ag_manifest_write(const ag_manifest *m, const char *path); /* atomically */
AG_API int64_t ag_manifest_count(const ag_manifest *m);
/* Owned by m. */
AG_API const ag_recording *ag_manifest_at(const ag_manifest *m, int64_t index);
AG_API int ag_manifest_speakers(const ag_manifest *m);
AG_API int ag_manifest_languages(const ag_manifest *m);
AG_API const char *ag_manifest_speaker(const ag_manifest *m, int id);
AG_API const char *ag_manifest_language(const ag_manifest *m, int id);

/* The split of a recording from its language and name alone: about 90 % train, 5 % valid, 5 % test
 * (FNV-1a and a mix, of "language/name"; no seed, the same for ever). */
AG_API ag_split ag_split_of(const char *language, const char *name);

/* Debian's Asterisk prompts, without tones, silence and other sounds that are not speech.
 * languages: some of "en,es,fr,it,ru", NULL for all. Paths are absolute. AG_ENOTFOUND names the
 * packages to install. */
AG_API int ag_asterisk_manifest(const char *languages, ag_manifest **out);
/* Every wav, flac, ogg, oga and g722 file below folder, in the byte order of their paths. speaker
 * NULL: the name of the first folder level below `folder` ("default" for files in it). Every file
 * is decoded once to check it and to count its seconds; damaged ones are an error that names the
 * file. Paths are absolute. */
AG_API int ag_folder_manifest(const char *folder, const char *speaker, const char *language,
                              ag_pool *pool, ag_manifest **out);

/* ---- known data sets ---- */

typedef struct {
    const char *name; /* of the file in the data set's folder */
    const char *url;
    const char *sha256; /* 64 hexadecimal digits */
    int64_t limit;      /* bytes: a longer answer is refused */
} ag_dataset_file;

typedef struct {
    const char *name;
    const char *what;
    const char *licence;
    const char *package;          /* Debian packages that install it, NULL = none */
    const char *package_folder;   /* where they put it */
    const char *const *marks;     /* files, one of which its folder has; NULL-ended */
    const ag_dataset_file *files; /* to download; NULL = not downloaded by agena */
    int file_count;
} ag_dataset;

AG_API int ag_dataset_count(void);
AG_API const ag_dataset *ag_dataset_at(int index);
/* AG_ENOTFOUND lists the known names. */
AG_API int ag_dataset_find(const char *name, const ag_dataset **out);
/* Where it is: NAME below each folder of AGENA_DATA (colon separated), then of ~/.cache/agena (or
 * $XDG_CACHE_HOME/agena), then Debian's folder. *folder: ag_free it. AG_ENOTFOUND says how to get
 * it. */
AG_API int ag_dataset_locate(const ag_dataset *set, char **folder);
/* The folder that downloads go to (cache/NAME): ag_free it. */
AG_API int ag_dataset_cache(const ag_dataset *set, char **folder);
/* Download what is missing into folder; files already there with the right checksum are kept. */
AG_API int ag_dataset_get(const ag_dataset *set, const char *folder);
/* Download one file: continues PATH.part if there is one, checks size and SHA-256, then renames.
 * http(s) only. AG_ENET for the network, AG_EFORMAT for a wrong checksum (the part is removed).
 * Obeys ag_interrupted(). */
AG_API int ag_download(const ag_dataset_file *file, const char *path);

/* ---- speech in memory ---- */

typedef struct {
    int sample_rate;   /* Hz: recordings are resampled to it */
    int hop;           /* samples a frame */
    bool mel;          /* compute log-mel features (ag_mel_default(sample_rate, hop)) */
    float preemphasis; /* of the audio, once its features are made (ag_preemphasis); 0 = none */
    ag_split split;
    size_t memory; /* bytes that audio and features may take, 0 = 4 GiB; AG_ENOMEM beyond */
} ag_speech_options;

typedef struct {
    const int16_t *audio; /* [samples] */
    int64_t samples;
    const float *mel; /* [frames, AG_MEL_BANDS], NULL without features */
    int64_t frames;   /* ceil(samples / hop) */
    int speaker, language;
    const char *path, *text;
} ag_speech_item;

typedef struct ag_speech ag_speech;
/* manifest: a file or folder as ag_manifest_read takes it. Decodes the split on the pool, in the
 * manifest's order; AG_EINVAL when the split is empty. The bytes do not depend on the threads. */
AG_API int ag_speech_open(const char *manifest, const ag_speech_options *options, ag_pool *pool,
                          ag_speech **out);
AG_API void ag_speech_free(ag_speech *s); /* after its loaders */
AG_API int64_t ag_speech_count(const ag_speech *s);
AG_API const ag_speech_item *ag_speech_at(const ag_speech *s, int64_t index); /* owned by s */
AG_API int64_t ag_speech_samples(const ag_speech *s);                         /* of all items */
AG_API const ag_manifest *ag_speech_manifest(const ag_speech *s);     /* owned by s: names of ids */
AG_API const ag_speech_options *ag_speech_config(const ag_speech *s); /* owned by s */

/* ---- the crop loader ----
 * Every epoch cuts every item into ceil(frames / F) consecutive crops of F = T / hop frames; where
 * the cuts lie is drawn anew each epoch (as far as the padding of the item leaves room), so that
 * every sample is in exactly one crop. The crops of all items are shuffled together. Batch s holds
 * crops s * B .. s * B + B - 1 of the endless sequence of epochs: it depends on (seed, s) alone, so
 * a run resumed at step s sees what it would have seen. */
typedef struct {
    int batch;         /* B crops */
    int samples;       /* T, a multiple of hop */
    int local_context; /* C extra feature frames on each side */
    uint64_t seed;
    int64_t step; /* the first batch to give */
    int workers;  /* background threads, 0 = 1 */
    int queue;    /* batches prepared ahead, 0 = 4 */
} ag_loader_options;

typedef struct {
    int64_t step;
    /* [B, T + 1]: T samples after the one before them (silence at the item's start). */
    float *audio;
    /* [B, F + 2 C, AG_MEL_BANDS], -1 (silence) outside the item; NULL without features. */
    float *mel;
    int32_t *speaker;  /* [B] */
    int32_t *language; /* [B] */
    int32_t *valid;    /* [B]: the first `valid` of the T samples count, at least 1; then silence */
    int64_t *item;     /* [B]: index in the ag_speech */
    int64_t *start;    /* [B]: first of the T samples in the item, a multiple of hop */
} ag_batch;

typedef struct ag_loader ag_loader;
/* Keeps a pointer to speech. */
AG_API int ag_loader_new(const ag_speech *speech, const ag_loader_options *options,
                         ag_loader **out);
AG_API void ag_loader_free(ag_loader *l); /* stops and joins the threads; NULL allowed */
/* The next batch, owned by the loader until the next call. Allocates nothing and cannot fail. */
AG_API const ag_batch *ag_loader_next(ag_loader *l);
AG_API int64_t ag_loader_crops(const ag_loader *l); /* crops in an epoch */

/* ---- pictures in memory ---- */

enum { AG_PICTURES_MAX_SIDE = 1024 };

/* 8 bits a channel, channels last. */
typedef struct {
    int64_t count;
    int height, width, channels;
    int classes;     /* the largest label of an IDX file plus 1; 10 for CIFAR-10 */
    uint8_t *pixels; /* [count, height, width, channels] */
    uint8_t *labels; /* [count], below classes */
} ag_pictures;

/* The train or test split of the set in a folder: MNIST's IDX files (plain or .gz), CIFAR-10's
 * data_batch_1.bin .. data_batch_5.bin and test_batch.bin, or its archive cifar-10-binary.tar.gz.
 * AG_EFORMAT names the file and what is wrong with it: magic number, sides, counts, labels, size.
 */
AG_API int ag_pictures_open(const char *folder, ag_split split, ag_pictures **out);
AG_API void ag_pictures_free(ag_pictures *p); /* NULL allowed */

/* order [count]: 0 .. count - 1 shuffled by (seed, epoch); count below 2^31. */
AG_API void ag_pictures_order(uint64_t seed, int64_t epoch, int64_t count, int32_t *order);

/* How a picture is varied: cut at a random place from itself with `pad` pixels of the value `fill`
 * around, mirrored from left to right half of the time. */
typedef struct {
    int pad; /* 0 = not moved; less than 128 */
    bool flip;
    int fill; /* 0 to 255 */
} ag_variation;
/* out [height, width, channels]: drawn from (seed, epoch, index), whoever asks and when. */
AG_API void ag_pictures_vary(const ag_pictures *p, int64_t index, const ag_variation *v,
                             uint64_t seed, int64_t epoch, uint8_t *out);

#ifdef __cplusplus
}
#endif
#endif
