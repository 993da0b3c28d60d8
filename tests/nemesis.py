# SPDX-License-Identifier: Apache-2.0
"""Faults of every kind at random, several at a time, on real masters.

A seed draws kinds, lengths and pauses, the same again each time.  Whom a fault hits depends on who is
primary then, and on whom other faults have in hand."""
import concurrent.futures
import contextlib
import heapq
import os
import random
import shutil
import signal
import time

from disks import inject
from processes import wait_until
from storm_quorum import TAKEN_OUT

TASK_SECONDS = 60


class Nemesis:
    def __init__(self, quorum, seed, counts):
        self.quorum = quorum
        self.seed = seed
        self.counts = counts  # of each kind, so far
        self.steps = 0
        self.ends = []  # a heap of (when, step, what ends that fault)
        self.taken = set()  # masters and workers whose process a fault has in hand
        self.tasks = []
        self.pool = concurrent.futures.ThreadPoolExecutor()
        self.kinds = [self.kill, self.kill, self.kill_all, self.freeze, self.freeze, self.restart,
                      self.restart_all, self.elect, self.kill_worker, self.freeze_worker]
        self.calm_kinds = [self.wipe, self.replace]
        if quorum.network is not None:
            self.kinds += [self.cut_off, self.cut_one_way, self.cut_pair, self.cut_client,
                           self.cut_worker]
        if quorum.clocks:
            self.kinds.append(self.set_clock)
        if quorum.disks:
            self.kinds.append(self.fill)
        if shutil.which("strace"):
            self.kinds += [self.fail, self.hang]

    def rage(self, seconds, has_failed):
        """Returns when that time is over, or a writer failed."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not has_failed():
            draw = random.Random(f"{self.seed}/{self.steps}")
            self.steps += 1
            kind, calm_kind = draw.choice(self.kinds), draw.choice(self.calm_kinds)
            pause = draw.uniform(0, 1.2)
            if draw.random() < 0.5 and self.is_calm():
                kind = calm_kind
            hit = kind(draw)
            if hit is not None:
                self.counts[kind.__name__] += 1
                print(f"{time.strftime('%H:%M:%S')} {kind.__name__} {hit}", flush=True)
            self.rest(pause, has_failed)

    def rest(self, seconds, has_failed):
        """Faults end meanwhile."""
        end = time.monotonic() + seconds

        def is_over():
            while self.ends and self.ends[0][0] <= time.monotonic():
                heapq.heappop(self.ends)[2]()
            return time.monotonic() >= end or has_failed()
        wait_until(is_over, "a pause ends", seconds + 120)

    def heal(self):
        """Ends every fault; what takes longer goes on."""
        while self.ends:
            heapq.heappop(self.ends)[2]()

    def settle(self):
        """What takes longer ends, and all are members again."""
        for task in self.tasks:
            task.result(TASK_SECONDS)
        self.tasks.clear()
        wait_until(lambda: all(map(self.quorum.is_voter, self.quorum.members)), "all vote")

    def later(self, seconds, function):
        heapq.heappush(self.ends, (time.monotonic() + seconds, self.steps, function))

    def start_task(self, function, *args):
        self.tasks.append(self.pool.submit(function, *args))

    def is_calm(self):
        return not self.ends and not self.taken and all(task.done() for task in self.tasks)

    def free(self):
        return [member for member in self.quorum.members if member not in self.taken]

    def victim(self, draw):
        """The primary or any other; None: all are in somebody's hand."""
        wants_primary, at = draw.random() < 0.5, draw.random()
        free = self.free()
        primary = filter(self.quorum.is_primary, free if wants_primary else [])
        return next(primary, free[int(at * len(free))] if free else None)

    def free_worker(self, draw):
        free = [worker for worker in self.quorum.workers if worker not in self.taken]
        return draw.choice(free) if free else None

    @contextlib.contextmanager
    def released(self, *members):
        """Then they are in nobody's hand any more."""
        try:
            yield
        finally:
            self.taken.difference_update(members)

    def name(self, *members):
        return " ".join(member.folder.name for member in members)

    # The faults: each says whom it hits, or returns None: not now.

    def kill_them(self, victims, seconds):
        def start():
            for node in victims:
                self.quorum.start_node(node, wait=False)
            for node in victims:
                self.quorum.process_of(node).wait_ready()
                self.taken.discard(node)
        for node in victims:
            self.taken.add(node)
            self.quorum.process_of(node).kill()
        self.later(seconds, start)
        return f"{self.name(*victims)} for {seconds:.1f} s"

    def kill(self, draw):
        victim = self.victim(draw)
        return self.kill_them([victim], draw.uniform(0, 3)) if victim else None

    def kill_worker(self, draw):
        victim = self.free_worker(draw)
        return self.kill_them([victim], draw.uniform(0, 5)) if victim else None

    def kill_all(self, draw):
        victims = self.free()
        return self.kill_them(victims, draw.uniform(0, 1)) if victims else None

    def freeze_it(self, victim, seconds):
        pid = self.quorum.process_of(victim).popen.pid

        def thaw():
            os.kill(pid, signal.SIGCONT)
            self.taken.discard(victim)
        self.taken.add(victim)
        os.kill(pid, signal.SIGSTOP)
        self.later(seconds, thaw)
        return f"{self.name(victim)} for {seconds:.1f} s"

    def freeze(self, draw):
        victim = self.victim(draw)
        return self.freeze_it(victim, draw.uniform(0.2, 8)) if victim else None

    def freeze_worker(self, draw):
        victim = self.free_worker(draw)
        return self.freeze_it(victim, draw.uniform(0.2, 8)) if victim else None

    def restart_them(self, victims):
        for member in victims:
            with self.released(member):
                assert member.master.stop() == 0, f"{member.folder}: {member.master.tail()}"
                self.quorum.start_member(member)

    def restart(self, draw):
        victim = self.victim(draw)
        if victim is None:
            return None
        self.taken.add(victim)
        self.start_task(self.restart_them, [victim])
        return self.name(victim)

    def restart_all(self, draw):
        """One after the other."""
        victims = draw.sample(self.free(), len(self.free()))
        if not victims:
            return None
        self.taken.update(victims)
        self.start_task(self.restart_them, victims)
        return self.name(*victims)

    def elect(self, draw):
        target = draw.choice(self.quorum.members)
        self.start_task(self.quorum.fsadmin, "elect", target)
        return self.name(target)

    def wipe(self, draw):
        """Its folder is lost, when the others have everything that it had."""
        victim = self.victim(draw)
        others = [member for member in self.quorum.members if member is not victim]

        def indexes():
            states = [self.quorum.status(member) for member in others]
            return [state["quorum"]["synced"] for state in states] if all(states) else None

        def lose():
            with self.released(victim):
                goal = max(wait_until(indexes, "the others answer", TASK_SECONDS))
                wait_until(lambda: min(indexes() or [0]) >= goal, "the others have it all",
                           TASK_SECONDS)
                self.quorum.format(victim)
                self.quorum.start_member(victim)
            wait_until(lambda: self.quorum.is_voter(victim), "it votes again", TASK_SECONDS)
        self.taken.add(victim)
        victim.master.kill()
        self.start_task(lose)
        return self.name(victim)

    def replace(self, draw):
        """One more joins, then another is taken out."""
        leaver = self.victim(draw)
        newcomer = self.quorum.enlist()
        self.taken.update({leaver, newcomer})
        self.start_task(self.change, leaver, newcomer)
        return f"{self.name(leaver)} by {self.name(newcomer)}"

    def change(self, leaver, newcomer):
        def is_in():
            self.quorum.quorum_command("holdfast", "quorum", "allow",
                                       self.quorum.journal_address(newcomer))
            return self.quorum.is_voter(newcomer)

        def is_out():
            self.quorum.fsadmin("remove", leaver)
            return leaver.master.popen.poll() is not None
        with self.released(leaver, newcomer):
            wait_until(is_in, "the newcomer votes", TASK_SECONDS)
            wait_until(is_out, "the other one ends", TASK_SECONDS)
            assert TAKEN_OUT in leaver.master.tail(), leaver.master.tail()
            self.quorum.dismiss(leaver)

    def cut(self, seconds, *cuts):
        """`cuts`: (who hears nothing, of whom)."""
        hosts = {member: self.quorum.host_of(member) for pair in cuts for member in pair}
        for deaf, mute in cuts:
            hosts[deaf].cut_from(hosts[mute])
        self.later(seconds, self.quorum.network.heal)  # other cuts end with it
        return " ".join(f"{mute.folder.name}>{deaf.folder.name}"
                        for deaf, mute in cuts) + f" for {seconds:.1f} s"

    def around(self, draw):
        victim = self.victim(draw) or self.quorum.members[0]
        return victim, [member for member in self.quorum.members if member is not victim]

    def cut_off(self, draw):
        victim, others = self.around(draw)
        return self.cut(draw.uniform(0.2, 5), *((victim, other) for other in others),
                        *((other, victim) for other in others))

    def cut_one_way(self, draw):
        victim, others = self.around(draw)
        is_deaf = draw.random() < 0.5
        return self.cut(draw.uniform(0.2, 5), *((victim, other) if is_deaf else (other, victim)
                                                for other in others))

    def cut_pair(self, draw):
        """All others are bridges between the two."""
        victim, others = self.around(draw)
        other = draw.choice(others)
        return self.cut(draw.uniform(0.2, 5), (victim, other), (other, victim))

    def cut_some(self, outsider, draw):
        """From one, several or all masters; in one direction or in both."""
        masters = draw.sample(self.quorum.members, draw.randint(1, len(self.quorum.members)))
        is_deaf, is_mute = draw.choice([(True, True), (True, True), (True, False), (False, True)])
        return self.cut(draw.uniform(0.2, 5), *((outsider, master) for master in masters if is_deaf),
                        *((master, outsider) for master in masters if is_mute))

    def cut_client(self, draw):
        return self.cut_some(draw.choice(self.quorum.clients), draw)

    def cut_worker(self, draw):
        return self.cut_some(draw.choice(self.quorum.workers), draw)

    def set_clock(self, draw):
        """Its wall clock jumps by hours, runs ahead or behind, or both; then it is right again."""
        victim, seconds = self.victim(draw), draw.uniform(0.2, 8)
        jump, rate = draw.uniform(-10800, 10800), draw.randint(-2000000, 5000000)
        ahead, drift = draw.choice([(jump, 0), (0, rate), (jump, rate)])
        if victim is None:
            return None
        clock = self.quorum.clocks[victim]
        clock.set(ahead, drift)
        self.later(seconds, clock.set)
        return f"{self.name(victim)} by {ahead:.0f} s and {drift} ppm for {seconds:.1f} s"

    def fill(self, draw):
        victim = self.victim(draw)
        if victim is None or not self.quorum.is_voter(victim) or any(
                (disk.folder / "filler").exists() for disk in self.quorum.disks.values()):
            return None  # who joins on a full disk ends: nothing was promised
        disk = self.quorum.disks[victim]
        disk.fill()
        self.later(draw.uniform(0.5, 4), disk.empty)
        return self.name(victim)

    def fail(self, draw):
        """Its writes fail: it ends by itself, if it writes anything."""
        victim = self.victim(draw)
        return self.trace(victim, "error=EIO", 0.5, lambda: self.kill_them([victim], 0))

    def hang(self, draw):
        """Each of its writes takes half a second."""
        victim = self.victim(draw)
        return self.trace(victim, "delay_enter=500000", draw.uniform(0.5, 3),
                          lambda: self.taken.discard(victim))

    def trace(self, victim, what, seconds, after):
        if victim is None:
            return None
        self.taken.add(victim)
        tracer = inject(victim, what)

        def end():
            tracer.send_signal(signal.SIGINT)
            tracer.wait(30)
            after()
        self.later(seconds, end)
        return f"{self.name(victim)} for {seconds:.1f} s"
