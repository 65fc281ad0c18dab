#!/bin/sh
# Runs one command detached from the SSH login that starts it, so that a lost connection does not end it and another one
# finds it:
#   detached.sh start FOLDER SECONDS COMMAND…  prints its process id; in FOLDER: pid (leader of its group), output, exit
#   (its code)
#   detached.sh wait FOLDER                    returns when it has ended and prints its exit code; or `killed`,
#   or `gone` when the machine was started anew or is being shut down
#   detached.sh stop FOLDER [SECONDS]          TERM to the group, KILL after SECONDS (3); says `ended` or `killed` when
#   it has ended FOLDER is absolute and for this one command: to start it again does nothing. Whoever runs it holds a
#   lock on FOLDER/running, so that waiting needs no polling. It has SECONDS, then it ends although nobody may be there
#   any more to end it: its exit code is 124 then.
set -u
verb=$1
folder=$2
shift 2
cd "$folder" || exit 125

case $verb in
start)
    exec 9>>running
    if flock --nonblock 9 && [ ! -e pid ]; then
        cat /proc/sys/kernel/random/boot_id >boot
        setsid sh "$0" inside "$folder" "$@" </dev/null >output 2>&1 &
        echo $! >pid.new
        mv pid.new pid
    fi
    cat pid
    ;;
inside)
    seconds=$1
    shift
    # A signal to the group ends the command, not the one who notes how it ended.
    trap : TERM INT HUP
    timeout --foreground --kill-after=20 "$seconds" "$@" 9>&-
    echo $? >exit.new
    mv exit.new exit
    # What the command left running ends with it, and so does this shell.
    kill -s KILL -- "-$$"
    ;;
wait)
    flock --shared running true
    cat exit 2>/dev/null && exit
    # Whoever watches the command was killed with it. A machine that goes down kills everything too.
    if [ "$(cat boot)" != "$(cat /proc/sys/kernel/random/boot_id)" ] ||
        [ -e /run/nologin ] || [ "$(systemctl is-system-running 2>/dev/null)" = stopping ]; then
        echo gone
    else
        echo killed
    fi
    ;;
stop)
    pid=$(cat pid 2>/dev/null) || { echo ended; exit 0; }
    flock --nonblock --shared running true && { echo ended; exit 0; }
    kill -s TERM -- "-$pid" 2>/dev/null
    if flock --shared --timeout "${1:-3}" running true; then echo ended; exit 0; fi
    kill -s KILL -- "-$pid" 2>/dev/null
    flock --shared --timeout 3 running true || { echo "process group $pid does not end" >&2; exit 1; }
    echo killed
    ;;
*)
    exit 2
    ;;
esac
