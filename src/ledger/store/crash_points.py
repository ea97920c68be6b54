"""Places where a fault test can have this process killed, as a power failure would.

They do nothing unless the environment names a folder in TALLYBOOK_CRASH_POINTS. A file in it named
`before_commit.<topic>` or `after_commit.<topic>` is used up by the first process that appends an
event of that topic: it ends at once, before the commit or right after it.
"""

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

VARIABLE: Final = "TALLYBOOK_CRASH_POINTS"

_FOLDER: Final = os.environ.get(VARIABLE)


def reach(moment: Literal["before_commit", "after_commit"], topics: Iterable[str]) -> None:
    """Pass by, or be killed here."""
    if not _FOLDER:
        return
    for topic in topics:
        try:
            Path(_FOLDER, f"{moment}.{topic}").unlink()
        except FileNotFoundError:
            continue
        os.kill(os.getpid(), signal.SIGKILL)
