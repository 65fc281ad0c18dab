import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSettings } from '@coppice/config';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { doctor, examine, renderFindings } from './doctor.ts';
import { describeLocalBuilders } from './doctor-builders.ts';
import { playbooksFinding } from './doctor-machine.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-doctor-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('what is missing is named with the command that installs it', async () => {
  const findings = await examine({ COPPICE_HOME: folder }, folder);
  const rpmsign = findings.find(({ what }) => what === 'rpmsign');
  expect(rpmsign).toMatchObject({ good: false, detail: 'not found' });
  expect(rpmsign?.fix).toMatch(/install/);
});

test('a program on the search path is found', async () => {
  await writeFile(join(folder, 'createrepo_c'), '#!/bin/sh\n', { mode: 0o755 });
  const findings = await examine({ COPPICE_HOME: folder }, folder);
  expect(findings.find(({ what }) => what === 'createrepo_c')).toMatchObject({
    good: true,
    detail: join(folder, 'createrepo_c'),
  });
});

test('a broken finding ends in exit code 1, as JSON too', async () => {
  const printed: string[] = [];
  const terminal = { print: (text: string) => void printed.push(text), say: () => undefined };
  expect(await doctor(terminal, { COPPICE_HOME: folder }, folder, true)).toBe(1);
  const { findings } = JSON.parse(printed[0] ?? '') as { findings: { what: string; good: boolean; fix: string }[] };
  expect(findings.filter(({ good, fix }) => !good && fix === '')).toEqual([]);
  expect(findings.find(({ what }) => what === 'service')).toMatchObject({
    good: false,
    fix: 'start it with: npm start',
  });
});

test('what is broken is told apart from what is not', () => {
  const finding = (what: string, good: boolean) => ({ what, good, detail: 'x', fix: good ? '' : 'mend it' });
  const rows = renderFindings([finding('git', true), finding('rpm', false)]).split('\n');
  expect(rows.slice(1, 3).map((row) => row.split(/ +/).slice(0, 2))).toEqual([
    ['ok', 'git'],
    ['BROKEN', 'rpm'],
  ]);
});

test('the verdict stands last', () => {
  expect(renderFindings([{ what: 'git', good: true, detail: '/usr/bin/git', fix: '' }])).toMatch(
    /Nothing is broken\.$/,
  );
  expect(renderFindings([{ what: 'git', good: false, detail: 'not found', fix: 'install it' }])).toMatch(
    /What to do:\n {2}git: install it$/,
  );
});

test('what builders on this machine can have of its kernel is said, and what they lack with what that means', async () => {
  const findings = await examine({ COPPICE_HOME: folder }, folder);
  expect(findings.find(({ what }) => what === 'local builders')?.detail).toMatch(/a builder's root is .*; .*groups/);
  expect(describeLocalBuilders({ users: null, groups: null })).toMatchObject({
    good: true,
    detail: expect.stringMatching(/root is nobody on this machine; control groups bound/),
  });
  expect(describeLocalBuilders({ users: 'no user namespace', groups: '/sys/fs/cgroup is read-only' }).detail).toMatch(
    /root of this machine \(no user namespace\): let only those.*read-only\): a build's disk is at most an eighth/,
  );
});

test('the playbooks of the embedded default are there; a driver without playbooks is named with what is missing', async () => {
  const settingsOf = (text: string) => {
    const parsed = parseSettings(text, 'settings.yaml');
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    return parsed.value;
  };
  expect(await playbooksFinding(settingsOf(''))).toMatchObject({ good: true });
  const finding = await playbooksFinding(settingsOf('builders: { pools: [{ driver: copr-be }] }'));
  expect(finding).toMatchObject({ good: false, fix: expect.stringContaining('builders.pools') });
  expect(finding.detail).toContain('drivers/copr-be/list.yml');
  expect(await playbooksFinding(settingsOf(''), folder)).toMatchObject({
    fix: expect.stringContaining('not complete'),
  });
});

test('settings that are wrong do not hide the other findings', async () => {
  const file = join(folder, 'settings.yaml');
  await writeFile(file, 'nonsense: 1\n');
  const findings = await examine({ COPPICE_HOME: folder, COPPICE_SETTINGS: file }, folder);
  expect(findings.find(({ what }) => what === 'settings')).toMatchObject({ good: false });
  expect(findings.map(({ what }) => what)).toEqual(expect.arrayContaining(['disk', 'queue', 'permissions', 'mirror']));
});
