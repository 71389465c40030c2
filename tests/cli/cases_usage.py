"""Version, help, and command lines that make no sense."""

from workshop import agena


def version(_):
    out = agena("--version").succeeded().text()
    assert out.startswith("agena ") and out.count("\n") == 1, out
    assert agena("-V").succeeded().text() == out


def help_lists_the_commands(_):
    out = agena("--help").succeeded().text()
    for name in ("data", "wavenet", "wage", "lab", "info", "audio", "help", "completion", "man"):
        assert f"\n  {name} " in out, out
    out = agena("wavenet", "--help").succeeded().text()
    for name in ("train", "eval", "generate"):
        assert f"\n  {name} " in out, out


def no_command(_):
    result = agena()
    assert result.code == 2 and "Usage: agena" in result.err and not result.out


def unknown_commands(_):
    agena("wavenat").failed(2, "'wavenat'", "did you mean 'wavenet'?")
    agena("wavenet", "tarin").failed(2, "did you mean 'wavenet train'?")
    agena("qqqqqq").failed(2, "unknown command 'qqqqqq'", "agena help")


def unknown_options(w):
    agena("--verison").failed(2, "unknown option --verison", "--version")
    agena("wavenet", "--hepl").failed(2, "unknown option --hepl", "--help")
    agena("info", w.recipe, "--jsno").failed(2, "unknown option --jsno", "--json")
    agena("info", w.recipe, "-z").failed(2, "unknown option -z")


def missing_and_wrong_values(w):
    agena("info").failed(2, "MODEL is missing")
    agena("wavenet", "generate", w.recipe).failed(2, "the option --output is missing")
    agena("wavenet", "generate", w.recipe, "-o").failed(2, "--output needs a value")
    agena("wavenet", "generate", w.recipe, "-o", "x.wav", "--weights", "int4").failed(
        2, "--weights", "f32, bf16, int8", "'int4'")
    agena("wavenet", "generate", w.recipe, "-o", "x.wav", "--seconds", "-1").failed(2, "--seconds")
    agena("wavenet", "generate", w.recipe, "-o", "x.wav", "--seconds", "nan").failed(2, "--seconds")
    agena("wavenet", "generate", w.recipe, "-o", "x.wav", "--threads", "3").failed(2, "--threads")
    agena("info", w.recipe, "more").failed(2, "'more' is one argument too many")


CASES = (version, help_lists_the_commands, no_command, unknown_commands, unknown_options,
         missing_and_wrong_values)
