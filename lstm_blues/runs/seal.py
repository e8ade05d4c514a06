"""A checksum over every byte of a zip archive, in the archive's own comment.

Whoever reads the archive with another program need not know of it.
"""

from __future__ import annotations

import hashlib
import io
import zipfile

_MARK = b"lstm_blues sha256 "
_LENGTH = len(_MARK) + 64


def seal(archive: bytes) -> bytes:
    """A zip archive without a comment, such as `torch.save` writes, with its checksum."""
    end = archive[-22:]
    assert (end[:4], end[-2:]) == (b"PK\5\6", b"\0\0"), "the end of an archive without a comment"
    told = archive[:-2] + _LENGTH.to_bytes(2, "little") + _MARK
    return told + hashlib.sha256(told).hexdigest().encode()


def is_sealed(archive: bytes) -> bool:
    """Whether there is a checksum, right or wrong."""
    return archive[-_LENGTH:].startswith(_MARK)


def is_whole(archive: bytes) -> bool:
    """Whether the archive is as it was written.

    By its checksum, and where it has none by those that zip archives have of their members.  False
    for what is no archive, and for one whose members are packed, or larger than the archive.
    """
    if is_sealed(archive):
        digest = hashlib.sha256(archive[:-64]).hexdigest().encode()
        if digest != archive[-64:]:
            return False
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as members:
            told = members.infolist()
            stored = all(member.compress_type == zipfile.ZIP_STORED for member in told)
            fits = sum(member.file_size for member in told) <= len(archive)
            return bool(told) and stored and fits and members.testzip() is None
    except Exception:  # zipfile raises whatever it stumbles over
        return False
