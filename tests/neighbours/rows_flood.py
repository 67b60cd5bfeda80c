# SPDX-License-Identifier: BSD-2-Clause
"""Whatever comes to the public door, in numbers: logins, others, memory."""
import os
import subprocess

import crowd
import place_of_neighbours as near
from rows import equal, row
from terminal import Unexpected

PROCESSES = 4


def packets(counts):
    """What such a flood consists of."""
    if counts.sent == 0:
        raise Unexpected(f"not a packet was sent: {counts}")


def beside(place, kind, test, each=PROCESSES, n=0, check=None):
    """Root's logins and other users beside each * KIND of one user."""
    phone = near.locked(place)
    bad, *others = crowd.people(3)
    seen = {}

    def measure():
        with near.Watch(place) as watch, \
                near.Neighbours(place, kind, [bad], n, each) as them:
            asked = near.logins(place, phone, near.long(2000, 200))
            seen["others"] = near.others_get_in(
                place, others, near.long(100, 10))
        seen["watch"], seen["counts"] = watch, them.counts
        return asked

    times = near.quiet_enough(test, measure)
    held = seen["watch"].bounded()
    near.all_gone(place)
    c = seen["counts"]
    if c.connected == 0:
        raise Unexpected(f"nobody came to the door: {c}")
    if check:
        check(c)
    near.report(test, f"logins {times}; others in within "
                f"{seen['others']:.0f} ms; {held}; {c.connected} "
                f"connections, {c.sent} packets, {c.refused} refused")


@row("flood_of_connections")
def connections(place):
    """Connect and go, four processes that spin."""
    beside(place, "connect", "Flood of connections")


@row("flood_that_queues")
def queue(place):
    """The queue is never empty: 32 processes wait for a place in it."""
    beside(place, "queue", "Flood that waits in the queue", each=32)


@row("flood_of_rubbish")
def rubbish(place):
    beside(place, "rubbish", "Flood of rubbish", check=packets)


@row("flood_of_empty_packets")
def empty(place):
    beside(place, "empty", "Flood of empty packets", check=packets)


@row("flood_of_maximum_packets")
def maximum(place):
    beside(place, "maximum", "Flood of maximum packets", check=packets)


def passed(refused):
    """Whether the kernel let descriptors pass: all or none."""
    def check(counts):
        attempts = counts.sent + counts.eperm
        if attempts == 0:
            raise Unexpected("no descriptor was passed")
        if refused:
            equal(counts.sent, 0, "descriptors that were taken")
        else:
            equal(counts.eperm, 0, "EPERM")
            equal(counts.sent > 0, True, "descriptors that were taken")
    return check


def kernel_refuses(place):
    """What this kernel does: SO_PASSRIGHTS came with 6.16."""
    release = os.uname().release.split(".")
    return (int(release[0]), int(release[1])) >= (6, 16)


@row("descriptors_that_linger")
def rights(place):
    """Sent and gone, sent and parked unread, in a flood."""
    refused = kernel_refuses(place)
    how = "refused by the kernel" if refused else "taken"
    beside(place, "rights", f"Lingering descriptors, flood ({how})",
           check=passed(refused))
    beside(place, "rights-and-park", f"Lingering descriptors, parked ({how})",
           each=1, n=8, check=passed(refused))


@row("descriptors_that_linger_on_older_kernels")
def rights_older(place):
    """The same where the listening socket cannot refuse them."""
    place.stop("public")
    try:
        place.serve("public", env={"LD_PRELOAD": near.tool(
            place, ".libs/no_passrights.so")})
        beside(place, "rights", "Lingering descriptors, flood (older kernel)",
               check=passed(False))
        beside(place, "rights-and-park", "Lingering descriptors, parked "
               "(older kernel)", each=1, n=8, check=passed(False))
        place.stop("public")
    finally:
        place.services.pop("public", None)
        place.serve("public")


@row("sixty_four_uids_park_eight_each")
def many_uids(place):
    """512 that want in, 64 places: memory at its worst, and a new uid
    still finds one."""
    phone, crew = near.locked(place), crowd.people(64)
    others = crowd.people(2)
    seen = {}

    def measure():
        with near.Watch(place) as watch, \
                near.Neighbours(place, "ask-and-park", crew, 8):
            asked = near.logins(place, phone, near.long(2000, 200))
            seen["others"] = near.others_get_in(place, others,
                                                near.long(50, 5))
        seen["watch"] = watch
        return asked

    times = near.quiet_enough("64 uids", measure)
    held = seen["watch"].bounded()
    if seen["watch"].rss > 1024 * 1024:
        raise Unexpected(f"memory: {held}")
    if seen["watch"].processes < 64:
        raise Unexpected(f"64 places were not taken: {held}")
    near.all_gone(place)
    near.report("64 uids park 8 connections each, all asked once",
                f"logins {times}; others in within {seen['others']:.0f} ms; "
                f"{held}")


@row("forty_busy_processes")
def busy(place):
    """Of one user, who also writes at the public door with all its 8
    connections: nobody gets OUT_BUSY."""
    phone = near.locked(place)
    bad = crowd.enrolled(place, 1, "bad")[0]
    with near.Neighbours(place, "busy", [bad], each=40):
        writers = [subprocess.Popen(
            near.asker_line(place, "public", bad, uid=bad.uid,
                            count=near.long(60, 4), answer=bad.wrong(),
                            packets=16), stdout=subprocess.PIPE,
            text=True) for _ in range(8)]
        asked = near.logins(place, phone, near.long(500, 60))
        wrote = [near.parse(w.communicate(timeout=600)[0]) for w in writers]
    answered = sum(sum(w.outcomes.values()) for w in wrote)
    # A ninth connection of his finds no room; what is let in never waits
    # so long for the store that it is given up.
    equal({o for w in wrote for o in w.outcomes} - {
        "ask", "deny.code", "deny.locked", "no room"}, set(),
          "answers at the public door")
    if not any("deny.locked" in w.outcomes for w in wrote):
        raise Unexpected(f"nobody wrote: {wrote}")
    near.all_gone(place)
    near.report("40 busy processes of one user on "
                f"{os.cpu_count()} CPUs, 8 of his connections write",
                f"logins p50 {asked.p50:.1f} ms, p99 {asked.p99:.1f} ms, max "
                f"{asked.worst:.1f} ms (n = {asked.n}), 0 busy; {answered} "
                "answers at the public door")
