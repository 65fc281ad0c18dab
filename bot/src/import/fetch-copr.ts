// Asks a Copr for one project over its public API 3. Everything that it answers is hostile: bounded in time, size and
// number.
import { z } from 'zod';
import {
  type CoprAnswers,
  coprChrootSchema,
  coprPackageListSchema,
  coprProjectSchema,
  maximumPackages,
} from './copr-answers.ts';
import { oneLine } from './fate.ts';
import { fetchAllowed, readBounded } from './fetch-allowed.ts';
import { ImportError } from './import-error.ts';

/** Which project is asked for, and where. */
export interface CoprAddress {
  /** For example `https://copr.fedorainfracloud.org`. */
  readonly base: URL;
  /** A user, or `@group`. */
  readonly owner: string;
  readonly project: string;
}

/** How long one answer may take, in seconds, and how many packages one page holds. */
export interface FetchBounds {
  readonly seconds: number;
  readonly pageSize: number;
}

const usualBounds: FetchBounds = { seconds: 60, pageSize: 100 };
const answerBytes = 16 * 1024 * 1024;

/** The project, all its packages and the options of its chroots. Throws ImportError `address` or `answer`. */
export async function fetchCopr(address: CoprAddress, bounds: FetchBounds = usualBounds): Promise<CoprAnswers> {
  const { base, owner, project: projectname } = address;
  const ask = <T extends z.ZodType>(schema: T, path: string, more: Readonly<Record<string, string>> = {}) => {
    const url = new URL(`${base.href.replace(/\/+$/, '')}/api_3/${path}`);
    url.search = new URLSearchParams({ ownername: owner, projectname, ...more }).toString();
    return askJson(schema, url, bounds.seconds);
  };
  const project = await ask(coprProjectSchema, 'project');
  const packages: CoprAnswers['packages'][number][] = [];
  // By id and ascending: what is added meanwhile comes at the end.
  for (let full = true; full; ) {
    const page = { limit: String(bounds.pageSize), offset: String(packages.length), order: 'id', order_type: 'ASC' };
    const { items } = await ask(coprPackageListSchema, 'package/list', page);
    packages.push(...items);
    full = items.length >= bounds.pageSize;
    if (packages.length > maximumPackages) {
      throw new ImportError(
        'answer',
        `${base.origin} says that the project has more than ${maximumPackages} packages.`,
      );
    }
  }
  const chroots: CoprAnswers['chroots'][number][] = [];
  for (const chrootname of Object.keys(project.chroot_repos)) {
    chroots.push(await ask(coprChrootSchema, 'project-chroot', { chrootname }));
  }
  return { project, packages, chroots };
}

async function askJson<T extends z.ZodType>(schema: T, url: URL, seconds: number): Promise<z.output<T>> {
  const { status, type, body } = await fetchAllowed(url, seconds, async (response) => ({
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    body: (await readBounded(response, answerBytes)).toString('utf8'),
  }));
  const answer = parseJson(body);
  const said = saidOf(answer, body);
  const why = said === '' ? '' : `: ${said}`;
  if (status !== 200) throw new ImportError('answer', `${url.href} answered ${status}${why}.${nextAfter(status)}`);
  if (answer === undefined && /json/i.test(type)) {
    const read = `The ${body.length} characters of it that came are no whole JSON`;
    throw new ImportError('answer', `${url.href} broke off in the middle of its answer. ${read}: try again.`);
  }
  if (answer === undefined) {
    const what = type === '' ? 'something else' : oneLine(type.split(';')[0] ?? '');
    throw new ImportError('answer', `${url.href} answered ${what} instead of JSON${why}. Is ${url.origin} a Copr?`);
  }
  if (wordsAt(answer, 'error') !== undefined) throw new ImportError('answer', `${url.href} answered an error${why}.`);
  return checkAnswer(schema, answer, url.href);
}

/**
 * What an answer says of what is wrong: Copr's own error, the words of what stands before it, or the title of a page.
 * One line, without its full stop.
 */
function saidOf(answer: unknown, body: string): string {
  const page = /<title[^>]{0,200}>([^<]{1,500})/i.exec(body) ?? /<h1[^>]{0,200}>([^<]{1,500})/i.exec(body);
  const plain = answer === undefined && !body.includes('<') ? body.slice(0, 300) : '';
  return oneLine(wordsAt(answer, 'error') ?? wordsAt(answer, 'message') ?? page?.[1] ?? plain).replace(/[.\s]+$/, '');
}

/** A text of an answer; forms that were filled in badly give an object there. */
function wordsAt(answer: unknown, key: 'error' | 'message'): string | undefined {
  const said = z.looseObject({ [key]: z.unknown() }).safeParse(answer).data?.[key] ?? '';
  if (said === '') return undefined;
  return typeof said === 'string' ? said : JSON.stringify(said);
}

function nextAfter(status: number): string {
  if (status === 404) return ' Check the owner (a group begins with @), the project and the address.';
  if (status === 429) return ' It was asked too often: try again later.';
  return status >= 500 ? ' The fault is on its side: try again later.' : '';
}

/** The answer in its shape; `from` is for the message. Throws ImportError `answer`. */
export function checkAnswer<T extends z.ZodType>(schema: T, answer: unknown, from: string): z.output<T> {
  const checked = schema.safeParse(answer);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const place = issue === undefined ? '' : ` at ${issue.path.map(String).join('.') || 'its root'}: ${issue.message}`;
  throw new ImportError('answer', oneLine(`${from} is not what Copr's API 3 answers${place}.`));
}

/** Undefined when it is no JSON. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
