# SPDX-License-Identifier: BSD-2-Clause
"""A small PAM application, for many logins in a short time.

burst(SERVICE, USER, ANSWERS): a process for each answer, all at once, each
answers the first prompt and gives up at a second; the PAM codes, in the
order of ANSWERS.
As a program, inside other namespaces: pam.py SERVICE USER ANSWER... prints
the codes and the seconds it took.
"""
import ctypes
import os
import sys
import time

SUCCESS, SERVICE_ERR, PERM_DENIED, AUTH_ERR, MAXTRIES = 0, 3, 6, 7, 11
CONV_ERR = 19


class Message(ctypes.Structure):
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]


class Response(ctypes.Structure):
    _fields_ = [("text", ctypes.c_void_p), ("code", ctypes.c_int)]


CONVERSE = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.POINTER(Message)),
    ctypes.POINTER(ctypes.POINTER(Response)), ctypes.c_void_p)


class Conversation(ctypes.Structure):
    _fields_ = [("function", CONVERSE), ("data", ctypes.c_void_p)]


def authenticate(service, user, answer):
    libc = ctypes.CDLL("libc.so.6")
    libpam = ctypes.CDLL("libpam.so.0")
    libc.calloc.restype = libc.strdup.restype = ctypes.c_void_p

    left = [answer.encode()]

    def converse(count, messages, responses, _data):
        prompts = [i for i in range(count)
                   if messages[i].contents.style in (1, 2)]
        if len(prompts) > len(left):
            return CONV_ERR
        array = libc.calloc(count, ctypes.sizeof(Response))
        typed = ctypes.cast(array, ctypes.POINTER(Response))
        for i in prompts:
            typed[i].text = libc.strdup(left.pop())
        responses[0] = typed
        return 0

    function = CONVERSE(converse)
    conversation = Conversation(function, None)
    handle = ctypes.c_void_p()
    result = libpam.pam_start(service.encode(), user.encode(),
                              ctypes.byref(conversation),
                              ctypes.byref(handle))
    if result == 0:
        result = libpam.pam_authenticate(handle, 0)
    libpam.pam_end(handle, result)
    return result


def burst(service, user, answers):
    gate_read, gate_write = os.pipe()
    children = []
    for answer in answers:
        pid = os.fork()
        if pid == 0:
            try:
                os.close(gate_write)
                os.read(gate_read, 1)       # all start together
                os._exit(authenticate(service, user, answer))
            finally:
                os._exit(99)
        children.append(pid)
    os.close(gate_read)
    os.close(gate_write)
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            for pid in children]


if __name__ == "__main__":
    begin = time.monotonic()
    codes = burst(sys.argv[1], sys.argv[2], sys.argv[3:])
    print(" ".join(map(str, codes)))
    print(f"{time.monotonic() - begin:.2f}")
