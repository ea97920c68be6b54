"""Words that every concept shares: events, commands, ids, time, money, errors."""
