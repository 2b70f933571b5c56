"""`python -m pehra` is the same as the `pehra` command."""

from pehra.cli.main import main

if __name__ == "__main__":
    main()
