import { cutText } from './cut-text.js';

const DEFAULT_MAX_LENGTH = 2000;
const MASK = '***';
/** Sequences of a terminal: colours, cursor movements, titles. */
// eslint-disable-next-line no-control-regex -- they begin with ESC
const TERMINAL = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?)/g;
// eslint-disable-next-line no-control-regex -- control characters, but for tab and newline
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/**
 * Text from outside (a container, the engine, a registry, a git or ACME server, a repository) as it may be stored,
 * logged and shown: of bounded length, valid Unicode, without NUL and other control characters but tab and newline,
 * and without these secrets.
 */
export function safeText(
  text: string,
  { maxLength = DEFAULT_MAX_LENGTH, secrets = [] }: { maxLength?: number; secrets?: readonly string[] } = {},
): string {
  const longest = Math.max(0, ...secrets.map(({ length }) => length));
  // A secret that the cut divides would not be recognized.
  const considered = maxLength + 2 * longest;
  const masked = redact(cutText(text, considered), secrets);
  const whole = text.length > considered ? masked.slice(0, Math.max(0, masked.length - longest)) : masked;
  return cutText(whole.replace(TERMINAL, '').replace(CONTROLS, ''), maxLength).toWellFormed();
}

/** Masks every occurrence of these secrets, the longest first: one may contain another. */
export function redact(text: string, secrets: readonly string[]): string {
  return [...secrets]
    .sort((a, b) => b.length - a.length)
    .reduce((masked, secret) => (secret === '' ? masked : masked.replaceAll(secret, MASK)), text);
}
