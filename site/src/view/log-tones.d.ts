export type LineTone = 'error' | 'warning' | 'plain';

/** `text` as it is shown: without colours. */
export function toneOf(text: string): LineTone;
