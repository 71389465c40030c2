"""libagena through ctypes: the structures and functions of agena/env.h."""

import ctypes
import ctypes.util
import os
import pathlib

MAX_RANK, MAX_OBSERVATIONS, MAX_ACTIONS, MAX_TEXT_ACTIONS = 4, 32, 64, 8
IMAGE, BYTES, FLOATS, TEXT = range(4)
VERSION = "0.1.0"


class Error(RuntimeError):
    """A function of libagena failed; the message is its sentence."""


class LibraryError(Error, ImportError):
    """libagena is not there, or is another one than this package was written for."""


class ObservationSpec(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("type", ctypes.c_int), ("rank", ctypes.c_int),
                ("shape", ctypes.c_int * MAX_RANK), ("low", ctypes.c_float),
                ("high", ctypes.c_float), ("bytes", ctypes.c_size_t)]


class ActionSpec(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("continuous", ctypes.c_bool),
                ("low", ctypes.c_double), ("high", ctypes.c_double)]


class Spec(ctypes.Structure):
    _fields_ = [("observations", ctypes.c_int),
                ("observation", ObservationSpec * MAX_OBSERVATIONS), ("actions", ctypes.c_int),
                ("action", ActionSpec * MAX_ACTIONS), ("frames_per_second", ctypes.c_double),
                ("text_actions", ctypes.c_int),
                ("text_action", ctypes.c_char_p * MAX_TEXT_ACTIONS)]


class Options(ctypes.Structure):
    _fields_ = [("batch", ctypes.c_int), ("threads", ctypes.c_int),
                ("action_repeat", ctypes.c_int), ("seed", ctypes.c_uint64),
                ("auto_reset", ctypes.c_bool), ("width", ctypes.c_int), ("height", ctypes.c_int),
                ("depth", ctypes.c_bool)]


class Buffers(ctypes.Structure):
    _fields_ = [("observation", ctypes.c_void_p * MAX_OBSERVATIONS), ("reward", ctypes.c_void_p),
                ("terminated", ctypes.c_void_p), ("truncated", ctypes.c_void_p)]


HELP = "; build it with ./dev build and give the path of build/release/src/libagena.so in AGENA_LIBRARY"


def find():
    """The path of libagena: AGENA_LIBRARY, what ./dev build has made beside this package, or the
    system's."""
    built = pathlib.Path(__file__).parents[2] / "build/release/src/libagena.so"
    path = os.environ.get("AGENA_LIBRARY") or (str(built) if built.exists() else
                                               ctypes.util.find_library("agena"))
    if not path:
        raise LibraryError("libagena.so is not installed" + HELP)
    return path


def check_version(library, path):
    """Structures are as in the headers of one version."""
    if not hasattr(library, "ag_version"):
        raise LibraryError(f"{path} is no libagena, or older than this package ({VERSION})" + HELP)
    library.ag_version.restype = ctypes.c_char_p
    version = library.ag_version().decode()
    if version != VERSION:
        raise LibraryError(f"{path} is libagena {version}, this package is for {VERSION}" + HELP)


def load():
    path = find()
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise LibraryError(f"libagena cannot be loaded: {error}{HELP}") from None
    check_version(library, path)
    pointer, number = ctypes.c_void_p, ctypes.c_int
    for name, result, arguments in (
            ("ag_error", ctypes.c_char_p, []),
            ("ag_env_open", number, [ctypes.c_char_p, ctypes.POINTER(Options),
                                     ctypes.POINTER(pointer)]),
            ("ag_env_close", None, [pointer]),
            ("ag_env_specification", ctypes.POINTER(Spec), [pointer]),
            ("ag_env_reset", number, [pointer, pointer, ctypes.POINTER(Buffers)]),
            ("ag_env_seed", number, [pointer, number, ctypes.c_uint64]),
            ("ag_env_step", number, [pointer, pointer, ctypes.POINTER(Buffers)]),
            ("ag_env_render", number, [pointer, number, ctypes.POINTER(pointer),
                                       ctypes.POINTER(number), ctypes.POINTER(number)]),
            ("ag_env_count", number, []),
            ("ag_env_name", ctypes.c_char_p, [number])):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


LIBRARY = load()


def check(status):
    if status < 0:
        raise Error(LIBRARY.ag_error().decode())
