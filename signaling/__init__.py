"""What happens in a session: the state machine, the ledger, the relay and the socket.

Nothing in here knows money, persons or a database, and nothing imports ``server``.
"""
