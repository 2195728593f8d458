"""Pages once rendered and templates once compiled, kept while `serve` runs, so that a rebuild does only what is new.

A page is kept beside all that its rendering reads: its Markdown, the glossary, the numbers, the configuration and the
names of the files that it may link to. Only memory keeps it, so that new code starts from nothing.
"""

import logging
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from mkdocs.utils import CountHandler

from scripts import figures, glossary

SHARED = (glossary.PAGE, figures.NUMBERS)  # what the Markdown extensions read beside the page
RESULT = ("content", "toc", "_title_from_render", "present_anchor_ids")  # what MkDocs' own rendering sets

_kept: dict[str, tuple[tuple, dict[str, Any], dict[str, dict[str, str]]]] = {}
_warnings = CountHandler(level=logging.WARNING)
logging.getLogger("mkdocs").addHandler(_warnings)


def spare(page: Page) -> None:
    """Let MkDocs take what was kept of this page where that is still right."""
    page.render = partial(render, page)


def render(page: Page, config: MkDocsConfig, files: Files) -> None:
    """In place of `Page.render`; a page that gives warnings is not kept, so that each build repeats them."""
    reads = inputs(page, config, files)
    known, result, links = _kept.get(page.file.src_uri, ((), {}, {}))
    if known == reads:
        vars(page).update(deepcopy(result))
        page.links_to_anchors = {files.src_uris[name]: anchors for name, anchors in links.items()}
        return
    before = _warnings.get_counts()
    Page.render(page, config, files)
    if _warnings.get_counts() == before:
        links = {file.src_uri: anchors for file, anchors in (page.links_to_anchors or {}).items()}
        _kept[page.file.src_uri] = reads, deepcopy({name: getattr(page, name) for name in RESULT}), links


def inputs(page: Page, config: MkDocsConfig, files: Files) -> tuple:
    """All that the HTML of a page is made from, but for the code."""
    shared = [path.read_bytes() for path in (Path(config.config_file_path), *SHARED) if path.is_file()]
    addresses = [(file.src_uri, file.url, file.inclusion) for file in files]
    return page.markdown, config.use_directory_urls, shared, addresses


class Templates(BytecodeCache):
    """Jinja's compiled templates, which it takes only while their source is the same."""

    def __init__(self) -> None:
        self.compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.compiled:
            bucket.bytecode_from_string(self.compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.compiled[bucket.key] = bucket.bytecode_to_string()


TEMPLATES = Templates()
