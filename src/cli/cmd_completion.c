/* agena completion: what a shell needs to complete agena's command line. */
#include "cli/options.h"
#include "cli/pages.h"

static const char *const shells[] = { "bash", "zsh", "fish", NULL };
static void (*const printers[])(FILE *) = { cli_print_bash, cli_print_zsh, cli_print_fish };

typedef struct {
    int shell;
} completion_options;

static int run(const void *options)
{
    const completion_options *o = options;
    printers[o->shell](stdout);
    return AG_OK;
}

static const cli_option options[] = {
    { .value = "SHELL",
      .type = CLI_CHOICE,
      .required = true,
      .choices = shells,
      .help = "the shell",
      .offset = offsetof(completion_options, shell) },
    { 0 },
};

static const cli_example examples[] = {
    { "source <(agena completion bash)", "Complete in this shell (bash, zsh)." },
    { "agena completion fish > ~/.config/fish/completions/agena.fish", "Install it for fish." },
    { 0 },
};

const cli_command cli_completion = {
    .name = "completion",
    .summary = "Print the completion script of a shell",
    .options = options,
    .examples = examples,
    .size = sizeof(completion_options),
    .run = run,
};
