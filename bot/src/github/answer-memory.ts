// Lists of GitHub, whole, and asked for again only when they have changed.

/** Most that GitHub gives at once. */
export const perPage = 100;

interface Answered<T> {
  readonly headers: { readonly etag?: string | undefined };
  readonly data: T;
}

/** A list with the headers of its first page. Those lists begin with what changed last: the first page tells of all. */
export async function everyPage<T>(
  ask: (page: number) => Promise<Answered<readonly T[]>>,
): Promise<Answered<readonly T[]>> {
  const { headers, data } = await ask(1);
  const all = [...data];
  for (let page = 2, last = data; last.length === perPage; page += 1) {
    last = (await ask(page)).data;
    all.push(...last);
  }
  return { headers, data: all };
}

/**
 * Asks again only for what has changed: GitHub does not count an answer of 304.
 * https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests
 */
export function createAnswerMemory() {
  /** The first word of a question → the last answer to it; a question that is put in other words takes its place. */
  const answers = new Map<string, { readonly question: string; readonly etag: string; readonly data: unknown }>();
  return async <T>(question: string, ask: (headers: Record<string, string>) => Promise<Answered<T>>): Promise<T> => {
    const [subject = ''] = question.split(' ');
    const before = answers.get(subject);
    const known = before?.question === question ? before : undefined;
    try {
      const { data, headers } = await ask(known === undefined ? {} : { 'if-none-match': known.etag });
      if (headers.etag === undefined) answers.delete(subject);
      else answers.set(subject, { question, etag: headers.etag, data });
      return data;
    } catch (error) {
      if (known === undefined || (error as { status?: unknown }).status !== 304) throw error;
      return known.data as T;
    }
  };
}
