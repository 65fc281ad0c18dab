// Tells who is asking. The emulator takes any unknown token for a real user, so every token is judged here.
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { Permissions } from '../state/registration.ts';
import { type Identity, tokenOf, USERS } from '../state/users.ts';
import { type ApiAnswer, refusal } from './api.ts';

export interface Tokens {
  /** `Authorization` header → who it is; undefined when the credentials are bad (401). */
  identify(authorization: string | undefined): Identity | undefined;
  /** What GitHub answers to credentials that are bad. */
  refuse(authorization: string | undefined): ApiAnswer;
  /** A new installation token, as answered to the app, with what it may do; `expiresAt` in milliseconds. */
  remember(token: string, expiresAt: number, permissions: Permissions): void;
  /** Ends all tokens of installations, as at a suspension. */
  revoke(): void;
}

export function createTokens(appId: number, privateKeyPem: string, now: () => number): Tokens {
  const publicKey = createPublicKey(privateKeyPem);
  const users = new Map(
    Object.entries(USERS).map(([login, permission]) => {
      const token = tokenOf(login);
      return [token, { kind: 'user', login, permission, token } as const];
    }),
  );
  const installations = new Map<string, { readonly expiresAt: number; readonly permissions: Permissions }>();
  return {
    identify(authorization) {
      if (!authorization) return { kind: 'anonymous' };
      const token = readToken(authorization);
      if (token === undefined) return undefined;
      const user = users.get(token);
      if (user) return user;
      const known = installations.get(token);
      if (known !== undefined) {
        const { expiresAt, permissions } = known;
        return expiresAt > now() ? { kind: 'installation', token, permissions } : undefined;
      }
      return isAppJwt(token, appId, publicKey, now() / 1000) ? { kind: 'app', token } : undefined;
    },
    refuse(authorization) {
      const claims = claimsOf(readToken(authorization ?? '') ?? '');
      if (claims === undefined) return refusal(401, 'Bad credentials');
      if (String(claims.iss) !== String(appId)) return refusal(404, 'Integration not found');
      return refusal(401, 'A JSON web token could not be decoded');
    },
    remember(token, expiresAt, permissions) {
      for (const [old, known] of installations) if (known.expiresAt <= now()) installations.delete(old);
      installations.set(token, { expiresAt, permissions });
    },
    revoke: () => {
      for (const [token, known] of installations) installations.set(token, { ...known, expiresAt: 0 });
    },
  };
}

/** Bearer and token as Octokit sends them; Basic as git sends it, with the token as the password (or as the user). */
function readToken(authorization: string): string | undefined {
  const [, scheme, value] = /^(bearer|token|basic)\s+(\S+)$/i.exec(authorization.trim()) ?? [];
  if (!scheme || !value) return undefined;
  if (scheme.toLowerCase() !== 'basic') return value;
  const [user, ...password] = Buffer.from(value, 'base64').toString('utf8').split(':');
  return password.join(':') || user || undefined;
}

/**
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 */
function isAppJwt(token: string, appId: number, key: KeyObject, nowSeconds: number): boolean {
  const [head, body, mark, more] = token.split('.');
  if (!head || !body || !mark || more !== undefined) return false;
  try {
    const header = decode(head);
    const claims = decode(body);
    if (header.alg !== 'RS256' || String(claims.iss) !== String(appId)) return false;
    if (typeof claims.exp !== 'number' || claims.exp <= nowSeconds || claims.exp > nowSeconds + 11 * 60) return false;
    return verify('RSA-SHA256', Buffer.from(`${head}.${body}`), key, Buffer.from(mark, 'base64url'));
  } catch {
    // Not JSON, so not a token of ours.
    return false;
  }
}

/** What a JSON web token claims, whoever signed it; undefined for what is none. */
function claimsOf(token: string): Record<string, unknown> | undefined {
  const [, body, mark] = token.split('.');
  if (!body || !mark) return undefined;
  try {
    return decode(body);
  } catch {
    // Not JSON, so no token of that kind.
    return undefined;
  }
}

/** A token by which the context itself speaks as the app, for nine minutes. */
export function signAppJwt(appId: number, privateKeyPem: string, nowSeconds: number): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: String(appId), iat: Math.floor(nowSeconds) - 30, exp: Math.floor(nowSeconds) + 540 };
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), privateKeyPem).toString('base64url')}`;
}

function decode(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
}
