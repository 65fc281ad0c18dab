// Writes what the headers of a build's packages say beside them, for pages and for programs: `packages.json`. It says
// the same after the packages were signed again.
import { hash } from 'node:crypto';
import { join } from 'node:path';
import {
  type Artifact,
  binaryPackages,
  maximumPackageHeadersBytes,
  type PackageHeader,
  type PackageHeaders,
  packageHeadersFile,
  packageHeadersSchema,
  parseNevra,
  type Result,
} from '@coppice/config';
import { replaceFile } from '../base/replace-file.ts';
import { describeHeader, headerLimits } from '../rpm/describe-header.ts';
import { readHeaderStore } from '../rpm/rpm-header.ts';

/** Fewer and fewer of a package's files, relations and lines, until what is told of it fits. */
const parts = [1, 1 / 4, 1 / 16, 1 / 64, 0] as const;
/** What stands around the packages. */
const aroundBytes = 200;

/**
 * Writes the file into `folder`, which holds the artifacts of a build of the project's package `name`; resolves with
 * how the record names it. Throws RpmHeaderError and what the file system throws.
 */
export async function writePackageHeaders(
  folder: string,
  artifacts: readonly Artifact[],
  name: string,
): Promise<NonNullable<Result['packageHeaders']>> {
  const files = inOrder(artifacts, name);
  // Read twice, rather than all kept: there may be thousands.
  const sizes: number[] = [];
  for (const file of files) sizes.push(bytesOf(describeHeader(await readHeaderStore(join(folder, file)))));
  const shares = shareBytes(sizes, maximumPackageHeadersBytes - aroundBytes);
  const packages: PackageHeader[] = [];
  for (const [index, file] of files.entries()) {
    const told = await describeWithin(join(folder, file), shares[index] ?? 0);
    if (told !== undefined) packages.push(told);
  }
  const all: PackageHeaders = { schemaVersion: 1, packages, packagesLeft: files.length - packages.length };
  const text = `${JSON.stringify(packageHeadersSchema.parse(all))}\n`;
  await replaceFile(join(folder, packageHeadersFile), text, { sync: false });
  return { file: packageHeadersFile, bytes: Buffer.byteLength(text), sha256: hash('sha256', text) };
}

/** Files of binary packages, those of the package that people come for first, debug information last. */
function inOrder(artifacts: readonly Artifact[], name: string): readonly string[] {
  const names = binaryPackages(artifacts, name);
  const rankOf = ({ nevra }: Artifact) => names.indexOf(parseNevra(nevra)?.name ?? '');
  const isBinary = ({ nevra }: Artifact) => !/\.(?:no)?src$/.test(nevra);
  return artifacts
    .filter(isBinary)
    .toSorted((one, other) => rankOf(one) - rankOf(other) || (one.file < other.file ? -1 : 1))
    .map(({ file }) => file);
}

async function describeWithin(path: string, bytes: number): Promise<PackageHeader | undefined> {
  const header = await readHeaderStore(path);
  for (const part of parts) {
    const limits = Object.entries(headerLimits).map(([of, most]) => [of, Math.floor(most * part)]);
    const told = describeHeader(header, Object.fromEntries(limits) as typeof headerLimits);
    if (bytesOf(told) <= bytes) return told;
  }
  return undefined;
}

function bytesOf(told: PackageHeader): number {
  return Buffer.byteLength(JSON.stringify(told)) + 1;
}

/** How many of `total` bytes each may take: what small ones leave is for large ones, which get the same each. Pure. */
export function shareBytes(sizes: readonly number[], total: number): readonly number[] {
  const shares = sizes.map(() => 0);
  let left = total;
  const bySize = sizes.map((size, index) => ({ size, index })).toSorted((one, other) => one.size - other.size);
  for (const [done, { size, index }] of bySize.entries()) {
    const share = Math.min(size, Math.floor(left / (sizes.length - done)));
    shares[index] = share;
    left -= share;
  }
  return shares;
}
