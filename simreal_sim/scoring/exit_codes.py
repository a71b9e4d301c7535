"""What the scorer's process ends with."""

EXIT_SUCCESS, EXIT_FAILURE = 0, 1
EXIT_NO_VERDICT = 3  # it was told to end before there was one
