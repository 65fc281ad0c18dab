import { RequestError } from 'octokit';
import { expect, test } from 'vitest';
import { whyNot } from './comment.ts';

test('that there is no such issue is said without what GitHub answers', () => {
  const request = { method: 'POST', url: 'http://127.0.0.1:4100/x', headers: {} } as const;
  const error = new RequestError('Not Found - https://docs.example/', 404, {
    request,
    response: { status: 404, url: request.url, headers: {}, data: '' },
  });
  expect(whyNot(error, { owner: 'acme', repo: 'packages', issue_number: 99999 })).toMatchObject({
    message: expect.stringMatching(
      /^There is no issue 99999 in acme\/packages that this token may see\. See whether --issue/,
    ),
  });
});
