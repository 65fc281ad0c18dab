#!/bin/sh
# Runs inside the chroot, where nothing but the package's own tree can be harmed: lets a tool make what it makes, in
# TOP/out.
#   srpm-in-chroot.sh TOP run SUBDIRECTORY COMMAND…       in the tree's folder; the command leaves a source package in
#   TOP/out
#   srpm-in-chroot.sh TOP tito SUBDIRECTORY COMMAND…      the same, with --test unless the commit has a tag
#   srpm-in-chroot.sh TOP generate FILE COMMAND…          in TOP/out, beside a copy of FILE; the command leaves a spec
#   there
#   srpm-in-chroot.sh TOP script RESULTS COMMAND…         in the tree; the regular files in its folder RESULTS are taken
#   to TOP/out TOP/tree is what was fetched.
set -u
top=$1 how=$2 where=$3
shift 3
mkdir -p "$top/out" || exit
# The tree belongs to whoever unpacked it, who may be another user than the one that runs the tool.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory 'GIT_CONFIG_VALUE_0=*' GIT_TERMINAL_PROMPT=0

enter() {
    cd "$1" && return
    echo "error: there is no folder '${1#"$top/tree/"}' in the source"
    exit 1
}

case $how in
run)
    enter "$top/tree/$where"
    exec "$@"
    ;;
tito)
    enter "$top/tree/$where"
    git describe --exact-match --tags HEAD >/dev/null 2>&1 || set -- "$@" --test
    exec "$@"
    ;;
generate)
    cp -- "$top/tree/$where" "$top/out/" && cd "$top/out" || exit
    exec "$@"
    ;;
script)
    enter "$top/tree"
    "$@" || exit
    enter "$top/tree/$where"
    find -L . -maxdepth 1 -type f -exec cp -- {} "$top/out/" ';'
    ;;
*)
    exit 2
    ;;
esac
