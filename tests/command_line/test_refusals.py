"""What commands are asked wrongly: a sentence, the exit code of its kind, and never a traceback."""

import pytest

from tests.support.served import Served

USAGE, NOT_FOUND, REFUSED = 2, 4, 6


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("late-usage list --customer cus_nobody", NOT_FOUND, "No such customer: 'cus_nobody'"),
        ("late-usage list --invoice in_none", NOT_FOUND, "No such invoice: 'in_none'"),
        ("late-usage list --outcome lost", USAGE, "'lost' is not one of"),
        ("late-usage not-billed --customer cus_nobody", NOT_FOUND, "No such customer"),
        ("late-usage not-billed --reason none", USAGE, "'none' is not one of"),
        ("events list --since yesterday", USAGE, "--since: The time 'yesterday' cannot be"),
        ("events export --until never", USAGE, "--until: The time 'never' cannot be"),
        ("usage query --customer c --start x --end 2026-02-01", USAGE, "--start: The time 'x'"),
        ("diff summary x --from position:1", USAGE, "A summary has no id."),
        ("diff price price_x --from position:1 --customer c", USAGE, "are of a summary"),
        ("simulate --price a=b --from 2026-03 --to 2026-01", USAGE, "must not be before --from"),
        ("invoice show in_x --html --pdf x.pdf", USAGE, "--html or --pdf, not both"),
        ("audit checkpoint --against /bin/sh", REFUSED, "is no checkpoint: it is not text."),
        ("serve --host nowhere.invalid --port 0", REFUSED, "There is no such address"),
    ],
)
def test_a_command_says_what_is_wrong(served: Served, words: str, code: int, said: str) -> None:
    ran = served.command(*words.split())
    told = " ".join(ran.stderr.replace("│", " ").split())
    assert (ran.returncode, said in told) == (code, True), told
    assert ran.stdout == ""
