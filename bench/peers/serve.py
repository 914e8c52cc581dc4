"""A peer as a process that is ready before it is timed: facts on the first line of its input, then one request a line, one answer a line."""

import json
import sys


def serve(prepare):
    """`prepare(facts)` warms up and returns what answers a request with a number."""
    answers, sys.stdout = sys.stdout, sys.stderr  # a library that prints must not spoil the answers
    answer = prepare(json.loads(sys.stdin.readline()))
    for reply in _replies(answer):
        print(json.dumps(reply), file=answers, flush=True)


def _replies(answer):
    yield "ready"
    for line in sys.stdin:
        yield answer(json.loads(line))
