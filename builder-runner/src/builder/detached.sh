#!/bin/sh
# Runs one command detached from the SSH login that starts it, so that a lost connection does not end it and another one finds it:
#   detached.sh start FOLDER COMMAND…   returns at once; in FOLDER: pid (leader of its own process group), output, exit (its code)
#   detached.sh wait FOLDER             returns when it has ended and prints its exit code, or `unknown`
#   detached.sh stop FOLDER             TERM to the group, KILL after some seconds; returns when it has ended
# FOLDER is absolute. Whoever runs the command holds a lock on FOLDER/running: waiting for it needs no polling.
set -u
verb=$1
folder=$2
shift 2
cd "$folder" || exit 125

case $verb in
start)
    exec 9>running
    flock --nonblock 9 || { echo "a command runs in $folder already" >&2; exit 75; }
    rm -f exit
    setsid sh "$0" inside "$folder" "$@" </dev/null >output 2>&1 &
    echo $! >pid
    ;;
inside)
    # A signal to the group ends the command, not the one who notes how it ended.
    trap : TERM INT HUP
    "$@" 9>&-
    echo $? >exit.new
    mv exit.new exit
    ;;
wait)
    flock --shared running true
    cat exit 2>/dev/null || echo unknown
    ;;
stop)
    pid=$(cat pid) || exit 0
    kill -s TERM -- "-$pid" 2>/dev/null
    if ! flock --shared --timeout 3 running true; then
        kill -s KILL -- "-$pid" 2>/dev/null
        flock --shared --timeout 3 running true || { echo "process group $pid does not end" >&2; exit 1; }
    fi
    ;;
*)
    exit 2
    ;;
esac
