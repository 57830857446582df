"""Small wrong versions of a PromQL expression.

Rules of this module: pure. The expression is read by its tokens only, which is enough to change one of them.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*")
    |(?P<window>\[\d+[smhd]\])
    |(?P<duration>\b\d+[smhd]\b)
    |(?P<number>(?<![\w:.])\d+(?:\.\d+)?(?![\w:.]))
    |(?P<comparison>==|!=|>=|<=|=~|!~|>|<|=)
    |(?P<word>[A-Za-z_:][\w:]*)
    |(?P<other>\S)""",
    re.VERBOSE,
)
_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "!=", "!=": "=="}
_AT_THE_LIMIT = {">": ">=", "<": "<=", ">=": ">", "<=": "<"}
_MATCHES = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}
_WORDS = {
    "unless": "and",
    "and": "unless",
    "min": "max",
    "max": "min",
    "clamp_min": "clamp_max",
    "clamp_max": "clamp_min",
}
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
# Of a longer list of labels the first and the last stand for all.
_LONG = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token and where it stands."""

    kind: str
    text: str
    start: int
    end: int


def mutations(expr: str) -> Iterator[tuple[str, str]]:
    """Yield what is changed and the whole expression with that change."""
    seen: Counter[str] = Counter()
    for what, changed in _changes(expr):
        seen[what] += 1
        yield (f"{what} #{seen[what]}" if seen[what] > 1 else what), changed


def _changes(expr: str) -> Iterator[tuple[str, str]]:
    tokens = [
        Token(kind=str(match.lastgroup), text=match.group(), start=match.start(), end=match.end())
        for match in _TOKEN.finditer(expr)
    ]
    in_braces = False
    for index, token in enumerate(tokens):
        if token.text in {"{", "}"}:
            in_braces = token.text == "{"
        elif in_braces and token.kind == "comparison":
            yield from _matcher(expr, tokens, index)
        else:
            yield from _single(expr, token)
        if token.text in {"ignoring", "without", "by", "on"} and tokens[index + 1].text == "(":
            yield from _labels(expr, tokens, index + 2)


def _single(expr: str, token: Token) -> Iterator[tuple[str, str]]:
    """Change one token for itself."""
    others: tuple[str, ...] = ()
    if token.kind == "comparison":
        others = tuple(table[token.text] for table in (_FLIPPED, _AT_THE_LIMIT) if token.text in table)
    elif token.kind == "number" and float(token.text) > 0:
        others = tuple(f"{float(token.text) * factor:.10g}" for factor in (0.9, 1.1))
    elif token.kind in {"window", "duration"}:
        plain = token.text.strip("[]")
        seconds = int(plain[:-1]) * _SECONDS[plain[-1]]
        others = tuple(token.text.replace(plain, f"{changed}s") for changed in (seconds // 2, seconds * 2))
    elif token.kind == "word" and token.text in _WORDS:
        others = (_WORDS[token.text],)
    for other in others:
        yield _replaced(expr, token, other)


def _replaced(expr: str, token: Token, text: str) -> tuple[str, str]:
    return f"{token.text} → {text}", expr[: token.start] + text + expr[token.end :]


def _matcher(expr: str, tokens: list[Token], index: int) -> Iterator[tuple[str, str]]:
    """Drop a matcher, turn it, and take each alternative out of its pattern."""
    name, operator, value = tokens[index - 1 : index + 2]
    whole = expr[name.start : value.end]
    before, after = tokens[index - 2], tokens[index + 2]
    start = before.start if before.text == "," else name.start
    end = after.end if before.text != "," and after.text == "," else value.end
    yield f"without {whole}", expr[:start] + expr[end:]
    yield (
        f"{whole}: {operator.text} → {_MATCHES[operator.text]}",
        expr[: operator.start] + _MATCHES[operator.text] + expr[operator.end :],
    )
    alternatives = value.text[1:-1].split("|")
    if len(alternatives) > 1 and "(" not in value.text:
        for each in alternatives:
            rest = "|".join(other for other in alternatives if other != each)
            yield f"{name.text}{operator.text}… without {each}", expr[: value.start] + f'"{rest}"' + expr[value.end :]


def _labels(expr: str, tokens: list[Token], first: int) -> Iterator[tuple[str, str]]:
    """Drop a label of a list."""
    last = next(index for index in range(first, len(tokens)) if tokens[index].text == ")")
    labels = [token for token in tokens[first:last] if token.kind == "word"]
    for token in labels if len(labels) < _LONG else (labels[0], labels[-1]):
        kept = ", ".join(each.text for each in labels if each is not token)
        keyword = tokens[first - 2].text
        yield f"{keyword} without {token.text}", expr[: labels[0].start] + kept + expr[labels[-1].end :]
