/* agena audio: convert and compare recordings, draw their spectrograms. */
#include "cli/common.h"

#include "agena/audio.h"

#include <stdio.h>

/* ---- compare ---- */

typedef struct {
    const char *a, *b;
    bool json;
} compare_options;

static int run_compare(const void *options)
{
    const compare_options *o = options;
    ag_audio a = { NULL, 0, 0 }, b = { NULL, 0, 0 };
    double db = 0;
    int status = ag_audio_read(o->a, &a);
    if (status == 0) {
        status = ag_audio_read(o->b, &b);
    }
    if (status == 0) {
        status = ag_mel_distance(&a, &b, &db);
    }
    if (status == 0) {
        printf(o->json ? "{\"mel_distance_db\":%.4f}\n" : "log-mel distance %.2f dB\n", db);
    }
    ag_audio_clear(&a);
    ag_audio_clear(&b);
    return status;
}

static const cli_option compare_table[] = {
    { .type = CLI_FILE,
      .required = true,
      .value = "A",
      .help = "a recording",
      .offset = offsetof(compare_options, a) },
    { .type = CLI_FILE,
      .required = true,
      .value = "B",
      .help = "another one, aligned with it",
      .offset = offsetof(compare_options, b) },
    CLI_JSON(compare_options, CLI_ONE_OBJECT),
    { 0 },
};

static const cli_command audio_compare = {
    .name = "compare",
    .summary = "Distance of two recordings as log-mel spectrograms",
    .description =
        "The mean absolute difference of 80-band log-mel features in dB, over the frames of the "
        "shorter recording.",
    .options = compare_table,
    .size = sizeof(compare_options),
    .run = run_compare,
};

/* ---- spectrogram ---- */

typedef struct {
    const char *input, *output;
} spectrogram_options;

static int run_spectrogram(const void *options)
{
    const spectrogram_options *o = options;
    ag_audio audio = { NULL, 0, 0 };
    int status = ag_audio_read(o->input, &audio);
    if (status == 0) {
        status = ag_spectrogram_png(o->output, audio.samples, audio.count, audio.rate);
    }
    ag_audio_clear(&audio);
    return status;
}

static const cli_option spectrogram_table[] = {
    { .type = CLI_FILE,
      .required = true,
      .value = "AUDIO",
      .help = "WAV, FLAC, Ogg or G.722 file",
      .offset = offsetof(spectrogram_options, input) },
    CLI_OUTPUT(spectrogram_options, CLI_FILE, "OUT.png", "picture to write"),
    { 0 },
};

static const cli_command audio_spectrogram = {
    .name = "spectrogram",
    .summary = "Draw a recording's log-mel spectrogram as PNG",
    .options = spectrogram_table,
    .size = sizeof(spectrogram_options),
    .run = run_spectrogram,
};

/* ---- convert ---- */

typedef struct {
    const char *input, *output;
    int64_t rate;
} convert_options;

static int run_convert(const void *options)
{
    const convert_options *o = options;
    ag_audio audio = { NULL, 0, 0 };
    int status = ag_audio_read(o->input, &audio);
    if (status == 0 && o->rate) {
        status = ag_audio_resample(&audio, (int)o->rate);
    }
    if (status == 0) {
        status = ag_audio_write_wav(o->output, audio.samples, audio.count, audio.rate);
    }
    ag_audio_clear(&audio);
    return status;
}

static const cli_option convert_table[] = {
    { .type = CLI_FILE,
      .required = true,
      .value = "AUDIO",
      .help = "WAV, FLAC, Ogg or G.722 file",
      .offset = offsetof(convert_options, input) },
    { .name = "rate",
      .type = CLI_INT,
      .value = "HZ",
      .normal = "0",
      .help = "sample rate of the result, 0 for that of the input",
      .least = 0,
      .most = AG_AUDIO_MAX_RATE,
      .offset = offsetof(convert_options, rate) },
    CLI_OUTPUT(convert_options, CLI_FILE, "OUT.wav", "file to write: mono, 16 bit"),
    { 0 },
};

static const cli_command audio_convert = {
    .name = "convert",
    .summary = "Decode a recording to a mono 16-bit WAV file",
    .options = convert_table,
    .size = sizeof(convert_options),
    .run = run_convert,
};

static const cli_command *const audio_commands[] = { &audio_compare, &audio_convert,
                                                     &audio_spectrogram, NULL };

const cli_command cli_audio = {
    .name = "audio",
    .summary = "Convert and compare recordings, draw spectrograms",
    .subcommands = audio_commands,
};
