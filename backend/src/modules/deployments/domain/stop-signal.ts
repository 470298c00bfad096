/** Signals that programs take as a request to end. SIGSTOP and the like would only delay the kill. */
export const STOP_SIGNALS = [
  'SIGTERM',
  'SIGINT',
  'SIGQUIT',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
  'SIGPWR',
  'SIGABRT',
  'SIGALRM',
  'SIGKILL',
];
const REAL_TIME = /^SIGRTMIN(?:\+(?:[1-9]|1[0-5]))?$/;

/** The signal's name as the Engine takes it; undefined for another text. `term` is SIGTERM, as for Docker. */
export function stopSignalOf(text: string): string | undefined {
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  return STOP_SIGNALS.includes(name) || REAL_TIME.test(name) ? name : undefined;
}
