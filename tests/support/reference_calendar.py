"""Calendar arithmetic for the reference biller, counted out day by day; epoch seconds in UTC."""

DAY = 86_400
SECONDS = {"hour": 3_600, "day": DAY, "week": 7 * DAY}
MONTHS = {"month": 1, "year": 12}


def moved(ts: int, interval: str, count: int) -> int:
    """A time moved by days, weeks, months or years; the day is cut to the month's length."""
    if interval in SECONDS:
        return ts + SECONDS[interval] * count
    days, clock = divmod(ts, DAY)
    year, month, day = date_of(days)
    month += MONTHS[interval] * count
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return day_number(year, month, min(day, length_of(year, month))) * DAY + clock


def length_of(year: int, month: int) -> int:
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def day_number(year: int, month: int, day: int) -> int:
    """Days since 1 January 1970, counted year by year and month by month."""
    before = sum(366 if is_leap(y) else 365 for y in range(min(year, 1970), max(year, 1970)))
    days = before if year >= 1970 else -before
    return days + sum(length_of(year, m) for m in range(1, month)) + day - 1


def date_of(days: int) -> tuple[int, int, int]:
    """The (year, month, day) of a day number."""
    year = 1970
    while days < 0:
        year -= 1
        days += 366 if is_leap(year) else 365
    while days >= (366 if is_leap(year) else 365):
        days -= 366 if is_leap(year) else 365
        year += 1
    month = 1
    while days >= length_of(year, month):
        days -= length_of(year, month)
        month += 1
    return year, month, days + 1
