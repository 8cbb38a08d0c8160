"""Unpacking in comprehensions (PEP 798), and frozendict beside dict."""


def unpacked(rows, maps):
    yield [*row for row in rows]
    yield {*row for row in rows if row}
    yield {**m for m in maps}
    yield (*row for row in rows)
    yield frozendict(a=1), {"a": 1}


async def waits(rows):
    return [*row async for row in rows]
