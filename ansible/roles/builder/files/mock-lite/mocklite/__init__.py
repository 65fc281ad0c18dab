"""mock-lite in parts: errors, options, config, logs, lives (keeper and worker), processes, worker_process and ending
(starting, ending), entering and walls (a command inside), root and chroot_files (the chroot), build and chain (what
is done in it)."""

VERSION = "6.0"  # the mock whose command line and log lines these are
NAME = f"{VERSION}+mock-lite"
