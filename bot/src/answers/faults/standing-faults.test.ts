import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OperationsIssue } from '../../github/issues.ts';
import { type FaultReport, faultOf, planIssues } from './standing-faults.ts';

const stands = (key: string, body = 'It stands.'): FaultReport => ({
  key,
  state: 'stands',
  title: `About ${key}`,
  body,
});
const over = (key: string): FaultReport => ({ key, state: 'over', closing: 'It is over.' });

/** The open issues after the steps. */
function after(open: readonly OperationsIssue[], reports: readonly FaultReport[]): readonly OperationsIssue[] {
  let issues = [...open];
  let number = Math.max(0, ...open.map((issue) => issue.number));
  for (const step of planIssues(reports, open)) {
    if (step.kind === 'open') issues.push({ number: ++number, title: step.title, body: step.body });
    else issues = issues.filter((issue) => issue.number !== step.number);
    if (step.kind === 'edit') issues.push({ number: step.number, title: step.title, body: step.body });
  }
  return issues;
}

test('whatever was open, there is one issue for each fault that stands, and doing it again changes nothing', () => {
  const key = fc.constantFrom('pool/local', 'pool/cloud', 'disk');
  const report = key.chain((name) =>
    fc.constantFrom<FaultReport>(stands(name), stands(name, 'Otherwise.'), over(name), { key: name, state: 'unknown' }),
  );
  const issue = fc.record({ about: key, text: fc.constantFrom('It stands.', 'Old.') });
  fc.assert(
    fc.property(fc.uniqueArray(report, { selector: (one) => one.key }), fc.array(issue), (reports, issues) => {
      const open = issues.map(({ about, text }, index) => ({
        ...{ number: index + 1, title: `About ${about}` },
        body: `<!-- coppice-fault: ${about} -->\r\n${text}`,
      }));
      const left = after(open, reports);
      const told = left.map(({ body }) => faultOf(body));
      expect(new Set(told).size).toBe(told.length);
      const standing = reports.filter(({ state }) => state === 'stands').map((one) => one.key);
      const unknown = reports.filter(({ state }) => state === 'unknown').map((one) => one.key);
      const stay = unknown.filter((name) => issues.some(({ about }) => about === name));
      expect([...told].sort()).toEqual([...standing, ...stay].sort());
      expect(planIssues(reports, left)).toEqual([]);
    }),
  );
});

test('an issue with the label that is about no fault is left alone', () => {
  expect(planIssues([], [{ number: 3, title: 'By hand', body: 'Look into this.' }])).toEqual([]);
});
