// Requests as tests and measurements need them: complete, of a usual size, and different only in what matters there.
import { type BuildRequest, type ChrootName, plainBuildroot } from '@coppice/config';

/** A request of about 600 bytes for one chroot; `changes` says what matters. */
export function requestForTests(changes: Partial<BuildRequest> = {}): BuildRequest {
  return {
    owner: 'acme',
    project: 'tools',
    package: 'hello',
    source: {
      type: 'git',
      url: 'https://github.com/acme/hello.git',
      ref: 'v2.12',
      commit: '0123456789abcdef0123456789abcdef01234567',
      spec: 'hello.spec',
    },
    chroots: chrootsForTests('sapling-12-x86_64'),
    after: [],
    afterBuilds: [],
    timeoutSeconds: 3600,
    memoryBytes: null,
    background: false,
    diskBytes: 10_000_000_000,
    sourceBytes: 100_000_000,
    repos: [],
    requestedBy: 'octocat',
    request: 'https://github.com/acme/packages/issues/1#issuecomment-1',
    configCommit: 'fedcba9876543210fedcba9876543210fedcba98',
    batch: 'b1',
    ...changes,
  };
}

/** The `chroots` of a request. */
export function chrootsForTests(...names: readonly string[]): BuildRequest['chroots'] {
  return names.map((name) => ({
    chroot: name as ChrootName,
    inputDigest: `digest-of-${name}`,
    buildroot: plainBuildroot,
  }));
}
