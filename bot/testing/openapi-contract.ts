// Checks requests, answers and webhooks against GitHub's own OpenAPI description, so that nothing is tuned to an
// emulator.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

interface Exchange {
  readonly method: string;
  /** Below the API's root: `/repos/acme/packages/issues/1`. */
  readonly path: string;
  /** As in the address, with or without the question mark. */
  readonly query?: string;
  readonly requestBody?: unknown;
  readonly status: number;
  readonly responseBody?: unknown;
}

export interface Contract {
  /** What in an exchange GitHub does not describe, one line each; empty when all is well. */
  check(exchange: Exchange): string[];
  /** Whether a GitHub App's installation may ask this; undefined when GitHub has no such operation. */
  servesApps(method: string, path: string): boolean | undefined;
  /** As `check`, for a webhook's payload; `action` is undefined for `push` and its like. */
  checkWebhook(event: string, payload: Readonly<Record<string, unknown>>): string[];
}

type Schema = Record<string, unknown>;
interface Operation {
  readonly 'x-github'?: { readonly enabledForGitHubApps?: boolean };
  readonly parameters?: readonly Schema[];
  readonly requestBody?: { readonly required?: boolean; readonly content?: Content };
  readonly responses: Readonly<Record<string, Schema>>;
}
type Content = Readonly<Record<string, { readonly schema: Schema }>>;
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Schema;
  readonly 'x-webhooks': Readonly<Record<string, { readonly post: Operation }>>;
}

const ROOT = 'github';

/** Loads the description (13 MB, about 0.3 s); each schema is compiled when it is first needed. */
export function createContract(): Contract {
  const file = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json');
  const description = JSON.parse(readFileSync(file, 'utf8')) as Description;
  const ajv = new Ajv({ strict: false, allErrors: true, inlineRefs: false, validateSchema: false });
  formats.default(ajv);
  // Names that GitHub's description uses beside the standard ones.
  for (const name of ['repo.nwo', 'timestamp', 'ip', 'ssh-key']) ajv.addFormat(name, true);
  ajv.addSchema({ $id: ROOT, components: toJsonSchema(description.components) });
  const compiled = new Map<string, ValidateFunction>();
  const templates = Object.keys(description.paths).map((template) => ({ template, parts: template.split('/') }));

  function violations(key: string, schema: () => Schema, value: unknown, what: string): string[] {
    let validate = compiled.get(key);
    if (!validate) {
      validate = ajv.compile(toJsonSchema(schema(), ROOT) as Schema);
      compiled.set(key, validate);
    }
    if (validate(value)) return [];
    return (validate.errors ?? [])
      .filter((error) => !['anyOf', 'oneOf', 'if'].includes(error.keyword) || (validate.errors ?? []).length === 1)
      .map((error) => `${key} ${what}${error.instancePath}: ${error.message} ${JSON.stringify(error.params)}`);
  }

  function resolve(part: Schema): Schema {
    const ref = part.$ref;
    if (typeof ref !== 'string') return part;
    let found: unknown = description;
    for (const step of ref.slice(2).split('/')) found = (found as Schema)[step];
    return resolve(found as Schema);
  }

  return {
    check(exchange) {
      const method = exchange.method.toLowerCase();
      const template = findTemplate(templates, exchange.path);
      const operation = template === undefined ? undefined : description.paths[template]?.[method];
      if (!template || !operation) return [`${exchange.method} ${exchange.path}: GitHub has no such operation`];
      const name = `${exchange.method} ${template}`;
      const wanted = operation.requestBody?.content?.['application/json']?.schema;
      const found: string[] = [];
      if (wanted && (exchange.requestBody !== undefined || operation.requestBody?.required)) {
        found.push(...violations(`${name} request`, () => wanted, exchange.requestBody, 'body'));
      }
      found.push(...unknownQueries(operation, exchange, name));
      const answer = operation.responses[String(exchange.status)];
      if (!answer) {
        // GitHub describes only some of its refusals; every operation can be refused.
        if (exchange.status < 400) found.push(`${name}: GitHub does not answer with ${exchange.status}`);
        return found;
      }
      const schema = (resolve(answer).content as Content | undefined)?.['application/json']?.schema;
      if (schema) {
        found.push(...violations(`${name} ${exchange.status}`, () => schema, exchange.responseBody, 'answer'));
      } else if (exchange.responseBody !== undefined) found.push(`${name} ${exchange.status}: has no body at GitHub`);
      return found;
    },
    servesApps(method, path) {
      const template = findTemplate(templates, path);
      const operation = template === undefined ? undefined : description.paths[template]?.[method.toLowerCase()];
      return operation?.['x-github']?.enabledForGitHubApps;
    },
    checkWebhook(event, payload) {
      const dashed = event.replaceAll('_', '-');
      const name = payload.action === undefined ? dashed : `${dashed}-${String(payload.action).replaceAll('_', '-')}`;
      const schema = description['x-webhooks'][name]?.post.requestBody?.content?.['application/json']?.schema;
      if (!schema) return [`GitHub sends no webhook ${name}`];
      return violations(`webhook ${name}`, () => schema, payload, 'payload');
    },
  };

  function unknownQueries(operation: Operation, exchange: Exchange, name: string): string[] {
    const described = (operation.parameters ?? []).map(resolve).filter((parameter) => parameter.in === 'query');
    const found: string[] = [];
    for (const [key, text] of new URLSearchParams(exchange.query)) {
      const parameter = described.find((one) => one.name === key || one.name === `${key}[]`);
      if (!parameter) {
        found.push(`${name}: GitHub knows no query "${key}"`);
        continue;
      }
      const type = (resolve(parameter.schema as Schema).type ?? 'string') as string;
      const value = type === 'integer' ? Number(text) : type === 'boolean' ? text === 'true' : text;
      found.push(...violations(`${name} query ${key}`, () => parameter.schema as Schema, value, ''));
    }
    return found;
  }
}

/** The described path that fits best: few placeholders, many fixed parts. */
function findTemplate(templates: readonly { template: string; parts: readonly string[] }[], path: string) {
  const given = path.split('/');
  const placeholders = (parts: readonly string[]) => parts.filter((part) => part.startsWith('{')).length;
  return templates
    .filter(({ parts }) => fits(parts, given))
    .sort(
      (one, other) => placeholders(one.parts) - placeholders(other.parts) || other.parts.length - one.parts.length,
    )[0]?.template;
}

/** `{path}` and `{ref}` at the end, and `{basehead}`, may hold slashes. */
function fits(parts: readonly string[], given: readonly string[]): boolean {
  const last = parts.at(-1) ?? '';
  const open = /^\{(path|ref|basehead)\}$/.test(last);
  if (open ? given.length < parts.length : given.length !== parts.length) return false;
  return parts.every((part, at) => part.startsWith('{') || part === given[at]);
}

/** OpenAPI 3.0 to JSON Schema: `nullable` becomes a type; references point into `root` where one is named. */
function toJsonSchema(value: unknown, root = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => toJsonSchema(one, root));
  if (value === null || typeof value !== 'object') return value;
  const made: Schema = {};
  for (const [key, part] of Object.entries(value)) {
    if (key === 'example' || key === 'examples' || key === 'nullable') continue;
    made[key] = key === '$ref' && root !== '' ? `${root}${part as string}` : toJsonSchema(part, root);
  }
  // A slip in `GET /app/installations`: an account that is a user and an enterprise at once. `installation` has it
  // right.
  if (isUserAndEnterprise(made.allOf)) {
    made.anyOf = made.allOf;
    delete made.allOf;
  }
  if ((value as Schema).nullable !== true) return made;
  if (Array.isArray(made.enum) && !made.enum.includes(null)) made.enum = [...made.enum, null];
  if (typeof made.type === 'string') return { ...made, type: [made.type, 'null'] };
  return { anyOf: [made, { type: 'null' }] };
}

function isUserAndEnterprise(parts: unknown): boolean {
  return Array.isArray(parts) && parts.map((part: Schema) => part.title).join() === 'Simple User,Enterprise';
}
