"""What the Hydra commands share: one sentence for a user's mistake, and no traceback."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from difflib import get_close_matches
from typing import NoReturn

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from lstm_blues.config import compose_config, flat_config

USER_MISTAKE = 2


def fail(message: object) -> NoReturn:
    """Ends the program with one sentence for the user."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(USER_MISTAKE)


def run_command(command: Callable[[], None], config_name: str) -> None:
    """Runs a function decorated with `hydra.main`; its mistakes of the user become sentences.

    With HYDRA_FULL_ERROR set, they keep their tracebacks.
    """
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


def _in_one_sentence(error: Exception, config_name: str) -> str:
    """What Hydra says of a mistake on the command line, with the settings that there are."""
    text = " ".join(str(error).split("Config search path")[0].split())
    unknown = re.match(r"Could not override '([^']+)'", text)
    if unknown is None:
        return text
    known = flat_config(compose_config([], config_name))
    near = get_close_matches(unknown[1], known, n=3)
    return f"{unknown[1]} is no setting; close to it are {', '.join(near or known)}."
