# Prints what the role decides by, as one JSON object. Values come from closed lists or from uname and id: nothing to
# escape.
family=unknown
if [ -r /etc/os-release ]; then
  . /etc/os-release
  case " $ID $ID_LIKE " in
    *' debian '*) family=debian ;;
    *' fedora '* | *' rhel '*) family=redhat ;;
  esac
fi
PATH=$PATH:/usr/sbin:/sbin
have() { command -v "$1" >/dev/null 2>&1; }

missing=
for program in python3 dnf rpm rpmbuild createrepo_c mount unshare setpriv sudo; do
  have "$program" || missing="$missing $program"
done
mock=none
if have mock; then
  mock=real
  [ -d /usr/libexec/mock-lite ] && mock=lite
elif [ "$family" = redhat ]; then
  missing="$missing mock"
fi
sudo=no
sudo -n true >/dev/null 2>&1 && sudo=yes
printf '{"family":"%s","arch":"%s","uid":"%s","sudo":"%s","mock":"%s","missing":"%s"}\n' \
  "$family" "$(uname -m)" "$(id -u)" "$sudo" "$mock" "${missing# }"
