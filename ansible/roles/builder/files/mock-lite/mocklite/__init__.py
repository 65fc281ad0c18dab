"""mock-lite in parts: errors, options, config, logs, processes (starting and ending), root (the chroot), build (what is done in it)."""

VERSION = "6.0"  # the mock whose command line and log lines these are
NAME = f"{VERSION}+mock-lite"
