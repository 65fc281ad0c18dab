import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { complaintOf, runPlaybook } from './playbook.ts';

/** Of all tests: they run side by side. */
const folders = mkdtempSync(join(tmpdir(), 'coppice-playbooks-'));
afterAll(() => rm(folders, { recursive: true }));

/** A playbook of one task that goes on; `MARK` in it becomes a word by which its program is found. */
async function startPlaybook(task: object) {
  const folder = await mkdtemp(join(folders, 'play-'));
  const mark = randomUUID();
  const playbook = join(folder, 'play.yml');
  const play = { hosts: 'localhost', connection: 'local', gather_facts: false, tasks: [task] };
  await writeFile(playbook, JSON.stringify([play]).replaceAll('MARK', mark));
  const controller = new AbortController();
  const ended = runPlaybook({
    ...{ code: 'spawn', playbook, folder, variables: {}, seconds: 600 },
    signal: controller.signal,
  });
  ended.catch(() => undefined);
  const started = () => programsOf(mark);
  await vi.waitFor(() => expect(started()).toHaveLength(1), { timeout: 50_000, interval: 50 });
  return { ended, started, abort: () => controller.abort(new Error('not wanted any more')) };
}

/** Processes that call themselves so. */
function programsOf(mark: string): readonly number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] === mark;
    } catch {
      return false; // it has ended
    }
  });
}

const sleep = "bash -c 'exec -a MARK sleep 3600'";

test.concurrent.each<[string, object]>([
  ['that waits for a program', { command: sleep }],
  ['whose program ignores TERM', { command: `bash -c 'trap "" TERM; exec -a MARK sleep 3600'` }],
  ['whose program runs in a session of its own', { command: `setsid --wait ${sleep}` }],
  ['that Ansible itself runs in the background', { command: sleep, async: 3600, poll: 5 }],
])('nothing is left of an aborted playbook %s', async (_, task) => {
  const { ended, started, abort } = await startPlaybook(task);
  abort();
  await expect(ended).rejects.toThrow('not wanted any more');
  expect(started()).toEqual([]);
});

test.concurrent('a program that cannot be found and holds the output of an aborted playbook holds nobody up', async () => {
  // Without the environment of the playbook and in a session of its own; standard error is the playbook's.
  const left = `env -i setsid ${sleep} >/dev/null & echo 3600`;
  const { ended, started, abort } = await startPlaybook({
    pause: { seconds: "{{ lookup('pipe', left) }}" },
    vars: { left },
  });
  abort();
  await expect(ended).rejects.toThrow('not wanted any more');
  expect(started()).toHaveLength(1);
  process.kill(started()[0] as number, 'SIGKILL');
});

test.concurrent('a playbook that takes too long is ended, and its phase is named', async () => {
  const folder = await mkdtemp(join(folders, 'play-'));
  const playbook = join(folder, 'play.yml');
  await writeFile(playbook, '[{ hosts: localhost, gather_facts: false, tasks: [{ pause: { minutes: 60 } }] }]');
  const run = { code: 'provision', playbook, folder, variables: {}, seconds: 0.5 } as const;
  await expect(runPlaybook(run)).rejects.toMatchObject({
    code: 'provision',
    message: `${playbook} (provision) took longer than 0.5 s`,
  });
});

test("a failed playbook is described in its task's words", () => {
  const output =
    'PLAY [x]\nfatal: [localhost]: FAILED! => {"msg": "non-zero return code", "stderr": "local-builder: \\"no\\" room"}\n';
  expect(complaintOf(output)).toBe('non-zero return code: local-builder: "no" room');
});

test('so it is when Ansible prints the result over several lines, as it does for assertions', () => {
  const output = `TASK [assert] ****
fatal: [localhost]: FAILED! => {
    "assertion": "room",
    "changed": false,
    "evaluated_to": false,
    "msg": "the quota is used up"
}

PLAY RECAP ****
localhost : ok=0 changed=0 failed=1
`;
  expect(complaintOf(output)).toBe('the quota is used up');
});
