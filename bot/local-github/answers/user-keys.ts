// The public SSH keys of people, which the emulator does not know.
// https://docs.github.com/en/rest/users/keys
import type { KeptState, KeptUserKey } from '../state/kept-state.ts';
import { type BridgeContext, notFound, pageOf, type Route, refusal } from './api.ts';

export function userKeyRoutes(context: BridgeContext, state: KeptState): Route[] {
  const own = (key: KeptUserKey) => ({
    id: key.id,
    key: key.key,
    url: `${context.apiUrl}/user/keys/${key.id}`,
    title: key.title,
    verified: true,
    created_at: key.createdAt,
    read_only: false,
  });
  return [
    {
      method: 'GET',
      pattern: '/users/:login/keys',
      async answer(request, params) {
        if ((await context.ask('GET', `/users/${encodeURIComponent(params.login ?? '')}`)).status !== 200) {
          return notFound();
        }
        const keys = state.userKeys.filter(({ login }) => login.toLowerCase() === params.login?.toLowerCase());
        const page = pageOf(request, context.apiUrl + request.path, keys);
        return { status: 200, body: page.items.map(({ id, key }) => ({ id, key })), headers: page.headers };
      },
    },
    {
      method: 'GET',
      pattern: '/user/keys',
      async answer(request) {
        const login = context.loginOf(request.identity);
        const page = pageOf(
          request,
          context.apiUrl + request.path,
          state.userKeys.filter((key) => key.login === login),
        );
        return { status: 200, body: page.items.map(own), headers: page.headers };
      },
    },
    {
      method: 'POST',
      pattern: '/user/keys',
      async answer({ body, identity }) {
        const { key: text, title } = body;
        const key = typeof text === 'string' ? text.trim().split(/\s+/).slice(0, 2).join(' ') : '';
        if (!/^(ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/]{16,}={0,2}$/.test(key)) return invalid('key is invalid');
        if (state.userKeys.some((one) => one.key === key)) return invalid('key is already in use');
        const made: KeptUserKey = {
          id: state.nextId,
          login: context.loginOf(identity),
          key,
          title: typeof title === 'string' ? title : '',
          createdAt: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
        };
        state.nextId += 1;
        state.userKeys.push(made);
        context.changed();
        return { status: 201, body: own(made) };
      },
    },
    {
      method: 'DELETE',
      pattern: '/user/keys/:id',
      async answer({ identity }, params) {
        const login = context.loginOf(identity);
        const at = state.userKeys.findIndex((key) => String(key.id) === params.id && key.login === login);
        if (at === -1) return notFound();
        state.userKeys.splice(at, 1);
        context.changed();
        return { status: 204, body: undefined };
      },
    },
  ];
}

function invalid(message: string) {
  const errors = [{ resource: 'PublicKey', code: 'custom', field: 'key', message }];
  return refusal(422, 'Validation Failed', { errors });
}
