"""What the Hydra commands share: one sentence for a user's mistake, and no traceback."""

from __future__ import annotations

import atexit
import gc
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from lstm_blues.errors import BluesError
from lstm_blues.runs.config import MY_MUSIC, compose_config, conf_folder, flat_config, plain
from lstm_blues.runs.help import help_text

USER_MISTAKE = 2


CLOSED_PIPE = 141
"""As a shell tells it of a program that SIGPIPE ended."""


def fail(message: object) -> NoReturn:
    """Ends the program with one sentence for the user."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(USER_MISTAKE)


@contextmanager
def quiet_when_closed() -> Iterator[None]:
    """Ends the program without a word where the reader of its output, such as `head`, closed it."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(CLOSED_PIPE)


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

    @hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name=config_name)
    def command(config: DictConfig) -> None:
        try:
            with quiet_when_closed():
                work(plain(config))
        except BluesError as error:
            _remove_unused(Path(HydraConfig.get().runtime.output_dir))
            fail(error)

    if {"--help", "-h"} & set(sys.argv[1:]):
        say(help_text(config_name))
        sys.exit()
    # What is imported stays to the end: looking through it for garbage, again and again and once
    # more at the end, would take half a second.
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)
    if Path(MY_MUSIC).is_dir() and not any(a.startswith(("--config-dir", "-cd")) for a in sys.argv):
        sys.argv += ["--config-dir", MY_MUSIC]
    show_traceback = "HYDRA_FULL_ERROR" in os.environ
    # Makes Hydra hand exceptions on as they are.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    try:
        command()
    except (HydraException, OmegaConfBaseException) as error:
        if show_traceback:
            raise
        fail(_in_one_sentence(error, config_name))
    except OSError as error:
        if show_traceback:
            raise
        fail(f"{error.filename or 'a file'!r} cannot be written or read: {error.strerror}.")


def _remove_unused(folder: Path) -> None:
    """Takes away a folder with nothing but Hydra's own files, and its empty parent."""
    if any(path.name != ".hydra" for path in folder.iterdir()):
        return
    shutil.rmtree(folder / ".hydra", ignore_errors=True)
    with suppress(OSError):  # a parent with other runs in it stays
        folder.rmdir()
        folder.parent.rmdir()


def _in_one_sentence(error: Exception, config_name: str) -> str:
    """What Hydra says of a mistake on the command line, with the settings that there are."""
    text = " ".join(str(error).split("Config search path")[0].split())
    if text.startswith(("mismatched input", "no viable alternative", "extraneous input")):
        # Such as a folder of a sweep, whose name has = and commas.
        text = text.split(" See ")[0]
        return (
            f"{text}: a value with = or a comma in it needs quotes within quotes, 'name=\"VALUE\"'."
        )
    unknown = re.match(r"Could not override '([^']+)'", text)
    if unknown is None:
        return text
    known = flat_config(compose_config([], config_name))
    near = get_close_matches(unknown[1], known, n=3)
    return f"{unknown[1]} is not a setting; similar ones are {', '.join(near or known)}."
