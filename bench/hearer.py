"""A worker that only hears: it starts, waits for the word, hears all that waits, and says how much that was."""

import json
import os
import sys

from bench import crowd
from bot import assembly, hearing, language, meaning


def main() -> None:
    bot, name = assembly.assemble(os.environ), assembly.new_name()
    for text, _ in zip(crowd.texts(), range(50), strict=False):  # builds what is built at first use
        meaning.read(text)
        language.detect(text, "fr")
    print("ready", flush=True)
    sys.stdin.readline()
    heard = 0
    while more := hearing.hear_some(bot, name):
        heard += more
    print(json.dumps({"heard": heard}))


if __name__ == "__main__":
    main()
