"""Start a chapter as a copy of its template."""

import argparse
import sys

from markdown.extensions.toc import slugify

from scripts.chapter import DOCS, ROOT, TEMPLATES, kinds


def main(arguments: list[str] | None = None) -> int:
    """Copy the template of a kind to docs/KIND/SLUG.md; never over a file that is there. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="dev.py new", description="Start a chapter from its template.")
    parser.add_argument("kind", metavar="KIND", choices=kinds(), help=" or ".join(kinds()))
    parser.add_argument("slug", metavar="SLUG", help="its file name: lower-case words joined by hyphens")
    chosen = parser.parse_args(arguments)
    slug = slugify(chosen.slug.removesuffix(".md"), "-")
    if slug != chosen.slug:
        parser.error(f"a file name is lower-case words joined by hyphens; try: {slug or 'a-name'}")
    path = DOCS / chosen.kind / f"{slug}.md"
    title = slug.lstrip("0123456789-").replace("-", " ").capitalize() or slug
    text = (TEMPLATES / f"{chosen.kind}.md").read_text("utf-8")
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text.replace("title: TODO", f"title: {title}", 1).replace("# TODO", f"# {title}", 1))
    except FileExistsError:
        parser.error(f"{path.relative_to(ROOT).as_posix()} is there already and was left as it is; choose another name")
    name = path.relative_to(ROOT).as_posix()
    print(f"{name}: write it, then run: python3 scripts/dev.py check {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
