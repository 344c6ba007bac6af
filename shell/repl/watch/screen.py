"""The screen of `.watch`: prompt-toolkit's keyboard and terminal around what `view` draws and `watcher` finds out."""

from __future__ import annotations

import os
from asyncio import sleep

from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Size
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.layout import FormattedTextControl, Layout, Window
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

from ..theme import theme
from .view import SLOW, View, draw
from .watcher import Watcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.formatted_text import StyleAndTextTuples
    from prompt_toolkit.key_binding import KeyPressEvent

    from .query import Query
    from .request import Request

# While a run is slow, the screen is drawn anew this often, in seconds, for the time it takes.
TICK = 0.25

# The palette of the terminal itself, which is readable on its background.
COLOURS = {
    "watch.header": "reverse",
    "watch.title": "bold",
    "watch.rule": "ansibrightblack",
    "watch.new": "ansigreen bold",
    "watch.gone": "ansired",
    "watch.changed": "ansiyellow bold",
    "watch.delta": "ansiyellow",
    "watch.trend": "ansicyan",
    "watch.error": "ansired",
    "watch.note": "ansibrightblack",
}
PLAIN = {"watch.header": "reverse", "watch.title": "bold", "watch.new": "bold", "watch.changed": "reverse"}


class Screen:
    """One watch on the whole terminal; `run` returns when the user has left, or when it ran as often as asked."""

    def __init__(self, query: Query, request: Request, null: str, ascii: bool, theme_name: str) -> None:
        self.view = View(null, ascii)
        self.watcher = Watcher(query, request, self._changed)
        chosen = theme(theme_name, os.environ)
        plain = chosen.name in ("plain", "mono")
        window = Window(FormattedTextControl(self._text, focusable=True, show_cursor=False), wrap_lines=False)
        self._application: Application[None] = Application(
            layout=Layout(window),
            key_bindings=self._keys(),
            style=Style.from_dict(PLAIN if plain else COLOURS),
            color_depth=ColorDepth.DEPTH_1_BIT if plain else None,
            full_screen=True,
            mouse_support=False,
        )
        # Escape leaves at once, not after the half second in which it might begin another key.
        self._application.ttimeoutlen = 0.05
        self._application.timeoutlen = 0.05

    def run(self) -> None:
        """Show it."""
        self.watcher.start()
        try:
            self._application.run(pre_run=self._begun, handle_sigint=False)
        finally:
            self.watcher.stop()

    def _begun(self) -> None:
        self._application.create_background_task(self._tick())

    async def _tick(self) -> None:
        while True:
            await sleep(TICK)
            if (self.watcher.running or 0.0) >= SLOW:
                self._application.invalidate()

    def _changed(self) -> None:
        if self.watcher.finished and self._application.is_running:
            loop = self._application.loop
            if loop is not None:
                loop.call_soon_threadsafe(self._leave)
        self._application.invalidate()

    def _leave(self) -> None:
        if self._application.is_running and not self._application.is_done:
            self._application.exit()

    def _size(self) -> Size:
        return self._application.output.get_size()

    def _text(self) -> StyleAndTextTuples:
        size = self._size()
        text: StyleAndTextTuples = []
        for line in draw(self.watcher, self.view, size.columns, size.rows):
            if text:
                text.append(("", "\n"))
            text += line
        return text

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        view, watcher = self.view, self.watcher

        def bind(action: Callable[[], None], *names: str) -> None:
            def pressed(_event: KeyPressEvent) -> None:
                action()

            for name in names:
                keys.add(name, eager=True)(pressed)

        bind(self._leave, "q", "Q", "escape", "c-c", "c-d", "c-\\")
        bind(watcher.pause, "space")
        bind(watcher.again, "r", "enter")
        bind(lambda: watcher.faster(2), "+", "=")
        bind(lambda: watcher.faster(0.5), "-", "_")
        bind(self._sort, "s")
        bind(lambda: setattr(view, "descending", not view.descending), "S")
        bind(lambda: setattr(view, "different", not view.different), "d")
        bind(lambda: setattr(view, "help", not view.help), "h", "?", "f1")
        bind(lambda: view.scroll(1), "down", "j")
        bind(lambda: view.scroll(-1), "up", "k")
        bind(lambda: view.shift(1), "right", "l")
        bind(lambda: view.shift(-1), "left")
        bind(lambda: view.scroll(view.page), "pagedown", "c-f")
        bind(lambda: view.scroll(-view.page), "pageup", "c-b")
        bind(lambda: view.scroll(-view.top), "home", "g")
        bind(lambda: view.scroll(1 << 30), "end", "G")
        return keys

    def _sort(self) -> None:
        rounds = self.watcher.rounds
        if rounds is not None:
            self.view.sort_next(len(rounds.columns), rounds.numeric)
