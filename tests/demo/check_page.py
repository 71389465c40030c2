"""Check a page that demo/page.py wrote: it is well formed, its files are there and have content."""
import array
import html.parser
import os
import wave

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(html.parser.HTMLParser):
    """Collects faults of nesting, the files referred to, and elements that must have a text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.faults, self.files, self.seen = [], [], [], set()
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag in self.open]

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "img" and not attributes.get("alt"):
            self.faults.append(f"picture without a description: {attributes.get('src')}")
        if tag in ("audio", "svg") and not attributes.get("aria-label"):
            self.faults.append(f"<{tag}> without a label")
        if tag == "script":
            self.faults.append("there is a script")
        for key in ("src", "href"):
            if key in attributes:
                self.refer(attributes[key])

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def refer(self, target):
        if not target.startswith(("https://", "data:")):
            self.files.append(target)


def audible(path):
    """Does a WAV file have 16-bit samples that are not near silence all along?"""
    with wave.open(path) as file:
        samples = array.array("h", file.readframes(file.getnframes()))
    return len(samples) > 8000 and max(map(abs, samples), default=0) > 300


def faults(folder):
    """Sentences on what is wrong with folder/index.html and its files."""
    with open(os.path.join(folder, "index.html"), encoding="utf-8") as file:
        page = Page(file.read())
    found = list(page.faults)
    if not {"audio", "img", "table", "h1"} <= page.seen:
        found.append("players, pictures, tables or the title are missing")
    for name in page.files:
        path = os.path.join(folder, name)
        if os.path.isabs(name) or not os.path.isfile(path) or not os.path.getsize(path):
            found.append(f"{name} is missing or empty")
        elif name.endswith(".wav") and not audible(path):
            found.append(f"{name} has no sound")
        elif name.endswith(".png"):
            with open(path, "rb") as file:
                if file.read(8) != b"\x89PNG\r\n\x1a\n":
                    found.append(f"{name} is no PNG file")
    return found
