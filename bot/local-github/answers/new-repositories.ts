// Repositories that people make: in the organisation, or of their own. The emulator knows that they are there, a bare
// repository holds what is in them. https://docs.github.com/en/rest/repos/repos#create-an-organization-repository
import { gitIn } from '../git/git-in.ts';
import type { KeptState } from '../state/kept-state.ts';
import { isOrganizations } from '../state/users.ts';
import { type ApiAnswer, type ApiRequest, type BridgeContext, type Route, refusal } from './api.ts';

export function newRepositoryRoutes(context: BridgeContext, state: KeptState): Route[] {
  const answer = (request: ApiRequest) => makeRepository(context, state, request);
  return [
    { method: 'POST', pattern: '/orgs/:org/repos', answer },
    { method: 'POST', pattern: '/user/repos', answer },
  ];
}

async function makeRepository(context: BridgeContext, state: KeptState, request: ApiRequest): Promise<ApiAnswer> {
  const { path, body, identity } = request;
  if (typeof body.name !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(body.name))
    return refusal(422, 'Repositories have names of letters, digits, `.`, `_` and `-` here.');
  // The emulator's own first commit stands for all of Git, which it never sees.
  const answer = await context.ask('POST', path, { ...body, auto_init: true }, identity);
  if (answer.status !== 201) return answer;
  const made = answer.body as { full_name: string; private?: boolean };
  const folder = await context.repositories.create(made.full_name);
  if (body.auto_init === true) await commitReadme(folder, body.name, context.loginOf(identity));
  if (!isOrganizations(made.full_name)) {
    state.forks.push({ fullName: made.full_name, parent: null, private: made.private === true, gone: false });
    context.changed();
  }
  return answer;
}

/** What GitHub puts in when it is asked for a first commit. */
async function commitReadme(folder: string, name: string, login: string): Promise<void> {
  const git = gitIn(folder, {
    config: [
      ['user.name', login],
      ['user.email', `${login}@users.noreply.github.com`],
    ],
  });
  const blob = await git.text(['hash-object', '-w', '--stdin'], `# ${name}\n`);
  const tree = await git.text(['mktree'], `100644 blob ${blob}\tREADME.md\n`);
  const commit = await git.text(['commit-tree', '-m', 'Initial commit', tree]);
  await git.text(['update-ref', 'refs/heads/main', commit]);
}
