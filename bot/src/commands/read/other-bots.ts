// Commands of other bots that may listen to the same comments. They are none of ours and no typing mistakes of ours.
// Sources: https://prow.k8s.io/command-help, https://docs.gitlab.com/user/project/quick_actions/,
// https://packit.dev/docs/guide/#how-to-re-trigger-packit-actions-in-your-pull-request, bors, Mergify, Renovate.

/** Those of one word or more that could be taken for ours; `/remove-…` and `/request_…` come near none. */
export const commandsOfOthers: readonly string[] =
  `approve-all area assign auto-cc award azp backport bark bench benchmark blunderbuss bors bugzilla cc cherry-pick
  cherrypick check check-cla check-dco ci clear clone close codecov committee confidential convert-to-ticket copy
  copr-build create-merge-request dco deploy dependabot deprecated dog done draft due duplicate e2e epic estimate fix
  fmt format gemini good-first-issue hold honk help-wanted invite iteration issue jira joke kind label language lgtm
  lifecycle link lock meow merge mergify milestone move needs-rebase needs-sig no-op ok ok-to-test override packit
  packit-stg page parent payload pipeline pony preview priority project promote queue react ready rebase
  recheck refresh reassign reassign-reviewer relabel release release-note release-note-edit release-note-none relate
  renovate reopen requeue rerun rerun-all reset restart restore retest retest-required retitle retry review rfc run
  sig severity shipit shrug sig-release skip snapshot spend split squash stale submit subscribe sync tableflip
  test test-all test-required tide title todo transfer transfer-issue triage try unapprove unapproved unassign unblock
  uncc unclaim undraft unhold unlabel unlgtm unlink unlock unrelate unshrug unsubscribe unsubmit update upstream
  verified verify vote weight wg wip woof work-in-progress zoom`.split(/\s+/);

/** What Prow understands behind a verb that is ours too. */
export function isMeantForAnotherBot(verb: string, rest: string): boolean {
  return verb === 'approve' && /^\s*(?:cancel|no-issue|force)\s*$/i.test(rest);
}
