"""``python -m kinerja_analysis`` is the command ``kinerja``."""

import os


def main() -> None:
    """Run the command line with one BLAS thread a process: regions run beside each other, not threads."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from kinerja_analysis.cli import main as command

    command()


if __name__ == "__main__":
    main()
