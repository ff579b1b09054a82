"""Times in a recording as people write them."""

from __future__ import annotations


def timestamp(seconds: float) -> str:
    """Hours, minutes and seconds, cut off, as players show them.

    >>> timestamp(65.9)
    '00:01:05'
    """
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def time_span(seconds: tuple[float, float]) -> str:
    """From and to.

    >>> time_span((5.0, 65.9))
    '00:00:05-00:01:05'
    """
    first, last = (timestamp(each) for each in seconds)
    return first if first == last else f"{first}-{last}"
