// `copr-be.conf`, the settings of Fedora Copr's backend of 2012 and 2013 → the settings file of a Coppice service.
// Pure.
import { formatProblem, parseSettings } from '@coppice/config';
import { Document } from 'yaml';
import { type BackendKey, type BackendSettings, backendKeys, laterKeys } from './backend-keys.ts';
import { type Fate, fate, renderFates } from './fate.ts';
import { type IniEntry, parseIni } from './parse-ini.ts';

/** The text of the settings file, and what became of each key. */
export interface ConvertedConf {
  readonly yaml: string;
  readonly fates: readonly Fate[];
}

/** What a person has to do whatever the file says: its frontend is now a config repo on GitHub. */
const githubTodo = [
  ' The frontend of Copr is now a config repo on GitHub with a GitHub App (see the how-to "Run a service"). Fill these in:',
  '   repository: OWNER/NAME',
  '   appId: NUMBER',
  '   privateKeyFile: /etc/coppice/app.pem',
  '   webhookSecretFile: /etc/coppice/webhook-secret',
].join('\n');

/**
 * The settings that say the same as `text`, with a comment for each key. Secrets are never copied. The result passes
 * `parseSettings`. A key that is stated twice counts with its last value, as it did for Copr.
 */
export function convertBackendConf(text: string): ConvertedConf {
  const { entries, faults } = parseIni(text);
  const last = new Map(entries.map((entry) => [`${entry.section}.${entry.key}`, entry]));
  const settings: BackendSettings = {};
  const fates = [
    ...faults.map(({ line, message }) => fate('left-out', `line ${line}`, message)),
    ...entries.map((entry) => {
      if (last.get(`${entry.section}.${entry.key}`) !== entry) {
        return fate('no-equal', nameOf(entry), `stated again further down (line ${entry.line} did not count for Copr)`);
      }
      const { set, ...became } = judge(entry);
      Object.assign(settings, set);
      return fate(became.kind, nameOf(entry), became.text);
    }),
  ];
  return { yaml: render(settings, fates), fates };
}

/** A key is named with its section only where that is not the one that nearly all are in. */
function nameOf({ section, key }: IniEntry): string {
  return section === 'backend' ? key : `[${section}] ${key}`;
}

function judge(entry: IniEntry): ReturnType<BackendKey> {
  const known = backendKeys.get(`${entry.section}.${entry.key}`);
  if (known !== undefined && entry.value.includes('%(')) {
    return {
      kind: 'person',
      text: 'its value is put together from other keys (%(name)s): write the value out and import again',
    };
  }
  if (known !== undefined) return known(entry.value);
  const later = laterKeys.get(entry.key);
  if (later !== undefined) return { kind: 'person', text: `a key of later years of Copr: ${later}` };
  return {
    kind: 'left-out',
    text: `line ${entry.line}: not a key of the backend of 2012 and 2013; see whether it is still needed`,
  };
}

function render(settings: BackendSettings, fates: readonly Fate[]): string {
  const document = new Document({ ...settings, github: { mode: 'github', ...settings.github } });
  const github = document.get('github', true) as { comment?: string | null };
  github.comment = githubTodo;
  const list = renderFates(fates, ['person', 'left-out', 'converted', 'no-equal']);
  document.commentBefore = [
    'Settings of a Coppice service, converted from a copr-be.conf. Every key of that file is named here.',
    ...list.split('\n'),
  ]
    .map((line) => ` ${line}`)
    .join('\n');
  const yaml = document.toString({ lineWidth: 0 });
  const parsed = parseSettings(yaml, 'settings.yaml');
  if (!parsed.ok) throw new Error(`the converted settings are wrong: ${parsed.problems.map(formatProblem).join('; ')}`);
  return yaml;
}
