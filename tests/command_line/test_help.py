"""Help is set to the width of the terminal, and not broken where the source is."""

from typer.testing import CliRunner

from api.main import app


def test_a_paragraph_is_filled() -> None:
    shown = CliRunner().invoke(app, ["audit", "verify", "--help"], env={"COLUMNS": "80"})
    assert shown.exit_code == 0
    paragraph = shown.stdout.partition("Positions, streams")[2].partition("╭")[0]
    lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
    following = [line.split()[0] for line in lines[1:]]
    # The first word of a line would not have fitted onto the line before.
    assert all(
        len(line) + len(word) >= 77 for line, word in zip(lines[1:-1], following[1:], strict=True)
    )
