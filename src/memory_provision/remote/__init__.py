"""Programs that run on the hosts: sent over standard input, so that nothing of them is on a command line.

A program is a module with `converge(request, report, apply)`. With `apply` false it only says what it would
change; with `apply` true it does just that. Both are the same code, so the plan and the deed cannot differ,
and a secret is compared where it lies instead of being brought to the controller.
"""
