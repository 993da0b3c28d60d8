# SPDX-License-Identifier: Apache-2.0
"""Whether what several clients were told about shared names can have happened in one order, each call
at one instant between its first try and its answer.

A cell is a few names that are renamed only among themselves, so cells are judged one by one.  The
model is a file system of files: a create makes a name that is not there, a delete takes one away, a
rename moves one to a name that is not there, and what is looked at has the id that its create was
told.

The search (Wing and Gong, with Lowe's memory of where it has been) tries all orders that the times
allow; with few calls at a time there are not many.
"""
import collections

EXISTS, MISSING = "exists", "missing"

# answer: create: the file's id, or EXISTS; delete: whether it was there; rename: None, EXISTS or
# MISSING; look: the file's id, or None
Call = collections.namedtuple("Call", "began ended kind names answer")


def apply(call, files):
    """The files after it, or None: it cannot have been answered so."""
    first, last = call.names[0], call.names[-1]
    if call.kind == "create":
        if call.answer == EXISTS:
            return files if first in files else None
        return None if first in files else {**files, first: call.answer}
    if call.kind == "delete":
        if call.answer != (first in files):
            return None
        return {name: file for name, file in files.items() if name != first}
    if call.kind == "look":
        return files if files.get(first) == call.answer else None
    assert call.kind == "rename"
    if call.answer == EXISTS:
        return files if last in files else None
    if call.answer == MISSING:
        return None if first in files else files
    if first not in files or last in files:
        return None
    moved = {name: file for name, file in files.items() if name != first}
    return {**moved, last: files[first]}


def next_calls(histories, done):
    """(client, call) that may be next: nothing that is left ended before it began."""
    left = [(client, history[at]) for client, (history, at) in enumerate(zip(histories, done))
            if at < len(history)]
    first_end = min((call.ended for _, call in left), default=None)
    return [(client, call) for client, call in left if call.began <= first_end]


def misfit(histories):
    """None: there is such an order.  Else the calls at which the best one ends, and the files then.
    `histories`: of each client its calls, in order."""
    start = (0,) * len(histories)
    goal = tuple(len(history) for history in histories)
    stack, seen = [(start, {})], set()
    best = (start, {})
    while stack:
        done, files = stack.pop()
        if done == goal:
            return None
        place = (done, frozenset(files.items()))
        if place in seen:
            continue
        seen.add(place)
        if sum(done) > sum(best[0]):
            best = (done, files)
        for client, call in next_calls(histories, done):
            after = apply(call, files)
            if after is not None:
                stack.append((done[:client] + (done[client] + 1,) + done[client + 1:], after))
    return next_calls(histories, best[0]), best[1]
