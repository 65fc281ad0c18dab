// Whether a webhook has the shape that its event has: what is signed by somebody else with the secret, or comes from a
// GitHub that has changed, is refused in a sentence, not by a fault of the code that reads it. Pure.
import { z } from 'zod';

/** GitHub's own hold a dozen. */
const maximumDepth = 100;

const user = z.looseObject({ login: z.string() });
const account = z.looseObject({ login: z.string(), id: z.number() });
const repository = z.looseObject({ id: z.number(), full_name: z.string(), default_branch: z.string() });
const text = z.looseObject({ id: z.number(), body: z.string().nullish(), user: user.nullish() });
const described = z.looseObject({ number: z.number(), body: z.string().nullish(), user: user.nullish() });
/** Of what was edited, and how it was before. */
const changes = z.looseObject({ body: z.looseObject({ from: z.string().nullish() }).optional() });
const edited = { changes: changes.optional() };
const every = { repository, sender: user.optional(), installation: z.looseObject({ id: z.number() }).optional() };

/** What is read of each event; of others nothing is. */
const events: ReadonlyMap<string, z.ZodType> = new Map(
  Object.entries({
    push: {
      ...{ ref: z.string(), after: z.string(), deleted: z.boolean().optional() },
      pusher: z.looseObject({ name: z.string().nullish() }).nullish(),
    },
    issues: { issue: described, ...edited },
    issue_comment: {
      issue: described,
      comment: text.extend({ body: z.string(), html_url: z.string(), created_at: z.string() }),
      ...edited,
    },
    pull_request: {
      pull_request: described.extend({ base: z.looseObject({ ref: z.string() }) }),
      changes: changes
        .extend({ base: z.looseObject({ ref: z.looseObject({ from: z.string() }) }).optional() })
        .optional(),
    },
    pull_request_review: { review: text, pull_request: described, ...edited },
    pull_request_review_comment: { comment: text, pull_request: described, ...edited },
    commit_comment: { comment: text.extend({ commit_id: z.string() }) },
    merge_group: { repository: repository.optional(), merge_group: z.looseObject({ head_sha: z.string() }) },
    check_run: {
      sender: account,
      check_run: z.looseObject({
        ...{ id: z.number(), head_sha: z.string(), html_url: z.string().nullish(), external_id: z.string().nullish() },
      }),
      requested_action: z.looseObject({ identifier: z.string().optional() }).nullish(),
    },
    check_suite: { sender: account, check_suite: z.looseObject({ head_sha: z.string() }) },
  } satisfies Record<string, z.ZodRawShape>).map(([event, shape]) => [event, z.looseObject({ ...every, ...shape })]),
);
const other = z.looseObject({});

/** What is wrong with the payload of an event, as a sentence without its full stop; undefined when nothing is. */
export function judgePayload(event: string, payload: string): string | undefined {
  if (isTooDeep(payload)) return `the payload is nested more than ${maximumDepth} deep`;
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return 'the payload is not JSON';
  }
  const { error } = (events.get(event) ?? other).safeParse(value);
  if (error === undefined) return undefined;
  const [first] = error.issues;
  const place = first === undefined || first.path.length === 0 ? 'it' : first.path.join('.');
  return `the payload is not what GitHub sends for this event: ${place} is missing or of another kind`;
}

function isTooDeep(payload: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < payload.length; at += 1) {
    const letter = payload[at];
    if (inString) {
      if (letter === '\\') at += 1;
      else inString = letter !== '"';
    } else if (letter === '"') inString = true;
    else if (letter === '{' || letter === '[') {
      depth += 1;
      if (depth > maximumDepth) return true;
    } else if (letter === '}' || letter === ']') depth -= 1;
  }
  return false;
}
