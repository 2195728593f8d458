"""What MkDocs itself has no setting for: the order of the sections, one line for a file that it cannot read, and what
is made of the built site as a whole."""

import gc
import re
from itertools import pairwise
from pathlib import Path
from posixpath import dirname, join, normpath

from jinja2 import Environment
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import BuildError
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from scripts import diagrams, installable, policy, rendered, search, shrink
from scripts.chapter import Unreadable, read

ORDER = ("Framework", "Case studies", "Reference", "Contribute")


def on_startup(command: str, **_: object) -> None:
    """One build is over before its garbage matters, and the search for it takes a twentieth of the time."""
    if command == "build":
        gc.disable()


def on_config(config: MkDocsConfig) -> None:
    """For a copy that is opened from a folder: links name files, and an iframe does the work of the search's worker.

    A browser may keep what is hosted, but neither that copy nor what somebody is writing.
    """
    if config.extra["offline"]:
        config.use_directory_urls = False
        config.theme["features"].remove("navigation.instant")  # over file:// it stops all else that the theme does
        config.extra["polyfills"] = ["assets/vendor/iframe-worker.js"]
    served = (config.site_url or "").startswith(f"http://{config.dev_addr}/")  # by `serve`
    config.extra |= {"served": served, "installable": config.site_url and not served and not config.extra["offline"]}


def on_files(files: Files, **_: object) -> None:
    """Diagrams are drawn while pages are rendered."""
    diagrams.begin(Path(file.abs_src_path).read_text("utf-8", "replace") for file in files.documentation_pages())


def on_nav(nav: Navigation, **_: object) -> Navigation:
    """Put the folders in the guide's order, behind the home page, and the pages with them; other folders come last."""
    nav.items.sort(key=lambda item: ORDER.index(item.title) if item.title in ORDER else len(ORDER) * item.is_section)
    nav.pages.sort(key=lambda page: nav.items.index(page.ancestors[-1] if page.ancestors else page))
    for page, following in pairwise([None, *nav.pages, None]):
        if page:
            page.next_page = following
        if following:
            following.previous_page = page
    return nav


def on_page_read_source(page: Page, **_: object) -> str:
    """The page's Markdown; where it is not UTF-8, MkDocs itself would show a traceback."""
    try:
        return read(Path(page.file.abs_src_path))
    except Unreadable as problem:
        raise BuildError(f"docs/{page.file.src_uri}:{problem.line}: {problem.rule}: {problem}") from None


def on_page_markdown(markdown: str, page: Page, **_: object) -> None:
    """What is about to be rendered may be there from the last build."""
    rendered.spare(page)


def on_page_content(html: str, page: Page, files: Files, **_: object) -> str:
    """In a diagram, as in text, a link names a Markdown file; MkDocs itself does not look into drawings."""

    def address(link: re.Match) -> str:
        file = files.get_file_from_path(normpath(join(dirname(page.file.src_uri), link[1])))
        return f'xlink:href="{get_relative_url(file.url, page.url)}{link[2]}"' if file else link[0]

    search.leave_to_us(page)
    return re.sub(r'xlink:href="([^":#]+\.md)([^"]*)"', address, html)


def on_env(env: Environment, config: MkDocsConfig, files: Files) -> None:
    """The index for the search box, of the pages as they are now: rendered, but without the theme around them."""
    env.bytecode_cache = rendered.TEMPLATES
    search.write([file.page for file in files.documentation_pages() if file.page], Path(config.site_dir))


def on_post_build(config: MkDocsConfig, **_: object) -> None:
    """What concerns all pages at once; those opened from a folder have no origin that a policy could name."""
    site = Path(config.site_dir)
    if not config.extra["served"]:  # a reader's time is worth it, an author's is not
        shrink.shrink(site)
    if config.extra["offline"]:
        search.for_a_folder(site)
    else:
        policy.write(site)
    if config.extra["installable"]:  # last, since it has a hash of each page
        installable.write(site)
