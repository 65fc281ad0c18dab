// copr-cli as its source does it (python/copr/v3 and cli/copr_cli of https://github.com/fedora-copr/copr, commit
// 5d37cd83), for what it only reads: the requests, what it takes of the answers, and when a list ends. What the source
// would fall over is an error here, too.

// biome-ignore lint/suspicious/noExplicitAny: JSON as Python gives it, whose shape the source never checks
type Json = any;

interface CoprList {
  readonly items: readonly Json[];
  readonly meta: Json;
  readonly address: string;
}

/** CoprNoResultException, CoprRequestException: what the user is told. */
export class CoprError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A configuration needs no more than `copr_url`. */
export function coprCli(coprUrl: string) {
  const send = async (endpoint: string, params: Readonly<Record<string, unknown>> = {}): Promise<[Json, string]> => {
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(params)) {
      // requests leaves out None, and writes booleans as Python does.
      if (value === undefined) continue;
      query.append(key, value === true ? 'True' : value === false ? 'False' : String(value));
    }
    const asked = query.size === 0 ? '' : `?${query}`;
    const address = `${coprUrl}/api_3/${endpoint.replace(/^\/+|\/+$/g, '')}${asked}`;
    return [await jsonOf(address), address];
  };
  const get = async (endpoint: string, params?: Readonly<Record<string, unknown>>): Promise<Json> =>
    (await send(endpoint, params))[0];
  const list = async (endpoint: string, params: Readonly<Record<string, unknown>>): Promise<CoprList> => {
    const [data, address] = await send(endpoint, params);
    return { items: need(data, 'items'), meta: need(data, 'meta'), address };
  };
  /** copr.v3.pagination.next_page. */
  const nextPage = async ({ meta, address }: CoprList): Promise<CoprList> => {
    const url = new URL(address);
    url.searchParams.set('offset', String(need(meta, 'offset') + need(meta, 'limit')));
    const data = await jsonOf(url.href);
    return { items: need(data, 'items'), meta: need(data, 'meta'), address: url.href };
  };
  /** `while packages: … packages = next_page(packages)`; more requests than `most` count as a loop. */
  const all = async (first: CoprList, most = 50): Promise<readonly Json[]> => {
    const items: Json[] = [];
    for (let page = first; page.items.length > 0; page = await nextPage(page)) {
      items.push(...page.items);
      most -= 1;
      if (most === 0) throw new Error(`The list does not end: ${page.address}`);
    }
    return items;
  };
  const withBuilds = (item: Json) => {
    const builds = need(item, 'builds');
    return { ...item, latest_build: builds.latest, latest_succeeded_build: builds.latest_succeeded };
  };

  return {
    /** What `print_project_info` prints. */
    async list(ownername: string) {
      const { items } = await list('/project/list', { ownername });
      return items.map(projectInfo);
    },
    async get(ownername: string, projectname: string) {
      return projectInfo(await get('/project', { ownername, projectname }));
    },
    async getPackage(ownername: string, projectname: string, packagename: string) {
      const asked = {
        ownername,
        projectname,
        packagename,
        with_latest_build: true,
        with_latest_succeeded_build: false,
      };
      return withBuilds(await get('/package', asked));
    },
    async listPackages(ownername: string, projectname: string) {
      const asked = {
        ownername,
        projectname,
        with_latest_build: false,
        with_latest_succeeded_build: true,
        limit: 1000,
      };
      return (await all(await list('/package/list', asked))).map(withBuilds);
    },
    /** The rows that it prints. */
    async listBuilds(ownername: string, projectname: string, limit = 1000) {
      const first = await list('/build/list', { ownername, projectname, limit });
      return (await all(first)).map((build) => [need(build, 'id'), build.source_package.name, need(build, 'state')]);
    },
    async monitor(ownername: string, projectname: string, dirname?: string) {
      const data = await get('/monitor', { ownername, projectname, project_dirname: dirname });
      return (need(data, 'packages') as readonly Json[]).flatMap((one) =>
        Object.entries<Json>(one.chroots).map(([chroot, about]) => [one.name, chroot, about.build_id, about.state]),
      );
    },
    async status(id: number): Promise<string> {
      return need(await get(`/build/${id}`), 'state');
    },
    /** What is fetched, by chroot; wget follows the links of each folder, and keeps no index. */
    async downloadBuild(id: number) {
      const build = await get(`/build/${id}`);
      need(build, 'repo_url');
      const chroots = await list('/build-chroot/list', { build_id: id });
      const project = await get('/project', { ownername: build.ownername, projectname: build.projectname });
      const results = await get(`/build/built-packages/${id}`);
      const fetched: Record<string, readonly string[]> = {};
      for (const chroot of chroots.items) {
        if (!need(chroot, 'result_url')) continue;
        if (need(project, 'storage') === 'pulp') need(results[chroot.name], 'packages');
        const page = await (await fetch(chroot.result_url)).text();
        const links = [...page.matchAll(/href="([^"]+)"/g)].map(
          // wget takes a place in a page for the page.
          ([, href = '']) => new URL(href.replace(/#.*/, ''), chroot.result_url).href,
        );
        const inside = [...new Set(links)].filter(
          (link) => link.startsWith(chroot.result_url) && link !== chroot.result_url,
        );
        fetched[chroot.name] = inside.map((link) => decodeURIComponent(link.slice(chroot.result_url.length))).sort();
        for (const link of inside) if (!(await fetch(link)).ok) throw new Error(`Failed to download: ${link}`);
      }
      return fetched;
    },
  };
}

/** `copr.v3.requests.handle_errors`. */
async function jsonOf(address: string): Promise<Json> {
  const response = await fetch(address);
  let data: Json;
  try {
    data = JSON.parse(await response.text());
  } catch {
    throw new CoprError(response.status, 'Response is not in JSON format, there is probably a bug in the API code.');
  }
  if (data !== null && typeof data === 'object' && 'error' in data) throw new CoprError(response.status, data.error);
  return data;
}

function projectInfo(project: Json) {
  const repos = need(project, 'chroot_repos');
  return {
    name: need(project, 'name'),
    description: need(project, 'description'),
    ...{ repos, additional: need(project, 'additional_repos') },
  };
}

/** Munch raises AttributeError for what is not there. */
function need(of: Json, key: string): Json {
  if (!(key in of)) throw new TypeError(`AttributeError: ${key}`);
  return of[key];
}
