# Runs on the builder, in a folder of its own: one call of mock after another, as the lines that are appended to this
# file say. The name of the present step stands in ./step; the first that fails ends it all, with its exit code.
set -u
cd "$(dirname "$0")" || exit

# step NAME COMMAND…
step() {
    echo "$1" >step
    shift
    "$@" || exit
}

# afterwards COMMAND…: done at the end, however that comes. No word of the command may hold a space.
afterwards() {
    last=$*
    trap 'code=$?; trap - EXIT; $last >/dev/null 2>&1; exit $code' EXIT
}

# build_from FOLDER COMMAND…: the command with the one spec of the folder, and the folder as sources. What is not a
# regular file goes.
build_from() {
    echo spec >step
    folder=$1
    shift
    find "$folder" -mindepth 1 -maxdepth 1 ! -type f -exec rm -rf -- {} +
    count=0
    for each in "$folder"/*.spec; do
        if [ -f "$each" ]; then spec=$each count=$((count + 1)); fi
    done
    if [ "$count" != 1 ]; then
        echo "error: $count spec files were made instead of one"
        exit 1
    fi
    step buildsrpm "$@" --spec "$spec" --sources "$folder"
}
