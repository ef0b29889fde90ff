"""What does `python -m provisiond` run? The command line."""

from provisiond.cli import main

if __name__ == "__main__":
    main()
