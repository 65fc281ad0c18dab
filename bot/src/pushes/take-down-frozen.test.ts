import { expect, test } from 'vitest';
import { configOf } from '../../testing/config-of.ts';
import { takeDownFrozen } from './take-down-frozen.ts';

const chroots = 'chroots: [fedora-42-x86_64]\n';
const frozen = `maintainers: [a]\n${chroots}frozen: a report\n`;
const config = configOf({
  'coppice.yaml': `admins: [root]\n${chroots}`,
  'projects/acme/cold.yaml': frozen,
  'projects/acme/tools.yaml': `maintainers: [a]\n${chroots}`,
});
const [stated] = configOf({ 'coppice.yaml': `admins: [root]\n${chroots}`, 'projects/acme/left.yaml': frozen }).projects;

test('takes down what is frozen, of projects that are leaving as well, whatever fails with one of them', async () => {
  if (stated === undefined) throw new TypeError('no project');
  const asked: string[] = [];
  const logged: string[] = [];
  const projects = {
    freeze: async ({ name }: { readonly name: string }) => {
      asked.push(name);
      if (name === 'cold') throw new Error('the disk is full');
    },
  };
  const log = (level: string, text: string) => void logged.push(`${level} ${text}`);
  const leaving = [
    { project: 'acme/left', statedAt: 'a', leftAt: 'b', by: 'mia', deleteAt: '2026-01-31T15:00:00Z', stated },
  ];
  await takeDownFrozen({ config, leaving }, projects, log);
  expect(asked).toEqual(['cold', 'left']);
  expect(logged).toEqual(['error acme/cold is frozen, and could not be taken down']);
  await takeDownFrozen(undefined, projects, log);
  expect(asked).toHaveLength(2);
});
