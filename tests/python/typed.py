"""Runs a program on a terminal of its own and types into it.

    typed.py ANSWERS PROGRAM ARGUMENTS...     the answers stand in lines
"""

import os
import pty
import sys

answers, program = sys.argv[1], sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.execv(program[0], program)
os.write(terminal, answers.encode())
while True:
    try:
        shown = os.read(terminal, 4096)
    except OSError:  # Linux says so when the program has ended
        break
    if not shown:
        break
    sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
