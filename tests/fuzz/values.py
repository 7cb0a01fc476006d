"""Wrong values in place of right ones, drawn with a random generator."""

NUMBERS = [0, 1, -1, 2, 7, 1000, 10**9, 2**31, 2**63, 10**400, -(10**9), 0.5, -0.5, 1e300, float("nan"), float("inf")]
OTHERS = [None, True, False, "", "x", "é\n", "\ud800", "x" * 300, [], [1], ["a"], [[[]]], {}, {"a": 1}]


def changed(value, pick, rate, texts=("x",)):
    """JSON with some of its parts replaced, left out, repeated, or put inside others. `texts` may stand for texts."""
    if pick.random() < rate:
        match pick.randrange(8):
            case 0 | 1 if isinstance(value, str):
                return pick.choice(texts)
            case 2 | 3 if isinstance(value, int | float):
                return pick.choice(NUMBERS)
            case 4 if isinstance(value, list):
                return value * pick.choice([2, 50])
            case 5:
                for _ in range(pick.choice([1, 3, 300])):
                    value = [value]
                return value
        return pick.choice(NUMBERS + OTHERS)
    if isinstance(value, dict):
        kept = {key: changed(each, pick, rate, texts) for key, each in value.items() if pick.random() > rate / 2}
        if len(kept) > 1 and pick.random() < rate:  # two parts are exchanged
            one, other = pick.sample(sorted(kept), 2)
            kept[one], kept[other] = kept[other], kept[one]
        return kept
    if isinstance(value, list):
        return [changed(each, pick, rate, texts) for each in value if pick.random() > rate / 2]
    return value


def with_wrong_bytes(data, pick):
    """Bytes of which a few are others, or without their end."""
    if not data:
        return data
    damaged = bytearray(data)
    for _ in range(pick.choice([1, 1, 3, 20])):
        damaged[pick.randrange(min(len(data), pick.choice([len(data), 4096])))] = pick.choice(
            [0, 255, pick.randrange(256)]
        )
    return bytes(damaged[: pick.randrange(len(data))] if pick.random() < 0.2 else damaged)
