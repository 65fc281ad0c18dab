import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Probot } from 'probot';
import { expect, test } from 'vitest';
import { createApp } from '../inbox/webhooks.ts';
import { accessTitle, appEvents, appPermissions, covers, teamPermission } from './app-permissions.ts';

const page = fileURLToPath(new URL('../../../site/content/docs/how-to/run-a-service.md', import.meta.url));

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `   | ${cells.join(' | ')} |`);
  return lines.join('\n').replaceAll('| --- | --- |', '|---|---|').replaceAll('|---|---| --- |', '|---|---|---|');
}

test('the documentation asks for these permissions and events, and for no others', async () => {
  const text = await readFile(page, 'utf8');
  const permissions = appPermissions.map(({ title, level, why }) => [title, accessTitle(level), why]);
  const events = appEvents.map(({ title, why }) => [title, why]);
  const tables = text.match(/(?: {3}\|.*\n)+/g)?.map((table) => table.trimEnd());
  expect(tables).toEqual([tableOf(['Permission', 'Access', 'For'], permissions), tableOf(['Event', 'For'], events)]);
  expect(text).toContain(`*${teamPermission.title}*, ${accessTitle(teamPermission.level)}.`);
});

test('the events are those that the bot listens to', () => {
  const heard = new Set<string>();
  const listener = {
    on: (names: string | readonly string[]) => {
      for (const name of [names].flat()) heard.add(name.split('.')[0] ?? '');
    },
  };
  const options = { repository: 'acme/packages', hear: async () => true, complain: async () => undefined };
  createApp({ ...options, known: () => undefined, knowsBot: () => false })(listener as unknown as Probot);
  expect(appEvents.map(({ name }) => name).sort()).toEqual([...heard].sort());
});

test('each event comes with a permission that is asked for', () => {
  const asked = appPermissions.map(({ name }) => name);
  expect(appEvents.filter(({ permission }) => !asked.includes(permission))).toEqual([]);
});

test('read is part of write, and nothing is part of no access', () => {
  expect([covers('write', 'read'), covers('read', 'read'), covers('write', 'write')]).toEqual([true, true, true]);
  expect([covers('read', 'write'), covers(undefined, 'read'), covers('none', 'read')]).toEqual([false, false, false]);
});
