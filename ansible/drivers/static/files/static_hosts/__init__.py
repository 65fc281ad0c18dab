"""The driver `static`: builders on hosts that exist already."""
