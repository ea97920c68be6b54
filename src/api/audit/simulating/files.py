"""Usage of a file, read as `usage import` reads it, and only counted."""

from pathlib import Path

from api.meter_events.bulk_formats import FORMATS
from api.meter_events.cli import circumstances_of_run
from api.meter_events.importing import ImportSummary, UsageImport
from api.meter_events.usage_files import format_of_file
from ledger.audit.simulation.unsent import UnsentUsage
from ledger.kernel.errors import InvalidRequest


def read_unsent(usage: UnsentUsage, file: Path) -> list[str]:
    """Count the file's usage; what became of its records, in words for a person.

    Raises InvalidRequest for a file that cannot be read to its end, or whose name tells no format.
    """
    kind = format_of_file(file)
    if kind is None:
        raise InvalidRequest(f"The name of {file} tells no format of usage.")
    summary = ImportSummary(file.name)
    UsageImport(usage, FORMATS[kind], circumstances_of_run, summary).run(file, lambda _: None)
    if summary.stopped is not None:
        raise InvalidRequest(f"{file.name}: {summary.stopped}")
    counts = summary.tally.counts
    total = (
        f"{file.name}: {summary.tally.lines} lines, {counts['accepted']} events counted, "
        f"{counts['duplicate']} repeated, {counts['rejected']} refused; nothing is recorded"
    )
    return [total, *summary.sentences()[1:]]
