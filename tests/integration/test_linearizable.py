# SPDX-License-Identifier: Apache-2.0
"""The judge of client histories takes what may have happened and nothing else."""
import random

import pytest

from linearizable import EXISTS, MISSING, Call, apply, misfit

A, B = "a", "b"


def call(began, ended, kind, *names, answer=None):
    return Call(began, ended, kind, names, answer)


def test_calls_at_one_time_may_have_any_order():
    assert misfit([[call(0, 10, "create", A, answer=1)],
                   [call(1, 9, "create", A, answer=EXISTS)],
                   [call(2, 8, "look", A, answer=None)],
                   [call(3, 7, "look", A, answer=1)]]) is None


def test_a_call_that_took_long_may_be_seen_before_it_is_answered():
    assert misfit([[call(0, 100, "create", A, answer=1)],
                   [call(10, 11, "look", A, answer=1), call(12, 13, "delete", A, answer=True),
                    call(14, 15, "look", A, answer=None)]]) is None


WRONG = {
    "a create that was acknowledged is lost":
        [[call(0, 1, "create", A, answer=1)], [call(2, 3, "look", A, answer=None)]],
    "a read is older than one before it":
        [[call(0, 10, "create", A, answer=1)],
         [call(1, 2, "look", A, answer=1)], [call(3, 4, "look", A, answer=None)]],
    "an exclusive create succeeds twice":
        [[call(0, 5, "create", A, answer=1)], [call(1, 6, "create", A, answer=2)]],
    "an exclusive create is refused by nothing":
        [[call(0, 1, "create", A, answer=EXISTS)]],
    "a delete takes the same file twice":
        [[call(0, 1, "create", A, answer=1), call(2, 3, "delete", A, answer=True)],
         [call(2, 3, "delete", A, answer=True)]],
    "a create that was repeated has had two effects":
        [[call(0, 9, "create", A, answer=1)],
         [call(1, 2, "delete", A, answer=True), call(3, 4, "look", A, answer=1)],
         [call(5, 6, "look", A, answer=None), call(7, 8, "look", A, answer=1)]],
    "a rename leaves its source":
        [[call(0, 1, "create", A, answer=1), call(2, 3, "rename", A, B),
          call(4, 5, "look", A, answer=1)]],
    "a rename loses its target":
        [[call(0, 1, "create", A, answer=1), call(2, 3, "rename", A, B),
          call(4, 5, "look", B, answer=None)]],
    "a rename is over a file that stays":
        [[call(0, 1, "create", A, answer=1), call(2, 3, "create", B, answer=2),
          call(4, 5, "rename", A, B)]],
    "a rename is refused for a source that is there":
        [[call(0, 1, "create", A, answer=1), call(2, 3, "rename", A, B, answer=MISSING)]],
    "a name has another's file":
        [[call(0, 1, "create", A, answer=1), call(2, 3, "create", B, answer=2),
          call(4, 5, "look", A, answer=2)]],
}


@pytest.mark.parametrize("histories", WRONG.values(), ids=WRONG.keys())
def test_what_cannot_have_happened_is_found(histories):
    assert misfit(histories) is not None


def made_up(rng, clients, calls):
    """What clients of a true file system are told."""
    histories, files, now = [[] for _ in range(clients)], {}, 0
    for number in range(calls):
        kind = rng.choice(["create", "delete", "rename", "look"])
        first, last = rng.sample("abc", 2)
        answer = {"create": EXISTS if first in files else number,
                  "delete": first in files,
                  "rename": MISSING if first not in files else EXISTS if last in files else None,
                  "look": files.get(first)}[kind]
        now += 10
        made = call(now - rng.randrange(25), now + rng.randrange(25), kind,
                    *((first, last) if kind == "rename" else (first,)), answer=answer)
        files = apply(made, files)
        history = histories[rng.randrange(clients)]
        if history and history[-1].ended >= made.began:
            made = made._replace(began=history[-1].ended + 1)
            made = made._replace(ended=max(made.ended, made.began))
            now = max(now, made.began)
        history.append(made)
    return histories


def test_what_a_file_system_says_is_taken_and_a_changed_answer_is_not():
    rng = random.Random(1)
    found = 0
    for _ in range(50):
        histories = made_up(rng, clients=4, calls=100)
        assert misfit(histories) is None
        history = rng.choice([history for history in histories if history])
        at = rng.randrange(len(history))
        if history[at].kind != "look":
            continue
        history[at] = history[at]._replace(answer=1000)
        assert misfit(histories) is not None
        found += 1
    assert found > 5
