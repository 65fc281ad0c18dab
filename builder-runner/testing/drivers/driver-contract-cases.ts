// The drivers that the contract is tested on, each with what stands behind it on a test machine.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChrootName, settingsSchema } from '@coppice/config';
import { thisMachine } from '../../src/builder/driver-facts.ts';
import { spawnBuilder, terminateBuilder } from '../../src/builder/spawn.ts';
import { cloudEnvironment, cloudOptions, openCloud } from './driver-contract-ec2.ts';
import { openPodman } from './driver-contract-podman.ts';
import { openProvider } from './driver-contract-provider.ts';
import type { OpenCase } from './open-case.ts';

export interface DriverCase {
  readonly name: string;
  /** Why it cannot run here. */
  readonly missing?: string;
  /** `home` is the service's COPPICE_HOME, `scratch` any other folder of the test. */
  open(scratch: string, home: string): Promise<OpenCase>;
}

export const chroot = `sapling-12-${thisMachine()}` as ChrootName;
export const foreignChroot = 'sapling-12-s390x' as ChrootName;

const images = { [thisMachine()]: 'image-1' };
const namesIn = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);
const has = (...command: string[]) =>
  spawnSync(command[0] as string, command.slice(1), { stdio: 'ignore' }).status === 0;
const missing = (found: boolean, what: string) => (found ? {} : { missing: what });

const local: DriverCase = {
  name: 'local',
  open: async (_, home) => ({
    source: { driver: 'local', options: {} },
    refusal: /cannot build for s390x/,
    leftovers: () => namesIn(join(home, 'state/drivers/local')),
    close: async () => {},
  }),
};

/** Two hosts that exist: machines with namespaces of their own, since giving a host back cleans it. */
const staticHosts: DriverCase = {
  name: 'static',
  async open(scratch, home) {
    const operator = {
      settings: settingsSchema.parse({}),
      home: join(scratch, 'operator'),
      source: { driver: 'local', options: {} },
    };
    const names = ['host-1', 'host-2'];
    const hosts = await Promise.all(
      names.map(async (name) => {
        const { instance, keyFile } = await spawnBuilder(operator, name, chroot, new AbortController().signal);
        const { host: address, port, user, hostKey } = instance;
        return { address, port, user, hostKey, privateKeyFile: keyFile };
      }),
    );
    return {
      source: { driver: 'static', options: { hosts } },
      refusal: /no host offers s390x/,
      leftovers: () => namesIn(join(home, 'state/drivers/static')),
      close: async () => {
        await Promise.all(names.map((name) => terminateBuilder(operator, name)));
      },
    };
  },
};

const ec2: DriverCase = {
  name: 'ec2',
  ...missing(
    has('/usr/bin/python3', '-c', 'import boto3, ansible_collections.amazon.aws'),
    'ansible and python3-boto3',
  ),
  async open(scratch) {
    const cloud = await openCloud(scratch);
    const options = {
      ...cloudOptions,
      endpoint_url: cloud.url,
      images,
      instance_types: { [thisMachine()]: 'c7.large' },
    };
    return {
      source: { driver: 'ec2', options },
      environment: cloudEnvironment,
      refusal: /no image and instance type for s390x/,
      leftovers: () => cloud.instances.filter(({ state }) => state !== 'terminated').map(({ id }) => id),
      close: cloud.close,
    };
  },
};

const stubs = join(import.meta.dirname, '../../testdata/driver-stubs');
const collections = '/usr/lib/python3/dist-packages/ansible_collections';

function throughStubs(name: string, options: Record<string, unknown>): DriverCase['open'] {
  return async (scratch) => {
    const provider = await openProvider(scratch, 2222);
    return {
      source: { driver: name, options: { images, port: 2222, ...options } },
      environment: {
        COPPICE_TEST_PROVIDER: provider.url,
        COPPICE_TEST_COLLECTIONS: collections,
        ANSIBLE_COLLECTIONS_PATH: stubs,
        PATH: `${join(stubs, 'bin')}:${process.env.PATH}`,
      },
      refusal: /no (base )?image (and flavor )?for s390x/,
      leftovers: provider.names,
      close: provider.close,
    };
  };
}
const openstack: DriverCase = {
  name: 'openstack',
  ...missing(existsSync(join(collections, 'openstack/cloud')), 'the collection openstack.cloud'),
  open: throughStubs('openstack', { cloud: 'test', flavors: { [thisMachine()]: 'm1.small' }, network: 'net' }),
};
const libvirt: DriverCase = { name: 'libvirt', open: throughStubs('libvirt', {}) };

/**
 * Playbooks of Copr's kind: they print the address, know root and port 22 only, and no driver.yml says what they offer.
 */
const oldStyle: DriverCase = {
  name: 'old playbooks in a folder of their own',
  async open(scratch) {
    const provider = await openProvider(scratch, 22);
    const driver = join(scratch, 'old-driver');
    mkdirSync(driver);
    const machines = `${provider.url}/machines`;
    const play = (...tasks: object[]) =>
      JSON.stringify([{ hosts: 'localhost', connection: 'local', gather_facts: false, tasks }]);
    const makeKey = 'd=$(mktemp -d) && ssh-keygen -q -t ed25519 -N "" -f $d/key && cat $d/key; rm -r $d';
    const hostKey = `lookup('pipe', '${makeKey}')`;
    const config = `{'ssh_keys': {'ed25519_private': ${hostKey}}, 'ssh_authorized_keys': [coppice_public_key], 'disable_root': false}`;
    const body = { name: '{{ coppice_name }}', userData: `#cloud-config\n{{ ${config} | to_json }}` };
    const ask = { url: machines, body_format: 'json', return_content: true };
    writeFileSync(
      join(driver, 'spawn.yml'),
      play(
        { 'ansible.builtin.uri': { ...ask, method: 'POST', body }, register: 'made' },
        { 'ansible.builtin.debug': { msg: 'IP={{ made.json.address }}' } },
      ),
    );
    const url = `${machines}/{{ host | default(coppice_name) }}`;
    writeFileSync(join(driver, 'terminate.yml'), play({ 'ansible.builtin.uri': { url, method: 'DELETE' } }));
    const content =
      "{% set all = [] %}{% for m in found.json %}{% set _ = all.append({'instance': m.name}) %}{% endfor %}{{ all }}";
    writeFileSync(
      join(driver, 'list.yml'),
      play(
        { 'ansible.builtin.uri': ask, register: 'found' },
        { 'ansible.builtin.copy': { dest: '{{ coppice_result_file }}', content } },
      ),
    );
    return { source: { driver, options: {} }, leftovers: provider.names, close: provider.close };
  },
};

const podman: DriverCase = {
  name: 'podman',
  ...missing(has('podman', '--version') && has('runc', '--version'), 'podman and runc'),
  open: openPodman,
};

export const driverCases: readonly DriverCase[] = [local, staticHosts, ec2, podman, openstack, libvirt, oldStyle];
