// Effects: reads what the headers of a build's packages say, from beside its record.
import { join } from 'node:path';
import { maximumPackageHeadersBytes, type PackageHeaders, packageHeadersSchema, parseJsonAs } from '@coppice/config';
import { readRegularFile } from './regular-file.ts';
import type { ChrootRun } from './site-model.ts';

/** Undefined where there is none, or none that can be used. `folder` is `published/`. */
export async function readHeaders(
  folder: string,
  { folder: of, packageHeaders }: Pick<ChrootRun, 'folder' | 'packageHeaders'>,
): Promise<PackageHeaders | undefined> {
  // The record names a file beside it.
  if (packageHeaders === undefined || !/^[\w.-]+\.json$/.test(packageHeaders.file)) return undefined;
  const read = await readRegularFile(join(folder, of, packageHeaders.file), maximumPackageHeadersBytes);
  const parsed = read.kind === 'text' ? parseJsonAs(read.text, packageHeadersSchema) : undefined;
  return parsed?.kind === 'value' ? parsed.value : undefined;
}
