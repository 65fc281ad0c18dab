import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type DriverFacts, driverFolder, offerOf, parseDriverFacts, readDriverFacts } from './driver-facts.ts';
import { ansibleFolder } from './playbook.ts';

const facts: DriverFacts = {
  description: 'd',
  architectures: ['x86_64', 'aarch64', 'riscv64'],
  labels: ['own'],
  outlivesService: true,
  network: true,
};

describe('what a driver says of itself', () => {
  test.each(readdirSync(join(ansibleFolder, 'drivers')))('driver.yml of %s is good', async (driver) => {
    const read = await readDriverFacts(driver);
    expect(read.description).not.toBe('Playbooks without driver.yml');
    expect(read.outlivesService).toBe(driver !== 'local');
  });

  test('a folder without driver.yml offers this machine’s architecture, and its builders outlive the service', async () => {
    expect(await readDriverFacts('/nowhere/old-driver')).toMatchObject({
      architectures: ['machine'],
      outlivesService: true,
      network: true,
    });
  });

  test('all that is wrong with driver.yml is said at once', () => {
    const text =
      'description: x\narchitectures: []\nlabels: [Bad Label]\noutlivesService: yes please\nnetwork: true\nmore: 1\n';
    const parse = () => parseDriverFacts(text, '/d/driver.yml');
    for (const said of ['/d/driver.yml is not good', 'architectures', 'labels[0]', 'outlivesService', 'more'])
      expect(parse).toThrow(said);
    expect(() => parseDriverFacts('a: [', '/d/driver.yml')).toThrow('/d/driver.yml is not YAML');
  });

  test('a driver is a folder of ansible/drivers or an absolute path', () => {
    expect(driverFolder('ec2')).toBe(join(ansibleFolder, 'drivers/ec2'));
    expect(driverFolder('/srv/drivers/ours')).toBe('/srv/drivers/ours');
  });
});

describe('what a pool offers', () => {
  test('without options all that the driver can do', () => {
    expect(offerOf({ ...facts, architectures: ['machine'] }, {}, 'aarch64')).toEqual({
      architectures: ['aarch64'],
      labels: ['own'],
    });
  });

  test('an image for some architectures leaves those', () => {
    const options = { images: { aarch64: 'ami-1', s390x: 'ami-2' }, labels: { big: { instance_types: {} } } };
    expect(offerOf(facts, options, 'x86_64')).toEqual({ architectures: ['aarch64'], labels: ['own', 'big'] });
  });

  test('hosts offer what they are', () => {
    const options = { hosts: [{ address: 'a' }, { address: 'b', architectures: ['aarch64'], labels: ['fast'] }] };
    expect(offerOf(facts, options, 'x86_64')).toEqual({
      architectures: ['x86_64', 'aarch64'],
      labels: ['own', 'fast'],
    });
  });

  test('options of a wrong shape are refused with their place', () => {
    expect(() => offerOf(facts, { hosts: 'h' }, 'x86_64')).toThrow('at hosts');
  });
});

test('a driver.yml that is a FIFO is a fault at once', async () => {
  const driver = await mkdtemp(join(tmpdir(), 'coppice-driver-'));
  onTestFinished(() => rm(driver, { recursive: true }));
  execFileSync('mkfifo', [join(driver, 'driver.yml')]);
  await expect(readDriverFacts(driver)).rejects.toThrow('driver.yml cannot be read: it is no regular file');
});
