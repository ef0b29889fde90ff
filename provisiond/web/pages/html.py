"""How is a page written? Templates that came with the program, compiled at the start."""

from pathlib import Path

from aiohttp import web
from jinja2 import DictLoader, Environment, StrictUndefined

_FOLDER = Path(__file__).parent.parent / "html"


class Pages:
    """The pages' templates. Reads files, so make it in a thread or before the loop."""

    def __init__(self) -> None:
        texts = {path.name: path.read_text(encoding="utf-8") for path in _FOLDER.glob("*.html")}
        environment = Environment(
            loader=DictLoader(texts), autoescape=True, undefined=StrictUndefined
        )
        self._templates = {name: environment.get_template(name) for name in texts}

    def answer(self, page: str, /, *, status: int = 200, **values: object) -> web.Response:
        """A page with these values in it."""
        return web.Response(
            text=self._templates[page].render(**values), status=status, content_type="text/html"
        )


PAGES = web.AppKey("pages", Pages)
