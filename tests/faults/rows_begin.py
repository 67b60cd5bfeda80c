# SPDX-License-Identifier: BSD-2-Clause
"""What the other rows stand on: installed, born, both doors open."""
from frames import Service, Spawned
from rows import equal, row
from world import Someone, pam_service, sound, store_path


@row("faults_place", needed=True)
def faults_place(place):
    """A login through each door, and the books agree."""
    place.install()
    place.birth()
    # What is compared is what was written, not what a ring still has.
    place.settings("audit_events = 1000000\n")
    place.serve()
    pam_service()
    person = Someone(place).enroll()
    for door in (Service(place), Spawned(place)):
        code = person.sheet.pop(0)
        equal(door.check(person).outcome, "ASK", "CHECK")
        equal(door.verify(person, code).outcome, "OK_RECOVERY", door.name)
        equal(door.verify(person, code).outcome, "REPLAY", door.name)
        equal(door.verify(person, person.wrong()).outcome, "BAD_CODE",
              door.name)
    equal(Service(place).verify(person, person.code()).outcome, "OK_TOTP",
          "app code")
    sound(store_path(place))
