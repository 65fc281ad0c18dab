import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { judgePayload } from './webhook-shape.ts';

interface Definition {
  readonly name: string;
  readonly examples: readonly object[];
}

test('all that GitHub shows as examples has the shape that is read', () => {
  const definitions = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly Definition[];
  const wrong = definitions.flatMap(({ name, examples }) =>
    examples.map((payload) => judgePayload(name, JSON.stringify(payload))).filter((why) => why !== undefined),
  );
  expect(wrong).toEqual([]);
});

test.each<[string, string, RegExp]>([
  ['push', 'null', /: it is missing or of another kind$/],
  ['ping', '"x"', /: it is missing or/],
  ['push', '[]', /: it is missing or/],
  ['push', '{"repository":null}', /: repository is missing or/],
  ['issue_comment', '{"repository":{"id":1,"full_name":"a/b","default_branch":"main"}}', /: issue is missing or/],
  ['push', '{', /^the payload is not JSON$/],
  ['ping', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, /^the payload is nested more than 100 deep$/],
  ['ping', `{"a":"[[${'['.repeat(200)}\\"["}`, /^nothing$/],
])('of the event %s, %.40s is judged', (event, payload, expected) => {
  expect(judgePayload(event, payload) ?? 'nothing').toMatch(expected);
});
