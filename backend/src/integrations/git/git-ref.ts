const MAX_LENGTH = 255;
/** Pattern of https://git-scm.com/docs/git-check-ref-format that also excludes options. */
// eslint-disable-next-line no-control-regex -- control characters are what it refuses
const FORBIDDEN = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^[-/.]|\/\.|[/.]$|\.lock(\/|$)|^@$/;

/** Whether git accepts the name of a branch or a tag. */
export function isRefName(name: string): boolean {
  return name.length > 0 && name.length <= MAX_LENGTH && !FORBIDDEN.test(name);
}

/** Short name of a ref: `main` of `refs/heads/main`. */
export function shortRef(name: string): string {
  return name.replace(/^refs\/(heads|tags)\//, '');
}
