"""A worker that only hears: it starts, waits for the word, hears all that waits, and says how much that was."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from bench import crowd
from bot import assembly, hearing, inbox, language, meaning, worker
from bot.assembly import Bot


def main() -> None:
    bot, name = assembly.assemble(os.environ), assembly.new_name()
    for text, _ in zip(crowd.texts(), range(50), strict=False):  # builds what is built at first use
        meaning.read(text)
        language.detect(text, "fr")
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor() as threads:
        heard = sum(threads.map(partial(_hear_all, bot), worker.ears(bot, name)))
    print(json.dumps({"heard": heard}))


def _hear_all(bot: Bot, ear: str) -> int:
    heard = 0
    while _waits(bot):
        heard += hearing.hear_some(bot, ear)
    return heard


def _waits(bot: Bot) -> bool:
    with bot.reading() as session:
        return inbox.anything_waiting(session)


if __name__ == "__main__":
    main()
