"""Write `documents.jsonl` and `clusters.csv` from the stories in `sources/`.

python tests/near_duplicates/make_set.py

A source file holds events, each with documents:

    ### EVENT DATE
    #> KIND STORY | OUTLET | DAYS AFTER DATE | HEADLINE
    text; the line {1-3} stands for paragraphs 1 to 3 of the story's base, {e02.A:1} for those of another story,
    {4|old=>new} for paragraph 4 with words changed
    #> auto SCRIPT STORY | OUTLET | DAYS [| ARGUMENT]

`auto` documents are made from the story's base by one of the scripts below, as a desk would make them.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).parent

BOILERPLATE = [
    (
        "By our correspondents",
        "Copyright {outlet}. All rights reserved. This material may not be published, broadcast, rewritten or "
        "redistributed without permission.",
    ),
    (
        "",
        "Read more in {outlet}: Five things to do this weekend. Why your electricity bill will rise. The quiz: how "
        "well do you know your town?",
    ),
    (
        "Agency report - last updated 14:20",
        "Do you have a story for {outlet}? Write to the news desk or call us at any hour; we protect our sources.",
    ),
    (
        "Share this article\n\nListen to this article, 2 min",
        "This article was taken from an agency and has not been edited by {outlet}.",
    ),
    (
        "",
        "Sign up for the morning letter of {outlet} and get the news before your coffee. You can unsubscribe at any "
        "time. We use cookies to improve your experience; by reading on you accept our terms.",
    ),
    (
        "{outlet} | News | World",
        "Related topics: defence, trade, diplomacy. Comments are closed. Most read: the price of onions; a dog that "
        "took the ferry.",
    ),
]
"""What outlets put around an agency's text: a line above it, a paragraph below."""

COPY_DESK = [
    (r" percent\b", " per cent"), (r"\bsaid on (Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b", r"said \1day"),
    (r"\bmore than\b", "over"), (r"\bworth\b", "valued at"), (r"\blorry\b", "truck"), (r"\blorries\b", "trucks"),
    (r"\bbegin\b", "start"), (r"\bbegun\b", "started"), (r"\bbecause\b", "since"), (r"\babout (?=\d)", "around "),
    (r"\bsome (?=\d)", "around "), (r"\bfour\b", "4"), (r"\bnine\b", "9"), (r"\beleven\b", "11"),
    (r"\bsix\b", "6"), (r"\beight\b", "8"), (r"\bthree\b", "3"), (r"\bsaid that\b", "said"), (r"\bwanted\b", "sought"),
    (r"\bbut\b", "though"), (r"\bdid not say\b", "would not say"), (r"\bas well\b", "too"), (r"\bdefence\b", "defense"),
    (r"\bcalled\b", "described as"), (r"\bwill be\b", "is to be"), (r"\bSome\b", "Around"),
    (r"\blast year\b", "in the past year"),
    (r"^[A-Z ]+(?:, \w+ \d+)? \((?:Harbour Wire|MPA|Fjord Wire)\) - ", ""),
]  # fmt: skip
"""House style of a copy desk: words replaced, the dateline dropped."""


@dataclass(frozen=True)
class Source:
    """A document as the source file gives it."""

    event: str
    day: date
    kind: str
    story: str
    outlet: str
    title: str
    body: str
    argument: str = ""


def read_sources() -> list[Source]:
    """The documents of all source files, in order."""
    found: list[Source] = []
    for path in sorted((HERE / "sources").glob("*.txt")):
        for block in re.split(r"^### ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
            head, *documents = re.split(r"^#> ", block, flags=re.M)
            event, day = head.split()
            for document in documents:
                line, _, body = document.partition("\n")
                names, outlet, days, *rest = (part.strip() for part in line.split("|"))
                kind, story = names.removeprefix("auto ").split()
                is_auto = names.startswith("auto ")
                published = date.fromisoformat(day) + timedelta(days=int(days))
                if is_auto and len(rest) > 1:
                    published = date.fromisoformat(day) + timedelta(days=int(rest[1]))
                found.append(
                    Source(
                        event, published, f"auto {kind}" if is_auto else kind, story, outlet,
                        "" if is_auto else rest[0], body.strip(), rest[0] if is_auto and rest else "",
                    )
                )  # fmt: skip
    return found


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text."""
    return [part.strip() for part in text.split("\n\n") if part.strip()]


def with_boilerplate(text: str, outlet: str, number: int) -> str:
    """The text between an outlet's own lines."""
    above, below = BOILERPLATE[number % len(BOILERPLATE)]
    parts = (above.format(outlet=outlet), text, below.format(outlet=outlet))
    return "\n\n".join(part for part in parts if part)


def copy_edited(text: str) -> str:
    """The text in another house's style, two paragraphs at a time joined into one."""
    for pattern, replacement in COPY_DESK:
        text = re.sub(pattern, replacement, text)
    parts = paragraphs(text)
    return "\n\n".join(" ".join(parts[start : start + 2]) for start in range(0, len(parts), 2))


def shortened(text: str) -> str:
    """The text without its dateline, the last sentence of each second paragraph, and the last paragraph."""
    parts = paragraphs(re.sub(r"^[A-Z ]+(?:, \w+ \d+)? \((?:Harbour Wire|MPA|Fjord Wire)\) - ", "", text))[:-1]
    kept = []
    for number, part in enumerate(parts):
        sentences = re.split(r"(?<=[.\"]) (?=[A-Z\"])", part)
        kept.append(" ".join(sentences[:-1]) if number % 2 and len(sentences) > 1 else part)
    return "\n\n".join(kept)


def make() -> list[dict[str, str]]:
    """All documents, with their labels."""
    sources = read_sources()
    bases: dict[tuple[str, str], Source] = {}
    for source in sources:
        bases.setdefault((source.event, source.story), source)
    rows, counts = [], {}
    for number, source in enumerate(sources):
        base = bases[source.event, source.story]
        title, kind, body = source.title, source.kind, source.body
        if kind.startswith("auto "):
            kind, title = kind.removeprefix("auto "), base.title
            text = base.body
            if kind == "boilerplate":
                body = with_boilerplate(text, source.outlet, number)
            elif kind == "edited":
                body = copy_edited(text)
            elif kind == "shortened":
                body = shortened(text)
            elif kind == "edited_cut":
                body = copy_edited("\n\n".join(paragraphs(text)[: int(source.argument)]))
            elif kind == "cut":
                body = "\n\n".join(paragraphs(text)[: int(source.argument)])
            else:
                raise ValueError(f"{source.event}: no script {kind}")
        else:
            body = expanded(source, bases)
        counts[source.event] = counts.get(source.event, 0) + 1
        name = f"{source.event}-{counts[source.event]:02}"
        slug = re.sub(r"[^a-z]+", "-", source.outlet.lower()).strip("-")
        rows.append(
            {
                "id": name, "uri": f"https://{slug}.example/{name}", "title": title, "source": source.outlet,
                "published_on": source.day.isoformat(), "text": body, "event": source.event,
                "cluster": f"{source.event}-{source.story}", "kind": kind, "split": split(source.event),
            }
        )  # fmt: skip
    return rows


def split(event: str) -> str:
    """Odd events are for tuning, even ones for testing.

    A digest takes its parts from events of one half: that of `m01` from even ones, that of `m05` from odd ones.
    """
    return "dev" if int(event[1:]) % 2 and event != "m01" else "test"


def expanded(source: Source, bases: dict[tuple[str, str], Source]) -> str:
    """The body with its references to paragraphs replaced."""

    def paragraphs_of(match: re.Match[str]) -> str:
        event, story = match["event"] or source.event, match["story"] or source.story
        parts = paragraphs(bases[event, story].body)
        first = int(match["first"])
        text = "\n\n".join(parts[first - 1 : int(match["last"] or first)])
        for change in filter(None, (match["changes"] or "").split("|")):
            old, new = change.split("=>")
            if old not in text:
                raise ValueError(f"{source.event}: {old!r} is not in the paragraph")
            text = text.replace(old, new)
        return text

    reference = r"\{(?:(?P<event>\w+)\.(?P<story>\w):)?(?P<first>\d+)(?:-(?P<last>\d+))?(?P<changes>(?:\|[^{}]+)?)\}"
    return re.sub(reference, paragraphs_of, source.body)


def main() -> None:
    """Write both files."""
    rows = make()
    with (HERE / "documents.jsonl").open("w", encoding="utf-8") as file:
        for row in rows:
            document = {name: row[name] for name in ("id", "uri", "title", "published_on", "source", "text")}
            file.write(json.dumps(document, ensure_ascii=False) + "\n")
    with (HERE / "clusters.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(
            file, ["id", "event", "cluster", "kind", "split"], lineterminator="\n", extrasaction="ignore"
        )
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
