# Makes the build user and what mock and rpm need around it; says `changed` for each thing it had to make. Run as root.
#   configure.sh USER PUBLIC-KEY
set -eu
user=$1 key=$2
PATH=$PATH:/usr/sbin:/sbin
umask 022

# put FILE MODE OWNER: writes standard input there, unless it holds just that already. Never writes through a link.
put() {
  fresh=$(mktemp "$1.XXXXXX")
  cat >"$fresh"
  if [ ! -L "$1" ] && cmp -s "$fresh" "$1"; then
    rm "$fresh"
  else
    chmod "$2" "$fresh"
    chown "$3" "$fresh"
    mv "$fresh" "$1"
    echo "changed $1"
  fi
}

getent group mock >/dev/null || { groupadd --system mock && echo 'changed group mock'; }
if ! getent passwd "$user" >/dev/null; then
  # `*`: no password opens the account, but it is not locked, so that keys do.
  useradd --create-home --shell /bin/bash --groups mock --password '*' "$user"
  echo "changed user $user"
fi
id -nG "$user" | tr ' ' '\n' | grep -qx mock || { usermod --append --groups mock "$user" && echo "changed groups of $user"; }
home=$(getent passwd "$user" | cut -d: -f6)
group=$(id -gn "$user")
install -d -m 0700 -o "$user" -g "$group" "$home/.ssh"
install -d -m 0755 -o "$user" -g "$group" "$home/builds"
if [ "$(id -u "$user")" != 0 ]; then
  printf '%s\n' "$key" | put "$home/.ssh/authorized_keys" 0600 "$user:$group"
fi

mkdir -p /etc/mock /var/lib/mock /var/cache/mock /etc/rpm /etc/dnf/plugins
if [ -e /etc/debian_version ]; then
  # Debian's rpm keeps its database in the home folder, and its dnf serves every RPM it ever saw as a repository of its
  # own.
  printf '%%_dbpath /var/lib/rpm\n' | put /etc/rpm/macros.coppice 0644 root:root
  printf '[main]\nenabled = 0\n' | put /etc/dnf/plugins/local.conf 0644 root:root
fi
