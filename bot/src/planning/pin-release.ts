// Releases of PyPI and RubyGems → the version, the address and the SHA-256 of one file.
import { type FetchRules, Refused, readJson } from '@coppice/builder-runner/remote';
import type { PinnedSource, Source } from '@coppice/config';
import { z } from 'zod';

const lookUpSeconds = 30;
/** The answer of PyPI names every file of every release. */
const maximumAnswerBytes = 64 * 1024 * 1024;

type Of<Type extends Source['type']> = Extract<Source, { type: Type }>;
type PinnedOf<Type extends Source['type']> = Extract<PinnedSource, { type: Type }>;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const version = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+!-]{0,99}$/);

/** https://docs.pypi.org/api/json/ */
const release = z.object({
  info: z.object({ version }),
  urls: z.array(
    z.object({
      packagetype: z.string(),
      filename: z.string(),
      url: z.url(),
      yanked: z.boolean().default(false),
      digests: z.object({ sha256 }),
    }),
  ),
});

/** https://guides.rubygems.org/rubygems-org-api/ and -v2/ */
const gem = z.object({ version, platform: z.string(), sha: sha256 });

/** The sdist of the release that a source names, or one sentence that says why there is none. */
export async function pinPypi(source: Of<'pypi'>, rules: FetchRules): Promise<PinnedOf<'pypi'> | string> {
  const base = rules.sources.pypiUrl.replace(/\/+$/, '');
  const parts = ['pypi', source.package, ...(source.version === undefined ? [] : [source.version]), 'json'];
  const answer = await ask(`${base}/${parts.map(encodeURIComponent).join('/')}`, release, rules);
  if (typeof answer === 'string') return lacks('the index of Python packages', source, answer);
  const sdists = answer.urls.filter(({ packagetype, yanked }) => packagetype === 'sdist' && !yanked);
  // Where there are several, a .tar.gz is what the generators read.
  const sdist = sdists.find(({ filename }) => filename.endsWith('.tar.gz')) ?? sdists[0];
  if (sdist === undefined) {
    const wheels = answer.urls.length > 0 ? ': it was published as wheels alone, or withdrawn' : '';
    return `${source.package} ${answer.info.version} has no source distribution in the index of Python packages${wheels}`;
  }
  return { ...source, version: answer.info.version, url: sdist.url, sha256: sdist.digests.sha256 };
}

/** The gem of the release that a source names, or one sentence that says why there is none. */
export async function pinGem(source: Of<'rubygems'>, rules: FetchRules): Promise<PinnedOf<'rubygems'> | string> {
  const base = rules.sources.rubygemsUrl.replace(/\/+$/, '');
  const name = encodeURIComponent(source.gem);
  const named = (wanted: string) =>
    ask(`${base}/api/v2/rubygems/${name}/versions/${encodeURIComponent(wanted)}.json?platform=ruby`, gem, rules);
  let found =
    source.version === undefined
      ? await ask(`${base}/api/v1/gems/${name}.json`, gem, rules)
      : await named(source.version);
  // The newest may be known first as one that was compiled for some machine.
  if (typeof found !== 'string' && found.platform !== 'ruby') found = await named(found.version);
  if (typeof found === 'string') return lacks('the index of Ruby gems', source, found);
  if (found.platform !== 'ruby') return `${source.gem} ${found.version} is not published as source`;
  const url = `${base}/gems/${name}-${encodeURIComponent(found.version)}.gem`;
  return { type: 'rubygems', gem: source.gem, version: found.version, url, sha256: found.sha };
}

/** An index that does not answer may well have it. */
function lacks(index: string, source: Of<'pypi'> | Of<'rubygems'>, answer: string): string {
  const how = / answers (?:404|410)\b/.test(answer) ? 'has no' : 'could not be asked for';
  return `${index} ${how} ${nameOf(source)}: ${answer}`;
}

function nameOf(source: Of<'pypi'> | Of<'rubygems'>): string {
  const name = source.type === 'pypi' ? source.package : source.gem;
  return source.version === undefined ? name : `${name} ${source.version}`;
}

/** The answer at an address, or the end of a sentence that says what is wrong with it. */
async function ask<T>(url: string, form: z.ZodType<T>, rules: FetchRules): Promise<T | string> {
  const bounds = {
    rules,
    maximumBytes: maximumAnswerBytes,
    seconds: lookUpSeconds,
    signal: new AbortController().signal,
  };
  try {
    const read = form.safeParse(await readJson(url, bounds));
    if (read.success) return read.data;
    const [issue] = read.error.issues;
    return `${url} answers with something else (${issue?.path.join('.')}: ${issue?.message})`;
  } catch (error) {
    if (error instanceof Refused) return `${url} ${error.message}`;
    throw error;
  }
}
