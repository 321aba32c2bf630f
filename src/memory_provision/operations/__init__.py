"""Operations: read fact → validate → diff → no-op or yield.

The diff itself is made on the host, by the program that would make the change (see memory_provision.remote):
so a password is compared where it lies, one round trip tells everything, and plan and deed are the same code.
"""
