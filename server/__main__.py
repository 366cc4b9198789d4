"""``python -m server`` is ``headstrt``."""

from server.cli import main

if __name__ == "__main__":
    main()
