"""`lstm-blues COMMAND ...`, the same as `python -m lstm_blues.COMMAND ...`."""

from __future__ import annotations

import sys
from importlib import import_module

from lstm_blues.errors import BluesError
from lstm_blues.runs.command import fail, say
from lstm_blues.runs.config import conf_folder
from lstm_blues.runs.help import command_words, help_text

COMMANDS = (
    *("train", "compose", "page", "evaluate", "study", "probe", "lead_sheet", "benchmark"),
    "webassembly",
)


def overview() -> str:
    """The commands, one line each."""
    lines = ["usage: lstm-blues COMMAND ...; lstm-blues COMMAND --help tells more of each.", ""]
    for name in COMMANDS:
        lines.append(f"  {name:<13}{command_words(name).splitlines()[0]}")
    return "\n".join(lines)


def main() -> None:
    """The console script."""
    if len(sys.argv) == 1 or sys.argv[1] in ("-h", "--help"):
        say(overview())
        return
    name, arguments = sys.argv[1], sys.argv[2:]
    if name not in COMMANDS:
        fail(BluesError(f"command is {name!r}, but must be one of {', '.join(COMMANDS)}."))
    configured = (conf_folder() / f"{name}.yaml").is_file()
    if configured and {"-h", "--help"} & set(arguments):
        # Importing the command would import torch.
        say(help_text(name))
        return
    sys.argv = [f"lstm-blues {name}", *arguments]
    import_module(f"lstm_blues.{name}").main()


if __name__ == "__main__":
    main()
