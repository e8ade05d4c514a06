"""What the Hydra commands share: one sentence for a user's mistake, and no traceback."""

from __future__ import annotations

import atexit
import errno
import gc
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from lstm_blues.errors import BluesError, ExitCode
from lstm_blues.runs.config import (
    MY_MUSIC,
    compose_config,
    conf_folder,
    flat_config,
    plain,
    without_groups,
)
from lstm_blues.runs.folders import remove_unused
from lstm_blues.runs.help import help_text
from lstm_blues.runs.yaml_files import check_own_configs

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
"""Errors of a disk, not of whoever names a file."""


def fail(message: object, code: ExitCode = ExitCode.MISTAKE) -> NoReturn:
    """Ends the program with one sentence for the user."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)


def fail_on_file(error: OSError) -> NoReturn:
    """Ends the program where a file cannot be written or read."""
    code = ExitCode.DISK if error.errno in _DISK else ExitCode.MISTAKE
    fail(_of_file(error), code)


def _of_file(error: OSError) -> str:
    why = error.strerror or " ".join(str(error).split())
    return f"{error.filename or 'a file'!r} cannot be written or read: {why}."


@contextmanager
def quiet_when_closed() -> Iterator[None]:
    """Ends the program without a word where the reader of its output, such as `head`, closed it.

    With a sentence where the output goes to a disk that is full.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        # Files that are written have names; what is left to write here would fail once more where
        # the interpreter ends.
        unnamed = error.filename is None
        if unnamed:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            sys.exit(ExitCode.CLOSED_PIPE)
        if unnamed and error.errno in _DISK:
            raise OSError(error.errno, error.strerror, "standard output") from error
        raise


def say(text: str) -> None:
    """Prints a text that may be piped."""
    with quiet_when_closed():
        print(text)


def run_command(work: Callable[[dict[str, Any]], None], config_name: str) -> None:
    """Runs `work` on the config that `conf/CONFIG_NAME.yaml` and the command line make.

    With --help, only tells of it.  The user's mistakes become sentences, and the folder that Hydra
    made for work that never began is taken away.  With HYDRA_FULL_ERROR set, they keep their
    tracebacks.  Forms and bar libraries in the folder `my_music` are found, unless --config-dir
    names another one.
    """
    composed = False

    @hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name=config_name)
    def command(config: DictConfig) -> None:
        nonlocal composed
        composed = True
        try:
            with quiet_when_closed():
                work(plain(config))
        except BluesError as error:
            if HydraConfig.get().mode == RunMode.MULTIRUN:
                with suppress(OSError):  # the folder of a run, where it is empty
                    Path(HydraConfig.get().runtime.output_dir).rmdir()
            fail(error)
        except OmegaConfBaseException as error:  # what a setting refers to
            if show_traceback:
                raise
            fail(_in_one_sentence(error, config_name))
        except OSError as error:
            if show_traceback:
                raise
            fail_on_file(error)

    if {"--help", "-h"} & set(sys.argv[1:]):
        say(help_text(config_name))
        sys.exit()
    # What is imported stays to the end: looking through it for garbage, again and again and once
    # more at the end, would take half a second.
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)
    if Path(MY_MUSIC).is_dir() and not any(a.startswith(("--config-dir", "-cd")) for a in sys.argv):
        sys.argv += ["--config-dir", MY_MUSIC]
    check_own_configs(conf_folder())
    sys.argv[1:] = understood(sys.argv[1:], config_name)
    show_traceback = "HYDRA_FULL_ERROR" in os.environ
    # Makes Hydra hand exceptions on as they are.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    try:
        command()
    except Exception as error:
        told = sentence_of(error, config_name, composing=not composed)
        if show_traceback or told is None:
            raise
        # Hydra's error for a config that is not there is an OSError, too.
        if isinstance(error, OSError) and not isinstance(error, HydraException):
            fail_on_file(error)
        fail(told)
    finally:
        remove_unused()


def sentence_of(error: Exception, config_name: str, *, composing: bool) -> str | None:
    """What the user is told of an error; None for one that is this package's own.

    While Hydra is `composing`, whatever it stumbles over is in what it was given.
    """
    if isinstance(error, BluesError):
        return str(error)
    if isinstance(error, HydraException | OmegaConfBaseException):
        return _in_one_sentence(error, config_name)
    if isinstance(error, OSError):
        return _of_file(error)
    if composing:
        words = " ".join(str(error).split()) or type(error).__name__
        return f"the settings make no config ({words})."
    return None


def understood(arguments: Sequence[str], config_name: str) -> list[str]:
    """The command line as Hydra is given it.

    `GROUP=null` means no file of the group; `output_dir` and `hydra.run.dir` both mean the folder
    of the results, whichever of them the command knows.
    """
    found = without_groups(arguments)
    own = "output_dir=", "hydra.run.dir="
    told = {name: [a for a in found if a.startswith(name)] for name in own}
    if config_name == "train":
        for argument in told[own[0]]:
            folder = argument.removeprefix(own[0])
            at = found.index(argument)
            found[at : at + 1] = [f"hydra.run.dir={folder}", f"hydra.sweep.dir={folder}"]
    elif told[own[1]] and not told[own[0]]:
        folder = told[own[1]][-1].removeprefix(own[1])
        if "${output_dir" not in folder:
            found.append(f"output_dir={folder}")
    return found


def _in_one_sentence(error: Exception, config_name: str) -> str:
    """What Hydra says of a mistake on the command line, with the settings that there are."""
    text = " ".join(str(error).split("Config search path")[0].split())
    text = text.split(" See https://")[0].split(" object_type=")[0].replace(" full_key: ", " at ")
    if text.startswith("LexerNoViableAltException"):
        given = text.split(": ", 1)[-1].removesuffix(" ^")
        sharp = ": a name with # needs quotes within quotes, \"chords=['F#m7']\"" * ("#" in given)
        return f"{given!r} is no setting and its value{sharp}."
    if text.startswith(("mismatched input", "no viable alternative", "extraneous input")):
        # Such as a folder of a sweep, whose name has = and commas.
        return (
            f"{text}: a value with = or a comma in it needs quotes within quotes, 'name=\"VALUE\"'."
        )
    unknown = re.match(r"Could not override '([^']+)'", text)
    if unknown is None:
        return text if text.endswith(".") else f"{text}."
    known = flat_config(compose_config([], config_name))
    near = get_close_matches(unknown[1], known, n=3)
    listed = f"python -m lstm_blues.{config_name} --help lists them"
    told = f"similar ones are {', '.join(near)}" if near else listed
    return f"{unknown[1]} is not a setting; {told}."
