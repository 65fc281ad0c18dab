// Where a log is cut into folds: at the sections of a spec, at mock's phases, at the runs of a package manager. Pure; a
// part of the browser's script too (see markup/assets.ts).

const specSection = /^Executing\(%(prep|conf|generate_buildrequires|build|install|check|clean)\)/;
/** `2026-11-30 14:04:37,436 - Start: build setup for x.src.rpm`; without the time on the terminal of mock. */
const mockStep = /^(?:([\d-]{10} [\d:]{8},\d{3}) - )?(Start|Finish)(\(bootstrap\))?: (.{1,300})/;
const outerStep = /^(?:run|build phase\b|do_with_status\b)/;
const executed = /\bExecuting command: \['([^']{1,300})'/;
const ended = /\bChild return code was: (\d+)/;
const packageManager = /^(?:dnf|dnf5|dnf-3|dnf4|microdnf|yum|tdnf|zypper|apt-get)$/;
const managerVerb = /'(builddep|install|update|upgrade|distro-sync|groupinstall|group|remove|swap|makecache|download)'/;

export function openSections(file) {
  const rule = rules[file] ?? ofSpec;
  let title = file === 'srpm.log' ? 'Source package' : rule === ofManager ? 'Other steps' : 'Preparation';
  let wasEnded = false;
  const started = new Map();
  return {
    first: title,
    read(line) {
      const before = title;
      title = rule(line, title, wasEnded);
      wasEnded = rule === ofManager && ended.test(line);
      return { title, begins: title !== before, ...verdictOf(line, rule), ...timed(line) };
    },
  };

  /** What the step took that ends here; others may have begun and ended within it. */
  function timed(line) {
    const [, time, kind] = rule === ofMock ? (mockStep.exec(line) ?? []) : [];
    const step = time === undefined ? undefined : stepOf(line);
    if (step === undefined) return {};
    const milliseconds = Date.parse(`${time.replace(' ', 'T').replace(',', '.')}Z`);
    if (kind === 'Start') started.set(step, milliseconds);
    const from = kind === 'Finish' ? started.get(step) : undefined;
    return from === undefined ? {} : { took: { title: step, seconds: Math.max(0, milliseconds - from) / 1000 } };
  }
}

const rules = { 'state.log': ofMock, 'root.log': ofManager };

/** Which section has failed, in the words of rpmbuild; that of the line itself is `true`. */
function verdictOf(line, rule) {
  if (rule === ofManager) return Number(ended.exec(line)?.[1] ?? 0) > 0 ? { failed: true } : {};
  const [, section] = /^\s*(?:error: )?Bad exit status from \S+ \(%([a-z_]+)\)/.exec(line) ?? [];
  return section === undefined ? {} : { failed: `%${section}` };
}

function ofSpec(line, present) {
  const [, section] = specSection.exec(line) ?? [];
  if (section !== undefined) return `%${section}`;
  if (/^Processing files: /.test(line)) return 'Packaging';
  if (/^(?:RPM build errors:|Child return code was: )/.test(line)) return 'Result';
  // Mock makes the source package anew before it builds.
  return present === 'Result' && /^Executing command: /.test(line) ? 'Preparation' : present;
}

function ofMock(line, present) {
  const [, , kind] = mockStep.exec(line) ?? [];
  return kind === 'Start' ? (stepOf(line) ?? present) : present;
}

/** The title of the step that a line is of; none for those that last from the first of the others to the last. */
function stepOf(line) {
  const [, , , bootstrap, step = ''] = mockStep.exec(line) ?? [];
  if (step === '' || outerStep.test(step)) return undefined;
  const name = step.replace(/ for \S+$/, '').replace(/^rpmbuild .*/, 'rpmbuild');
  return bootstrap === undefined ? name : `${name} (bootstrap)`;
}

function ofManager(line, present, wasEnded) {
  const [, program] = executed.exec(line) ?? [];
  const name = program?.split('/').at(-1) ?? '';
  if (packageManager.test(name)) {
    const [, verb] = managerVerb.exec(line) ?? [];
    return verb === undefined ? name : `${name} ${verb}`;
  }
  return wasEnded ? 'Other steps' : present;
}
