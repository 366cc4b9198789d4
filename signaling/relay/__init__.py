"""The sealed relay: an ICE-lite agent on both legs of a call, which forwards DTLS and SRTP verbatim.

It never holds a key, so it can end a call and cannot listen to one. ``ice``, ``leg``, ``sdp`` and ``wire`` are pure,
``port`` is the hot path, ``worker`` the process it runs in, ``switchboard`` what the rest of the server talks to.
"""
