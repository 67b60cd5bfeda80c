# SPDX-License-Identifier: BSD-2-Clause
"""story.py BUILD_DIR [--interactive]: the demo, told from end to end."""
import copy
import os
import signal
import subprocess
import sys
import time

import enroll
from paper import Paper
from people import Person, totp, PERIOD
from place import TMP, Place
from terminal import Session, Unexpected

PASSWORDS = {"alice": "blue bicycle", "bob": "seven apples",
             "carol": "quiet river"}
ATTEMPTS = 10


class Story:
    def __init__(self, build, interactive):
        self.paper = Paper()
        self.interactive = interactive
        self.begin = time.monotonic()
        self.place = Place(build, pauses=True)
        self.screen = None      # with alice's QR code

    def set_up(self):
        place = self.place
        place.install()
        place.birth()
        place.protect()
        place.start_sshd()
        place.serve()
        self.alice, self.bob, self.carol = (
            Person(place, name, PASSWORDS[name], shell="/bin/bash")
            for name in PASSWORDS)
        with open("/etc/sudoers.d/stepup-demo", "w") as f:
            os.fchmod(f.fileno(), 0o440)
            f.write("Defaults:alice lecture = never\n"
                    "alice ALL=(ALL:ALL) ALL\n")
        self.carol.authorize_key()

    # --- a login, and how it is shown --------------------------------

    def told(self, session, command, who="$", typed=()):
        self.paper.transcript(command, session.text, who, typed)

    def ssh(self, person, *answers, way=""):
        """Password, then what comes to each prompt for a code."""
        session = self.place.ssh(person.name, None, way=way)
        session.answer("Password: ", person.password)
        for answer in answers:
            session.answer("code: $", answer)
        return session

    def at_the_shell(self, session, person):
        session.answer(r"\$ $", "exit")
        session.wait()

    def come_in(self, person, *answers, way=""):
        session = self.ssh(person, *answers, way=way)
        self.at_the_shell(session, person)
        self.told(session, f"ssh {person.name}@{self.place.host}",
                  typed=answers)
        self.paper.good(f"{person.name} is in")

    def fresh(self, person):
        """A code, or the next recovery code when there is no fresh one."""
        return person.code() if person.codes_left() else person.recovery()

    # --- chapters ----------------------------------------------------

    def opening(self):
        paper = self.paper
        where = ("private namespaces: this host stays as it is"
                 if self.place.private else
                 "this container itself: all is put back at the end")
        paper.title("stepup: after the password, a code from your phone")
        paper.say(f"Real programs: sshd, ssh, sudo and su, in {where}. "
                  "alice, bob and carol have passwords; oathtool plays "
                  "their phones.")
        self.set_up()

    def enrolling(self):
        paper, alice = self.paper, self.alice
        paper.heading("alice sets up her phone")
        paper.say("An ordinary person, an ordinary program: `stepup` is "
                  "not setuid. A small service checks her password, makes "
                  "the secret and keeps it; nothing lies in her home.")
        session = alice.shell(self.place.stepup, "enroll")
        session.answer("[Pp]assword: $", alice.password)
        session.expect_screen("Code: *$")
        paper.transcript("stepup enroll", session.text.split(":")[0] + ":",
                         "alice$")
        self.screen = copy.deepcopy(session.screen)
        paper.screen(session.screen)
        offer = enroll.Offer(enroll.scan(session))
        alice.secret = offer.secret
        enroll.type_new_code(alice, session)
        paper.phone(f"scanned, {offer.label}: "
                    f"{totp(alice.secret, alice.last_step * PERIOD)}")
        alice.sheet = enroll.read_sheet(session)
        paper.screen(session.screen)
        enroll.type_sheet_code(session, alice.sheet)
        number = session.screen.text().split("Code number ")[1].split(":")[0]
        code = alice.sheet.pop(int(number) - 1)
        session.expect("Done: ")
        session.ends(0)
        paper.say(f"She writes them down, types number {number} back "
                  f"({code}; it stays unused) and only now it is saved:")
        text = session.text[session.text.index("Done: "):]
        paper.transcript("", text)
        for person in (self.bob, self.carol):
            enroll.as_root(person)
        paper.say("bob and carol are enrolled by root: stepup enroll -u "
                  "NAME.")

    def right_code(self):
        self.paper.heading("Password, then code")
        self.come_in(self.alice, self.alice.code())

    def same_code(self):
        paper, alice = self.paper, self.alice
        paper.heading("The same code again")
        paper.say("Somebody looked over her shoulder. A code counts once, "
                  "and the prompt says why; a recovery code stands in for "
                  "the phone.")
        self.spent = alice.recovery()
        self.come_in(alice, alice.used_code(), self.spent)

    def recovery_once(self):
        paper, alice = self.paper, self.alice
        paper.heading("A recovery code counts once, too")
        session = self.ssh(alice, self.spent)
        session.expect("already used")
        session.expect("code: $")
        self.told(session, f"ssh {alice.name}@{self.place.host}",
                  typed=(self.spent,))
        session.end()
        paper.no("not in")

    def sudo_and_su(self):
        paper, alice, carol = self.paper, self.alice, self.carol
        paper.heading("sudo and su ask as well")
        code = self.fresh(alice)
        session = alice.shell("/usr/bin/sudo", "id", "-un")
        session.answer("password for alice: ", alice.password)
        session.answer("code: $", code)
        session.ends(0)
        self.told(session, "sudo id -un", "alice$", (code,))
        code = carol.code()
        session = alice.shell("/usr/bin/su", "-", "carol", "-c", "id -un")
        session.answer("Password: ", carol.password)
        session.answer("code: $", code)
        session.ends(0)
        self.told(session, "su - carol -c 'id -un'", "alice$", (code,))
        paper.good("sudo asks for the caller's code, su for the target's")

    def key_and_code(self):
        paper, carol = self.paper, self.carol
        paper.heading("A key, then password and code")
        paper.say("AuthenticationMethods publickey,keyboard-interactive: "
                  "without carol's key nobody even gets to the password.")
        self.come_in(carol, self.fresh(carol), way="-key")

    def wrong_codes(self):
        paper, bob = self.paper, self.bob
        paper.heading("Guessing leads to a wait")
        paper.say("Somebody knows bob's password and guesses. Two wrong "
                  "codes a connection:")
        wrong = bob.wrong_code()
        sessions = [self.ssh(bob, wrong) for _ in range(ATTEMPTS // 2)]
        for session in sessions:
            session.expect("Wrong code.*code: $")
        for session in sessions:
            session.line(wrong)
        # Together: PAM pauses two seconds after each refusal.
        for session in sessions:
            session.expect("Password: |Too many|Permission denied")
            session.end()
        self.told(sessions[0], f"ssh bob@{self.place.host}",
                  typed=(wrong, wrong))
        paper.say(f"... {ATTEMPTS // 2} connections, {ATTEMPTS} wrong codes "
                  "later the right one does not help either, for half an "
                  "hour. Recovery codes have a limit of their own, so bob "
                  "is not shut out:")
        self.come_in(bob, bob.code(), bob.recovery())

    def without_service(self):
        paper, alice = self.paper, self.alice
        paper.heading("The service is stopped")
        self.place.stop()
        paper.say("Nobody listens at /run/stepup any more. sshd's own "
                  "process spawns stepupd for this one login: the same "
                  "program, the same store, a few milliseconds slower.")
        self.come_in(alice, self.fresh(alice))
        session = self.ssh(alice, alice.used_code())
        session.expect("Already used.*code: $")
        self.told(session, f"ssh {alice.name}@{self.place.host}",
                  typed=(alice.used_code(),))
        session.end()
        paper.no("still once only")

    def logged(self):
        paper = self.paper
        paper.heading("What the log says")
        shown, seen = [], set()
        for line in self.place.log.lines:
            kind = line.partition("auth): ")[2].partition(" ")[0]
            if "pam_stepup" in line and kind not in seen:
                seen.add(kind)
                shown.append(line[line.index("pam_stepup"):])
        paper.say("One line for each outcome, fields fixed; the first of "
                  "each kind that came to /dev/log:")
        paper.transcript("", "\n".join(shown))

    def closing(self):
        took = time.monotonic() - self.begin
        what = ("Everything above has vanished."
                if self.place.private else "All is put back now.")
        self.paper.say(f"That was the whole of it, in {took:.0f} s. {what} "
                       "On a server: README.md, \"Protect a server\".")
        self.paper.put()

    # --- with one's own phone ----------------------------------------

    def stay(self):
        paper, place = self.paper, self.place
        place.serve()
        command = f"ssh -F {TMP}/ssh_config alice@{place.host}"
        if place.private:
            outside = os.environ.get("STEPUP_OUTSIDE", "PID")
            command = f"sudo nsenter -t {outside} -m -n -u {command}"
        else:
            command = f"docker exec -it {place.host} {command}"
        paper.heading("Now you, with your own phone")
        paper.say("Scan alice's code with an authenticator app:")
        paper.screen(self.screen)
        paper.put()
        paper.put(f"  Her password:   {PASSWORDS['alice']}")
        paper.put("  Recovery codes: " + ", ".join(self.alice.sheet[:2]))
        paper.say("Type ssh and Enter to log in from here, or in another "
                  "terminal:")
        paper.put("    " + command)
        paper.say("Enter alone ends the demo.")
        while True:
            paper.out.write("\n> ")
            paper.out.flush()
            line = sys.stdin.readline()
            if line.strip() != "ssh":
                return
            subprocess.call(["ssh", "-F", f"{TMP}/ssh_config",
                             f"alice@{place.host}"])

    def tell(self):
        self.opening()
        for chapter in (self.enrolling, self.right_code, self.same_code,
                        self.recovery_once, self.sudo_and_su,
                        self.key_and_code, self.wrong_codes,
                        self.without_service, self.logged):
            chapter()
        if self.interactive:
            self.stay()
        self.closing()


def main():
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    os.umask(0o022)
    story = Story(sys.argv[1], "--interactive" in sys.argv[2:])
    try:
        story.tell()
    except Unexpected as why:
        print(f"\nThis did not go as it should: {why}", file=sys.stderr)
        for session in Session.opened[-1:]:
            print(session.text, file=sys.stderr)
        print("\n".join(story.place.log.lines[-20:]), file=sys.stderr)
        return 1
    finally:
        for session in Session.opened:
            session.end()
        story.place.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
