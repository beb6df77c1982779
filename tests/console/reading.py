"""Reading a page as a browser does: what each of its forms would send."""

from html.parser import HTMLParser


class _Forms(HTMLParser):
    """Collects for each form its address and the controls that would be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._form: dict[str, str] | None = None
        self._textarea: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._form = self.forms.setdefault(given.get("action") or "", {})
        if self._form is None:
            return
        name = given.get("name")
        if tag == "input" and name:
            is_choice = given.get("type") in ("checkbox", "radio")
            if not is_choice or "checked" in given:
                self._form[name] = given.get("value") or ""
        elif tag == "select":
            self._select = name
            self._form[str(name)] = ""
        elif tag == "option" and self._select and "selected" in given:
            self._form[self._select] = given.get("value") or ""
        elif tag == "textarea":
            self._textarea = name
            self._form[str(name)] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            self._textarea = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._textarea is not None and self._form is not None:
            self._form[self._textarea] += data


def form_at(page: str, address: str = "") -> dict[str, str]:
    """What the form that is sent to ``address`` (empty: the page itself) would send."""
    reader = _Forms()
    reader.feed(page)
    assert address in reader.forms, f"no form for {address!r} among {sorted(reader.forms)}"
    return reader.forms[address]


class _Words(HTMLParser):
    """Collects what can be read on a page, without what is marked as Chinese or as somebody's own words."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("input", "img", "meta", "link", "use", "br", "hr", "rect", "line"):
            if not self._silent:
                self.words += [given[name] or "" for name in ("placeholder", "alt", "aria-label") if name in given]
            return
        is_marked = tag != "html" and (given.get("lang") or "").startswith("zh")
        is_own = is_marked or tag in ("bdi", "script", "style", "head", "textarea")
        if self._silent or is_own:
            self._silent.append(tag)
        elif given.get("aria-label"):
            self.words.append(given["aria-label"] or "")

    def handle_endtag(self, tag: str) -> None:
        if self._silent and tag == self._silent[-1]:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.words.append(data.strip())


def words_of(page: str) -> list[str]:
    """What a page says in its own voice."""
    reader = _Words()
    reader.feed(page)
    return reader.words
