// What each key of copr-be.conf is in Coppice. The keys are those that copr-be.py read from November 2012 to the end of
// 2013 (https://github.com/fedora-copr/copr, the history of copr-be.py and copr-be.conf.example).
import type { FateKind } from './fate.ts';

/** The settings that a copr-be.conf can state. */
export interface BackendSettings {
  url?: string;
  workers?: number;
  exitOnWorker?: boolean;
  builders?: { pools: readonly { driver: string }[] };
  github?: { pollSeconds: number };
}

/** What becomes of a key with this value, and the settings that it makes. */
export type BackendKey = (value: string) => {
  readonly kind: FateKind;
  readonly text: string;
  readonly set?: BackendSettings;
};

/** The folder below ansible/drivers/ for the playbooks that the old service brought. */
const legacyDriver = 'copr-be';

const noEqual =
  (text: string): BackendKey =>
  () => ({ kind: 'no-equal', text });

const resultsBaseUrl: BackendKey = (value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const plain = url !== undefined && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '';
  if (!plain || url.username !== '' || url.password !== '') {
    return {
      kind: 'person',
      text: 'its value is no plain http or https address; set `url`, under which results/ is served',
    };
  }
  const match = /^(.*?)\/results\/*$/.exec(url.pathname);
  if (match === null) {
    const text =
      'Coppice serves results at <url>/results; this address does not end so: set `url` and redirect the old address';
    return { kind: 'person', text };
  }
  return {
    kind: 'converted',
    text: '`url`; the results are at <url>/results, as before',
    set: { url: url.origin + match[1] },
  };
};

const playbook =
  (verb: 'spawn' | 'terminate'): BackendKey =>
  (value) => ({
    kind: 'person',
    text:
      `\`builders.pools: [{ driver: ${legacyDriver} }]\`: copy ${value} to ansible/drivers/${legacyDriver}/${verb}.yml` +
      (verb === 'spawn'
        ? '; the IP=… that it prints is understood, but it has to let in the key {{ coppice_public_key }}; add a list.yml that prints the instances'
        : '; it runs on the control host and is told the address in the variable host, and coppice_name'),
    set: { builders: { pools: [{ driver: legacyDriver }] } },
  });

const numWorkers: BackendKey = (value) => {
  const count = /^\d{1,4}$/.test(value) ? Number(value) : 0;
  if (count >= 1 && count <= 256) return { kind: 'converted', text: '`workers`', set: { workers: count } };
  return { kind: 'person', text: 'its value is no number from 1 to 256; set `workers`' };
};

/** As Python's ConfigParser reads it, and then as the backend did. */
const exitOnWorker: BackendKey = (value) => {
  const word = value.toLowerCase();
  const isOn = ['1', 'yes', 'true', 'on'].includes(word);
  if (isOn || ['0', 'no', 'false', 'off'].includes(word)) {
    const text = '`exitOnWorker`; a worker dies of faults of the service alone, never of a builder or a build';
    return { kind: 'converted', text, set: { exitOnWorker: isOn } };
  }
  return { kind: 'person', text: 'its value is neither true nor false; see `exitOnWorker`' };
};

const sleepTime: BackendKey = (value) => {
  const seconds = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (seconds < 1 || seconds > 86_400) {
    return { kind: 'person', text: 'its value is no number of seconds from 1 to 86400; see `github.pollSeconds`' };
  }
  const text = '`github.pollSeconds`; it counts only with `github.webhooks: false`, else GitHub calls the service';
  return { kind: 'converted', text, set: { github: { pollSeconds: seconds } } };
};

const timeout: BackendKey = (value) => {
  if (!/^[1-9]\d{0,7}$/.test(value)) {
    return {
      kind: 'person',
      text: 'its value is no number of seconds; see `limits.timeout` in coppice.yaml of the config repo',
    };
  }
  return {
    kind: 'person',
    text: `builds are bounded by coppice.yaml of the config repo; put there: limits: { timeout: ${value}s } (and a maximumTimeout as long)`,
  };
};

/** `section.key` → what it is now. */
export const backendKeys: ReadonlyMap<string, BackendKey> = new Map<string, BackendKey>([
  ['backend.results_baseurl', resultsBaseUrl],
  [
    'backend.frontend_url',
    () => ({
      kind: 'person',
      text: 'there is no frontend: people use a config repo on GitHub; fill in `github` below',
    }),
  ],
  [
    'backend.frontend_auth',
    () => ({
      kind: 'person',
      text: 'a secret, which is never copied: make a new webhook secret and name its file in `github.webhookSecretFile`',
    }),
  ],
  ['backend.spawn_playbook', playbook('spawn')],
  ['backend.terminate_playbook', playbook('terminate')],
  [
    'backend.playbook',
    noEqual(
      'the playbook that prepares a builder is ansible/playbooks/builder.yml of Coppice; put what yours adds into spawn.yml',
    ),
  ],
  [
    'backend.jobsdir',
    noEqual('waiting builds are in the queue (COPPICE_HOME/state/queue), and shown at /queue/ and /api/v1/queue.json'),
  ],
  [
    'backend.destdir',
    () => ({
      kind: 'person',
      text: 'results are in COPPICE_HOME/published/results: choose COPPICE_HOME in the environment of the service, on a disk as large',
    }),
  ],
  ['backend.sleeptime', sleepTime],
  ['backend.num_workers', numWorkers],
  [
    'backend.logfile',
    noEqual('the log goes to standard output; with systemd it is in the journal (COPPICE_LOG=json for programs)'),
  ],
  [
    'backend.worker_logdir',
    noEqual(
      'each build has its logs beside its results, also while it runs; what workers do is in the log and at /metrics',
    ),
  ],
  ['backend.exit_on_worker', exitOnWorker],
  [
    'backend.fedmsg_enabled',
    noEqual(
      'the event feed (/events/index.json, always on) takes the place of fedmsg; `webhooks` sends the same events to other programs',
    ),
  ],
  [
    'backend.daemonize',
    noEqual('the service stays in the foreground; systemd or another supervisor starts and watches it'),
  ],
  [
    'backend.verbose',
    noEqual('the log says everything, each line with its level; COPPICE_LOG=json lets programs choose'),
  ],
  ['builder.timeout', timeout],
]);

/** Keys that Copr read in later years, for those who bring a younger file → where to look. */
export const laterKeys: ReadonlyMap<string, string> = new Map([
  ['frontend_base_url', 'there is no frontend: fill in `github` below'],
  ['architectures', 'chroots are listed in coppice.yaml of the config repo'],
  ['prune_days', 'see `retention` in coppice.yaml of the config repo'],
  ['builds_max_workers', 'set `workers`'],
  ['builds_max_workers_owner', 'see `limits.perOwner` in coppice.yaml of the config repo'],
  ['builds_max_workers_arch', 'see `limits.perArchitecture` in coppice.yaml of the config repo'],
  ['build_groups', 'each group is a pool: `builders.pools`'],
  ['do_sign', 'everything is signed, always'],
  ['keygen_host', 'keys are made on the control host'],
  ['log_dir', 'the log goes to standard output'],
  ['log_level', 'the log has one form'],
  ['statsdir', 'see /metrics'],
]);
