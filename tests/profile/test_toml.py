"""The lines of a TOML document: every way of writing a value down."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deident.errors import ConfigurationError
from deident.profile.toml import Lines, parse

DOCUMENT = '''# 1
a = 1 # 2
b.c = "[[x]]" # 3
"d e" = """
[t]
x = 1
""" # 7
f = [
    "one", # ]
    # nothing

    "two", "three",
    "four"] # 13

[t] # 15
x = {y = 1, z = [1, 2]} # 16
[[l]] # 17
x = 1 # 18
[[l]] # 19
x = 1 # 20
[l.m] # 21
x = 1 # 22
[[l.n]] # 23
x = 1 # 24
'''


@pytest.mark.parametrize(
    ("location", "line"),
    [
        (("a",), 2),
        (("b", "c"), 3),
        (("d e",), 4),
        (("f",), 8),
        (("f", 0), 9),
        (("f", 1), 12),
        (("f", 2), 12),
        (("f", 3), 13),
        (("t",), 15),
        (("t", "x"), 16),
        (("t", "x", "y"), 16),
        (("t", "x", "z", 1), 16),
        (("l", 0), 17),
        (("l", 0, "x"), 18),
        (("l", 1, "x"), 20),
        (("l", 1, "m", "x"), 22),
        (("l", 1, "n", 0, "x"), 24),
        (("l", 1, "nowhere"), 19),
        (("nowhere",), 0),
        ((), 0),
    ],
)
def test_a_value_stands_on_its_line(location: tuple[str | int, ...], line: int) -> None:
    assert Lines(DOCUMENT).of(location) == line
    assert Lines(DOCUMENT.replace("\n", "\r\n")).of(location) == line


@given(st.lists(st.tuples(st.lists(st.text(), max_size=4), st.integers(0, 3)), max_size=8))
def test_every_element_of_every_list_is_found_wherever_it_stands(lists: list[tuple[list[str], int]]) -> None:
    lines: list[str] = []
    expected: dict[tuple[str, int], int] = {}
    for number, (values, gap) in enumerate(lists):
        lines += [""] * gap + [f"k{number} = ["]
        for index, value in enumerate(values):
            # What JSON leaves out of its escapes TOML wants escaped, too.
            lines.append("  " + json.dumps(value).replace("\x7f", "\\u007f") + ",")
            expected[f"k{number}", index] = len(lines)
        lines.append("]")
    text = "\n".join(lines)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # lone surrogates
        return
    found = Lines(text)
    assert {location: found.of(location) for location in expected} == expected


def test_what_is_no_toml_is_told_by_its_position_alone() -> None:
    with pytest.raises(ConfigurationError, match=r"^it is no valid TOML at line 2, column 7$"):
        parse("a = 1\nDoe = Jane\n", "it")
    with pytest.raises(ConfigurationError, match=r"^it is no valid TOML at the end of the file$"):
        parse('a = """', "it")
