"""Write samples/documents.jsonl anew from seeds/documents; run it from the project root after a sample was changed.

.venv/bin/python tests/gold/make_samples.py
"""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

from transforms.parse import RawInput, parse

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ROOT / "seeds" / "documents"
LABELLED = Path(__file__).resolve().parent / "samples" / "documents.jsonl"
MEDIA_TYPES = {".txt": "text/plain", ".html": "text/html", ".jsonl": "application/jsonl"}


def sample_files() -> list[Path]:
    """The sample documents in order of their names, without the README beside them."""
    return sorted(path for path in DOCUMENTS.iterdir() if path.suffix in MEDIA_TYPES)


def labelled_documents() -> list[dict[str, str | None]]:
    """What the pipeline's parser makes of the samples, as records of a labelled set."""
    records: list[dict[str, str | None]] = []
    for path in sample_files():
        uri = path.relative_to(ROOT).as_posix()
        parsed = parse(RawInput(uri, path.read_bytes(), MEDIA_TYPES[path.suffix]))
        if parsed.rejects:
            raise ValueError(f"{uri}: {parsed.rejects[0].detail}")
        records += [
            {
                "id": PurePosixPath(document.source_uri).stem,
                "uri": document.source_uri,
                "title": document.title,
                "published_on": document.published_on.isoformat() if document.published_on else None,
                "text": document.text,
            }
            for document in parsed.documents
        ]
    return records


def main() -> None:
    """Write the file."""
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in labelled_documents()]
    LABELLED.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
