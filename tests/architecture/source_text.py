"""Reads C++ far enough to tell code from comments and literals."""

import re

_COMMENT_OR_LITERAL = re.compile(
    r"""
      (?P<comment>  //[^\n]*(?:\\\n[^\n]*)*  |  /\*.*?\*/ )
    | (?P<raw>      (?:u8|[uUL])?R"(?P<fence>[^()\\\s]{0,16})\(.*?\)(?P=fence)" )
    | (?P<string>   "(?:\\.|[^"\\\n])*" )
    | (?P<char>     (?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+' )      # not the separator in 10'000
    """,
    re.VERBOSE | re.DOTALL,
)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*(?:include|import)[ \t]*(?:<([^>\n]+)>|"([^"\n]+)"|(.*))', re.MULTILINE)


def _blank(text):
    """As long as `text` and with the same line breaks."""
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    return _COMMENT_OR_LITERAL.sub(lambda m: _blank(m[0]) if m["comment"] else m[0], text)


def without_comments_and_literals(text):
    return _COMMENT_OR_LITERAL.sub(lambda m: _blank(m[0]), text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def includes(text):
    """Yields (line, header, quoted); header is None for `#include MACRO`."""
    code = without_comments(text)
    for match in _INCLUDE.finditer(code):
        angled, quoted, _ = match.groups()
        yield line_of(code, match.start(0)), angled or quoted, quoted is not None
