#!/bin/sh
# Starts the service: what it is told here keeps its memory small. It lives for months and has little to keep, but V8
# takes what memory it finds and the C library gives little back: most of it would be garbage.
#   --max-semi-space-size      young objects are looked through each 8 MB, not each 64
#   --initial-old-space-size   old objects for the first time at 48 MB, not at hundreds
#   --heap-growing-percent     and then whenever there are 40 % more than were alive, not four times as many
#   MALLOC_…                   two pools for all threads, and what is free at their ends goes back to the system
# None of this is a limit: what is alive may grow as large as Node lets it.
export MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=131072
exec node --max-semi-space-size=8 --initial-old-space-size=48 --heap-growing-percent=40 \
  "$(dirname "$0")/src/coppice.ts" serve
