"""A server for the page, for this machine alone; any other that serves files does as well."""

from __future__ import annotations

import errno
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from lstm_blues.errors import BluesError

ADDRESS = "127.0.0.1"

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self'",
        "connect-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self' blob:",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
"""The Content-Security-Policy: nothing comes from elsewhere, and nothing goes there."""

HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # The files of a page that is built anew keep their names.
    "Cache-Control": "no-cache",
}
"""What every answer has."""

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".bin": "application/octet-stream",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".svg": "image/svg+xml",
}


class _Handler(SimpleHTTPRequestHandler):
    """Serves files, and no lists of folders."""

    extensions_map = _TYPES

    def end_headers(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def list_directory(self, path: Any) -> None:  # noqa: ARG002
        """There are none."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a browser that closes a connection."""


def make_server(folder: Path, port: int = 0) -> ThreadingHTTPServer:
    """A server of the files in `folder` on 127.0.0.1, not yet at work.

    port: 0 for any that is free.  Raises `BluesError` for one that is taken or may not be used.
    """
    try:
        return _Server((ADDRESS, port), partial(_Handler, directory=str(folder)))
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "is in use" if taken else "cannot be used on this machine"
        raise BluesError(
            f"port is {port}, which {why}: choose another, or 0 for any that is free."
        ) from None


def address_of(server: ThreadingHTTPServer) -> str:
    """Where the page is."""
    return f"http://{ADDRESS}:{server.server_address[1]}/"
