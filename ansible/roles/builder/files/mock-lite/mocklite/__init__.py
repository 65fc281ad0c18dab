"""mock-lite in parts: errors, options, config, logs, processes (starting and ending), root and chroot_files (the chroot), build and chain (what is done in it)."""

VERSION = "6.0"  # the mock whose command line and log lines these are
NAME = f"{VERSION}+mock-lite"
