// What root of a builder on the control host could try to become root of that.

/**
 * A shell script for the builder's root. Prints `<name> is open` for each way that was, and `end`. Where one is open it
 * changes nothing by it. `hidden`: a folder of the control host that builders must not see.
 */
export const tryHoles = (hidden: string) => `
exec 3>&1 >&2
mkdir -p /tmp/try && cd /tmp || exit 1
is_open() { echo "$* is open" >&3; }

# A release agent runs as root of the machine when a control group is empty.
agents() {
  for kind in 'cgroup -o memory' 'cgroup -o pids' 'cgroup -o rdma' cgroup2; do
    mount -t $kind none /tmp/try || continue
    (: >>/tmp/try/release_agent) && is_open release_agent of "$kind" "$1"
    mkdir /tmp/try/mine && { is_open a group of "$kind" "$1"; rmdir /tmp/try/mine; }
    umount /tmp/try
  done
}
agents
(: >>/sys/fs/cgroup/memory/release_agent) && is_open the own release_agent
unshare --cgroup sh -c 'mount -t cgroup -o memory none /tmp/try && : >>/tmp/try/release_agent' && is_open release_agent in a namespace

kernel() {
  for name in kernel/core_pattern kernel/modprobe kernel/sysrq vm/overcommit_memory fs/suid_dumpable net/core/somaxconn; do
    [ -e "$1/sys/$name" ] && (: >>"$1/sys/$name") && is_open "$1/sys/$name"
  done
  [ -e "$1/sysrq-trigger" ] && (: >>"$1/sysrq-trigger") && is_open "$1/sysrq-trigger"
}
kernel /proc
mount -t proc none /tmp/try && { kernel /tmp/try; umount /tmp/try; }
unshare --pid --fork --mount sh -c 'mount -t proc none /proc && : >>/proc/sys/kernel/core_pattern' && is_open core_pattern in a namespace
mount -o remount,rw /sys && is_open /sys
mount -t sysfs none /tmp/try && { is_open another sysfs; umount /tmp/try; }

for device in 7:0 8:0 254:0 259:0; do
  for folder in /tmp /dev; do
    mknod "$folder/disk" b "\${device%:*}" "\${device#*:}" && { is_open "block device $device in $folder"; rm "$folder/disk"; }
  done
done
for device in 10:237 1:1; do
  mknod /tmp/device c "\${device%:*}" "\${device#*:}" && { is_open "character device $device"; rm /tmp/device; }
done
mount -t devtmpfs none /tmp/try && { is_open devtmpfs; umount /tmp/try; }
truncate -s 8M image && mkfs.ext4 -q -F image && mount -o loop image /tmp/try && { is_open a loop device; umount /tmp/try; }
for device in $(ls /sys/class/block); do
  mount -o ro "/dev/$device" /tmp/try && { is_open the disk "$device"; umount /tmp/try; }
done
for kind in securityfs debugfs tracefs configfs pstore efivarfs; do
  mount -t $kind none /tmp/try && { is_open "$kind"; umount /tmp/try; }
done

umount -l '${hidden}' && ls -A '${hidden}' | grep -q . && is_open what is hidden
umount -l /root && ls -A /root | grep -q . && is_open the home of the machine
mount --bind / /tmp/try && { ls -A '/tmp/try${hidden}' | grep -q . && is_open what lies below; umount /tmp/try; }
grep -v ' _ses: empty$' /proc/keys | grep -q . && is_open keys of others
date -s "@$(date +%s)" && is_open the clock
dmesg | grep -q . && is_open the log of the kernel
echo end >&3
`;
