#!/bin/sh
# Has mock make the root that the builds of a chroot begin with, unless a fresh one is kept on this builder:
#   with-base-root.sh FOLDER COMMAND…  then becomes COMMAND, be there a base root or not
#   with-base-root.sh FOLDER           fails with mock's words where none can be made
# FOLDER holds base.cfg; what mock says goes to FOLDER/base-root.log. A base root is made of the chroot's own
# repositories: what a project has published reaches no later build through it. It is fresh for a day, while no
# configuration of this machine is newer; what has come out since, each build updates. Where none can be made, builds
# fill their roots without one, and for an hour it is not tried again. mock-lite looks after its base roots itself, when
# a build asks.
set -u
folder=$1
shift
config=$folder/base.cfg
log=$folder/base-root.log

fresh() {
    [ -n "$(find -L "$cache" -mtime -1 2>/dev/null)" ] &&
        [ -z "$(find -L /etc/mock -type f -newer "$cache" -print -quit)" ]
}

tried_lately() {
    [ -n "$(find "$tried" -mmin -60 2>/dev/null)" ]
}

# The first step that fails is the last. Whoever tells the group to end waits until mock has left its root.
failed=0
ended=
step() {
    [ "$failed" != 0 ] || mock -r "$config" --resultdir "$folder/base-root" "$@" >>"$log" 2>&1 || failed=$?
    [ -z "$ended" ] || exit 143
}

make_root() {
    trap 'ended=yes' TERM INT HUP
    [ ! -e "${cache:-}" ] || step --scrub=root-cache
    step --init
    step --clean
    trap - TERM INT HUP
}

if [ -d /usr/libexec/mock-lite ]; then
    [ $# -gt 0 ] || make_root
else
    root=$(sed -n "s/^config_opts\['root'\] = \"\([A-Za-z0-9._+-]*\)\"\$/\1/p" "$config")
    cache=/var/cache/mock/$root/root_cache/cache.tar
    tried=$HOME/.base-roots-tried/$root
    if ! fresh && { [ $# -eq 0 ] || ! tried_lately; }; then
        make_root
        fresh || failed=1
        [ "$failed" = 0 ] || { mkdir -p "${tried%/*}" && : >"$tried"; }
    fi
fi
[ $# -eq 0 ] || exec "$@"
[ "$failed" = 0 ] || tail -n 20 "$log"
exit "$failed"
