const MAX_LENGTH = 255;
/** https://git-scm.com/docs/git-check-ref-format, and never an option. */
// eslint-disable-next-line no-control-regex -- control characters are what it refuses
const FORBIDDEN = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^[-/.]|\/\.|[/.]$|\.lock(\/|$)|^@$/;

/** The name of a branch or a tag that git would take. */
export function isRefName(name: string): boolean {
  return name.length > 0 && name.length <= MAX_LENGTH && !FORBIDDEN.test(name);
}

/** `main` of `refs/heads/main`. */
export function shortRef(name: string): string {
  return name.replace(/^refs\/(heads|tags)\//, '');
}
