// Everything goes wrong, again and again, while a hundred packages are built: nothing may be lost, doubled or left
// behind.
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { needRoot } from '../need-root.ts';
import type { CampaignReport } from './campaign.child.ts';

needRoot();
const builds = 100;

test(`${builds} builds on three builders outlive killed builders, a cut network, a killed service, a full disk and failing spawns`, async () => {
  const seed = Number(process.env.COPPICE_TEST_SEED ?? Date.now() % 1_000_000);
  console.log(`COPPICE_TEST_SEED=${seed}`);
  const { stdout } = await execa('npm', ['run', '--silent', 'campaign', '--', String(seed), String(builds)], {
    cwd: join(import.meta.dirname, '..', '..'),
    stdin: 'ignore',
    stderr: 'inherit',
    reject: false, // the report says what was wrong
  });
  const report = JSON.parse(stdout.split('\n').at(-1) ?? '') as CampaignReport;
  console.log(report);
  expect(report.accepted).toBeGreaterThanOrEqual(builds);
  expect(report).toMatchObject({ lost: [], doubled: [], wrong: [], remains: [], stillQueued: 0 });
  // It was a campaign: each fault was seen to hit something that ran.
  expect(Object.entries(report.faults).filter(([, times]) => times === 0)).toEqual([]);
}, 1_200_000);
