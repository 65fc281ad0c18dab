// Whether a line of a log speaks of an error or a warning, judged by its words alone. Pure; a part of the browser's
// script too (see markup/assets.ts).

/** A command that a shell is about to run (`set -x`): what it holds has not happened. */
const traced = /^\++ /;
/** How mock's root.log begins each line, also those that a failed program has printed before it failed. */
const level = /^(?:DEBUG|INFO|WARNING|ERROR) [\w.-]{1,40}(?::\d+)?: +/;
/** Said by compilers and tools in front of what is wrong. */
const labelled = /(?:^|[\s:>)\]])(?:error|fatal error|fatal|ERROR|FATAL|FAIL)(?: ?\[?[A-Z]+\d+\]?)?: /i;
const atTheStart =
  /^\[(?:ERROR|FATAL|FAILED)\]|^(?:\[[^\]]{1,60}\] *)?(?:ERROR|FATAL|FAIL|FAILED|FAILURE|FAILURES)\b(?![.\w/=-])|^(?:Error|Failed|error|fatal)(?:: | to |:$)|^Command failed\b|^ *Problem(?: \d+)?: |^[A-Za-z_][\w.]*(?:Error|Exception): |^CMake Error\b|^--- FAIL\b|^E {3,}\S|^Traceback \(most recent call last\):|^Bad exit status from /;
/** Test Anything Protocol: those that are to do or skipped are meant. */
const notOk =
  /^\s*not ok\b(?!.*# *(?:TODO|SKIP))|^# {1,3}(?:Failed test\b|Looks like you failed)|^\s*Failed (?:\d+\/\d+ subtests|tests?: )|^Result: FAIL/i;
const make = /^\S*make(?:\[\d+\])?: \*\*\* |^ninja: build stopped|^ninja: error|\*\*\*(?:Failed|Exception|Timeout)\b/;
const anywhere =
  /undefined reference to |multiple definition of |cannot find -l|\bnothing provides |\bld returned [1-9]|: command not found$|: No such file or directory\b|: Permission denied\b|: No space left on device\b|[Ss]egmentation fault|\bcore dumped\b|\bpanicked at |Assertion .{1,300} failed\b|assertion failed:|\.\.\.* ?FAIL(?:ED)?\b|:: ?\S+ FAILED\b|^\S+ FAILED$|cannot open shared object file|\bnot found \(required by /;
/** Of something, at least one. */
const counted =
  /(?<![-.\w])(?:1 (?:\w+ )?(?:error|failure)|[1-9]\d* (?:\w+ )?(?:failed|failures|errors))\b(?![.\w/=-]\w)|(?<![-\w])(?:failed|failures?|errors?)[:=] ?[1-9]\d*\b/i;
const none = /\b(?:0|no|without) (?:\w+ )?(?:failed|failures?|errors?)\b/i;
const warning = /(?:^|[\s:([])(?:warning|deprecated|deprecationwarning)(?:[\s:)\]]|$)/i;
const noWarning = /\b(?:0|no|without) warnings?\b/i;

export function toneOf(line) {
  const text = line.slice(0, 2000).replace(level, '');
  if (traced.test(text)) return 'plain';
  if (counted.test(text)) return 'error';
  const isError =
    labelled.test(text) || atTheStart.test(text) || notOk.test(text) || make.test(text) || anywhere.test(text);
  if (isError && !none.test(text)) return 'error';
  return warning.test(text) && !noWarning.test(text) ? 'warning' : 'plain';
}
