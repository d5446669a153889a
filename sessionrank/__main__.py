"""``python -m sessionrank``."""

from sessionrank.cli import main

if __name__ == "__main__":
    main()
