"""`python -m lstm_blues.webassembly +experiment=chords`: the compiled engine for a web page.

Writes the kernel of an experiment's network and learner as `kernel.wasm`, which needs no imports;
`memory.bin`, an image of the memory that it works on, with the first weights, songs and settings;
and `memory.json`, which says where each of them lies.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lstm_blues.runs.command import run_command


def write_files(config: dict[str, Any]) -> None:
    """Writes the three files as `conf/webassembly.yaml` says; prints them with their sizes.

    Raises `BluesError` for a mistake in a setting, or where the extra `compiler` is missing.
    """
    # Torch takes a second to import: --help and mistakes on the command line come before it.
    from lstm_blues.engine.learner import CompiledLearner  # noqa: PLC0415
    from lstm_blues.engine.webassembly import write_webassembly  # noqa: PLC0415
    from lstm_blues.errors import require  # noqa: PLC0415
    from lstm_blues.runs.build import Parts  # noqa: PLC0415
    from lstm_blues.runs.settings import settings_from  # noqa: PLC0415

    folder = Path(config.pop("output_dir"))
    settings = settings_from(config)
    learner = Parts(settings).learner
    if isinstance(learner, CompiledLearner):
        for name, size in write_webassembly(learner, folder).items():
            print(f"{folder / name}: {size:,} bytes")
    else:
        require(False, "run.engine", settings.run.engine, "fast for WebAssembly")


def main() -> None:
    """The command."""
    run_command(write_files, "webassembly")


if __name__ == "__main__":
    main()
