"""A decoded form as flat pairs, the way an SDK flattens it before sending."""

from api.http.forms import FormValue


def pairs_of(value: FormValue, name: str = "") -> list[tuple[str, str]]:
    """Every scalar of a decoded form with its name in brackets."""
    if isinstance(value, str):
        return [(name, value)]
    if isinstance(value, list):
        return [pair for item in value for pair in pairs_of(item, f"{name}[]")]
    return [
        pair
        for key, item in value.items()
        for pair in pairs_of(item, f"{name}[{key}]" if name else key)
    ]
