"""The lines of a leak as it is read: never more of it in memory than one line may be long."""

from collections.abc import Iterator
from typing import IO

from pehra.kernel.refusals import Invalid
from pehra.signals.rules.leaks import LINE_BYTES_MAX, Limits

_PIECE_BYTES = 64 * 1024


def lines_of(stream: IO[bytes], limits: Limits) -> Iterator[bytes]:
    """Yield lines with their ends; of one that is too long its beginning, which is too long as well."""
    size = 0
    while line := stream.readline(LINE_BYTES_MAX + 2):
        size = _within(size + len(line), limits)
        ended = line.endswith(b"\n") or len(line) < LINE_BYTES_MAX + 2
        while not ended:
            rest = stream.readline(_PIECE_BYTES)
            size = _within(size + len(rest), limits)
            ended = not rest or rest.endswith(b"\n")
        yield line


def _within(size: int, limits: Limits) -> int:
    if size > limits.bytes:
        raise Invalid(f"more than {limits.bytes // (1024 * 1024)} MiB; send it in parts", field="file")
    return size
