// The bill of materials of a build: CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/. What stands in the headers of
// its packages, and what was installed in its buildroot. Pure. It takes some 80 ms to load: see attest.ts.
import { hash } from 'node:crypto';
import {
  type Artifact,
  type BuildPlace,
  type BuildrootList,
  type ChrootName,
  chrootOf,
  formatNevra,
  published,
} from '@coppice/config';
import { Factories } from '@cyclonedx/cyclonedx-library/Contrib/License';
import {
  ComponentScope,
  ComponentType,
  ExternalReferenceType,
  HashAlgorithm,
} from '@cyclonedx/cyclonedx-library/Enums';
import {
  Bom,
  Component,
  ExternalReference,
  HashDictionary,
  Metadata,
  OrganizationalEntity,
  Property,
  Tool,
} from '@cyclonedx/cyclonedx-library/Models';
import { JSON as Json, JsonSerializer } from '@cyclonedx/cyclonedx-library/Serialize';
import { Spec1dot6 } from '@cyclonedx/cyclonedx-library/Spec';
import parseExpression from 'spdx-expression-parse';
import type { PackageFacts } from '../rpm/package-facts.ts';
import { packageUrl } from './package-url.ts';

/** Whose bill it is. */
export interface SbomBuild {
  /** Public address of the service, without a slash at the end. */
  readonly url: string;
  /** Of Coppice. */
  readonly version: string;
  readonly engine: { readonly name: string; readonly version: string };
  readonly place: BuildPlace;
  readonly chroot: ChrootName;
  readonly at: Date;
}

/** A package that was made, and what its header says. */
export interface SbomPackage {
  readonly artifact: Artifact;
  readonly facts: PackageFacts;
}

/** The bill as JSON. Texts of headers are bounded by `readPackageFacts`; whoever shows them escapes them. */
export function makeSbom(
  build: SbomBuild,
  packages: readonly SbomPackage[],
  buildroot: BuildrootList | undefined,
): string {
  const made = packages.map((one) => ({ ...one, component: madeComponent(build, one) }));
  const inBuildroot = buildrootComponents(build, buildroot);
  const main = made.find(({ facts }) => facts.nevra.architecture === 'src')?.component;
  const binaries = made.filter(({ component }) => component !== main);
  const byName = new Map(binaries.map(({ facts, component }) => [facts.nevra.name, component]));
  for (const { facts, component } of binaries) {
    for (const required of facts.requires) {
      const other = byName.get(required.split(/[ (]/, 1)[0] ?? '');
      if (other !== undefined && other !== component) component.dependencies.add(other.bomRef);
    }
  }
  for (const one of inBuildroot) main?.dependencies.add(one.bomRef);
  const bom = new Bom({ serialNumber: serialNumber(build), metadata: metadataOf(build, buildroot) });
  if (main !== undefined) bom.metadata.component = main;
  for (const { component } of binaries) bom.components.add(component);
  for (const one of inBuildroot) bom.components.add(one);
  return `${new JsonSerializer(new Json.Normalize.Factory(Spec1dot6)).serialize(bom, { sortLists: false })}\n`;
}

function metadataOf({ url, version, engine, place, at }: SbomBuild, buildroot: BuildrootList | undefined): Metadata {
  const project = `${url}/${published.projectPage(place.owner, place.project)}`;
  const metadata = new Metadata({
    timestamp: at,
    supplier: new OrganizationalEntity({ name: `${place.owner}/${place.project}`, url: new Set([project]) }),
  });
  metadata.tools.tools.add(new Tool({ name: 'Coppice', version }));
  metadata.tools.tools.add(new Tool({ name: engine.name, version: engine.version }));
  metadata.properties.add(new Property('coppice:build', String(place.id)));
  const known = buildroot === undefined ? 'unknown' : buildroot.left === 0 ? 'complete' : `without ${buildroot.left}`;
  metadata.properties.add(new Property('coppice:buildroot', known));
  return metadata;
}

/** An RPM of the build, with all that its header says. */
function madeComponent({ url, place, chroot }: SbomBuild, { artifact, facts }: SbomPackage): Component {
  const { nevra, license, vendor, packager, summary, requires, requiresLeft } = facts;
  const repository = `${url}/${published.repository(place.owner, place.project, chroot)}`;
  const component = new Component(ComponentType.Library, nevra.name, {
    bomRef: artifact.file,
    version: versionOf(nevra),
    purl: packageUrl(nevra, distributionOf(chroot), repository),
    hashes: new HashDictionary([[HashAlgorithm['SHA-256'], artifact.sha256]]),
    ...(summary === undefined ? {} : { description: summary }),
    ...(vendor === undefined ? {} : { supplier: new OrganizationalEntity({ name: vendor }) }),
    ...(packager === undefined ? {} : { publisher: packager }),
  });
  if (license !== undefined) component.licenses.add(licenses.makeFromString(license));
  const file = `${url}/${published.chrootBuild(place, chroot)}/${artifact.file}`;
  component.externalReferences.add(new ExternalReference(file, ExternalReferenceType.Distribution));
  const website = webAddress(facts.url);
  if (website !== undefined) {
    component.externalReferences.add(new ExternalReference(website, ExternalReferenceType.Website));
  }
  for (const required of requires) component.properties.add(new Property('rpm:requires', required));
  if (requiresLeft > 0) component.properties.add(new Property('rpm:requires-left-out', String(requiresLeft)));
  return component;
}

/** What the build was made with; none of it is in the packages unless they were linked with it. */
function buildrootComponents({ chroot }: SbomBuild, buildroot: BuildrootList | undefined): readonly Component[] {
  return (buildroot?.packages ?? []).map(({ nevra, sigmd5 }) => {
    const component = new Component(ComponentType.Library, nevra.name, {
      bomRef: `buildroot/${formatNevra(nevra)}`,
      version: versionOf(nevra),
      purl: packageUrl(nevra, distributionOf(chroot)),
      scope: ComponentScope.Excluded,
    });
    if (sigmd5 !== undefined) component.properties.add(new Property('rpm:sigmd5', sigmd5));
    return component;
  });
}

/** An SPDX identifier, an SPDX expression, or a name of the packager's own. */
const licenses = new Factories.LicenseFactory((text) => void parseExpression(text));

function versionOf({ epoch, version, release }: PackageFacts['nevra']): string {
  return `${epoch === 0 ? '' : `${epoch}:`}${version}-${release}`;
}

function distributionOf(chroot: ChrootName): string {
  const { distribution, release } = chrootOf(chroot);
  return `${distribution}-${release}`;
}

function webAddress(text: string | undefined): string | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const { protocol, href } = new URL(text);
  return protocol === 'https:' || protocol === 'http:' ? href : undefined;
}

/** The same for the same build of the same service: a UUID of the kind that is made by own rules (RFC 9562, 8). */
function serialNumber({ url, place, chroot }: SbomBuild): string {
  const digits = hash('sha256', `${url}/${published.chrootBuild(place, chroot)}`);
  const parts = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `a${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ];
  return `urn:uuid:${parts.join('-')}`;
}
