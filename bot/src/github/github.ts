// What the bot asks of GitHub, one function a call; all as the app's installation on the config repo.
import type { ProbotOctokit } from 'probot';
import { createAnswerMemory } from './answer-memory.ts';
import { type CheckCalls, checkCalls } from './checks.ts';
import { type CommentCalls, commentCalls } from './comments.ts';
import { createInstallation, type Installation } from './installation.ts';
import { type IssueCalls, issueCalls } from './issues.ts';
import type { RateGate } from './rate-limit.ts';
import { type RepositoryCalls, repositoryCalls } from './repository.ts';
import { type TeamCalls, teamCalls } from './teams.ts';

/**
 * All methods reject with RateLimited while GitHub takes no requests, and with Octokit's RequestError when it says no.
 */
export interface Github
  extends RepositoryCalls,
    CommentCalls,
    CheckCalls,
    IssueCalls,
    TeamCalls,
    Pick<Installation, 'identity' | 'token' | 'forgetToken' | 'check'> {}

/**
 * `app` authenticates as the app itself; `repository` is owner/name. Every request but that for a token passes the
 * gate.
 */
export function createGithub(app: () => Promise<ProbotOctokit>, repository: string, gate: RateGate): Github {
  const [owner = '', repo = ''] = repository.split('/');
  const place = { owner, repo };
  const installation = createInstallation(app, place, gate);
  const calls = { place, ours: installation.client, unlessChanged: createAnswerMemory() };
  const { identity, token, forgetToken, check } = installation;
  return {
    ...repositoryCalls(calls),
    ...commentCalls(calls),
    ...checkCalls(calls),
    ...issueCalls(calls, installation),
    ...teamCalls(calls),
    ...{ identity, token, forgetToken, check },
  };
}
