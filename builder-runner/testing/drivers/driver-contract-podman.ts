// Podman for the contract test: storage and settings of its own in a scratch folder, and an image of nothing but an SSH
// server.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { thisMachine } from '../../src/builder/driver-facts.ts';
import type { OpenCase } from './open-case.ts';

/** Programs of this machine with their libraries, and the two accounts that sshd wants. */
const makeImage = `
set -eu
mkdir -p "$1/dev" "$1/etc" "$1/proc" "$1/root" "$1/run" "$1/tmp" "$1/usr/bin" "$1/usr/lib" "$1/usr/sbin"
for link in bin lib sbin lib64; do mkdir -p "$1/usr/$link"; ln -s "usr/$link" "$1/$link"; done
for program in /usr/sbin/sshd /usr/bin/dash /usr/bin/mkdir /usr/bin/timeout /usr/bin/uname /usr/bin/hostname; do
  cp -L "$(command -v "$program" || echo "/bin/\${program##*/}")" "$1$program"
  ldd "$program" | grep -o '/[^ ]*' | while read -r library; do cp -L --parents "$library" "$1"; done
done
ln -s dash "$1/usr/bin/sh"
printf 'root:x:0:0::/root:/bin/sh\\nsshd:x:100:65534::/run/sshd:/bin/sh\\n' >"$1/etc/passwd"
printf 'root:*:1::::::\\nsshd:*:1::::::\\n' >"$1/etc/shadow"
printf 'root:x:0:\\nnogroup:x:65534:\\n' >"$1/etc/group"
tar --create --directory "$1" . | podman import --quiet - localhost/coppice-sshd:test
`;

/** Settings under which podman runs in containers and virtual machines that lack some of a machine's powers. */
function writeSettings(folder: string): Record<string, string> {
  const containers = [
    '[containers]',
    'default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]',
    '[engine]',
    'runtime = "runc"',
    'cgroup_manager = "cgroupfs"',
    'events_logger = "file"',
    `tmp_dir = "${folder}/tmp"`,
  ];
  const storage = ['[storage]', 'driver = "vfs"', `graphroot = "${folder}/storage"`, `runroot = "${folder}/run"`];
  writeFileSync(join(folder, 'containers.conf'), `${containers.join('\n')}\n`);
  writeFileSync(join(folder, 'storage.conf'), `${storage.join('\n')}\n`);
  return {
    CONTAINERS_CONF: join(folder, 'containers.conf'),
    CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
  };
}

const namespacesAreMounted = () => readFileSync('/proc/self/mounts', 'utf8').includes(' /run/netns ');

export async function openPodman(scratch: string): Promise<OpenCase> {
  const folder = join(scratch, 'podman');
  mkdirSync(join(folder, 'rootfs'), { recursive: true });
  const environment = writeSettings(folder);
  await execa('sh', ['-c', makeImage, 'sh', join(folder, 'rootfs')], { env: environment });
  const namespacesWereMounted = namespacesAreMounted();
  const containers = async () => (await execa('podman', ['ps', '--all', '--quiet'], { env: environment })).stdout;
  return {
    source: {
      driver: 'podman',
      options: {
        images: { [thisMachine()]: 'localhost/coppice-sshd:test' },
        // Through a program, not through the machine's bridges and packet filter: nothing of it stays.
        network: 'slirp4netns',
      },
    },
    environment,
    refusal: /there is no image for s390x/,
    leftovers: async () => (await containers()).split('\n').filter((id) => id !== ''),
    close: async () => {
      await execa('podman', ['rm', '--all', '--force'], { env: environment });
      await execa('podman', ['rmi', '--all', '--force'], { env: environment });
      // Podman mounts this folder upon itself and leaves it so, empty.
      if (!namespacesWereMounted && namespacesAreMounted() && readdirSync('/run/netns').length === 0)
        await execa('umount', ['/run/netns'], { reject: false });
    },
  };
}
