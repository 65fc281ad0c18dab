import { expect, test } from 'vitest';
import { createPeople } from './people.ts';

test('a team that cannot be found is told with what to do; of what cannot be asked nothing is said', async () => {
  const asked: string[] = [];
  const people = createPeople({
    github: {
      async teamMembers(_organization, team) {
        asked.push(team);
        if (team === 'down') throw new Error('no answer');
        return team === 'core' ? [{ login: 'mia', id: 1 }] : team === 'secret' ? 'forbidden' : 'missing';
      },
    },
    ...{ config: () => undefined, accounts: () => ({}), note: async () => undefined },
    ...{ now: () => new Date('2026-01-02T03:04:05Z'), log: () => undefined },
  });
  expect(await people.unread(['@acme/core', '@acme/cor', '@acme/down', '@acme/secret'])).toEqual([
    expect.stringMatching(/`@acme\/cor` do not count: there is no such team.*Write it as its address has it/),
    expect.stringMatching(/`@acme\/secret` do not count: I may not read it.*Members: read/),
  ]);
  await people.unread(Array.from({ length: 100 }, (_, at) => `@acme/t${at}`));
  expect(asked.length).toBeLessThan(30);
});
