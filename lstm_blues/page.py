"""`python -m lstm_blues.page`: builds the page for a browser, and serves it.

The network plays there, and learns, in WebAssembly: a server has nothing to do but to hand out
files.
"""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Any

from lstm_blues.runs.command import run_command


def build_and_serve(config: dict[str, Any]) -> None:
    """Builds and serves as `conf/page.yaml` says; prints the sizes, and where the page is.

    Raises `BluesError` for a mistake in a setting, or where the extra `compiler` is missing.
    """
    # Torch takes a second to import: --help and mistakes on the command line come before it.
    from lstm_blues.browser.build import build_page  # noqa: PLC0415
    from lstm_blues.browser.serve import address_of, make_server  # noqa: PLC0415
    from lstm_blues.browser.settings import PageSettings  # noqa: PLC0415
    from lstm_blues.runs.config import read  # noqa: PLC0415
    from lstm_blues.runs.terminal import bar  # noqa: PLC0415
    from lstm_blues.runs.trained import load_trained  # noqa: PLC0415

    given = read(PageSettings, config, "")
    folder = Path(given.output_dir)
    # A port that is taken is told before the work.
    server = make_server(folder, given.port) if given.serve else None
    trained = load_trained(given.checkpoint) if given.checkpoint else None
    with bar(0, "kernel") as shown:

        def progress(done: int, of: int) -> None:
            shown.total = of
            shown.update(done - shown.n)

        sizes = build_page(folder, trained, progress)
    each = ", ".join(f"{kind} {size / 1000:,.0f} kB" for kind, size in sizes.items())
    print(f"{folder}: {each}; {sum(sizes.values()) / 1e6:.2f} MB in all.")
    if server is None:
        return
    address = address_of(server)
    print(f"{address} (Ctrl-C ends)", flush=True)
    if given.browser:
        webbrowser.open(address)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
    finally:
        server.server_close()


def main() -> None:
    """The command."""
    run_command(build_and_serve, "page")


if __name__ == "__main__":
    main()
