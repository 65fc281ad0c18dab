import type { BuildId, ChrootName } from '@coppice/config';
import { expect, test } from 'vitest';
import type { BuildView, ChrootView } from '../vocabulary/build-view.ts';
import { logsOf } from './logs.ts';

const url = 'https://coppice.example';
const failed: ChrootView = {
  chroot: 'sapling-12-x86_64' as ChrootName,
  state: 'failed',
  phase: null,
  reason: 'timeout',
  message: 'mock took longer than 1 h. @everybody',
  excerpt: ['```', '@everybody'],
  packages: [],
  startedAt: null,
  endedAt: null,
};
const build: BuildView = {
  ...{ id: 7 as BuildId, owner: 'acme', project: 'tools', package: 'hello', requestedBy: 'bea', state: 'failed' },
  chroots: [failed],
};

test('hostile lines of a log stay in their block', () => {
  expect(logsOf(build, build.chroots, url)).toMatchInlineSnapshot(`
    "- \`sapling-12-x86_64\` failed (timeout): mock took longer than 1 h. @​everybody ([log](https://coppice.example/acme/tools/build/7/sapling-12-x86_64/))

    \`\`\`\`text
    \`\`\`
    @everybody
    \`\`\`\`
    "
  `);
});
