const MAX_LENGTH = 255;
/** Pattern of https://git-scm.com/docs/git-check-ref-format that also excludes options. */
// eslint-disable-next-line no-control-regex -- control characters are what it refuses
const FORBIDDEN = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^[-/.]|\/\.|[/.]$|\.lock(\/|$)|^@$/;
const NAMESPACE = 'refs/';

/** Whether git accepts the name of a branch or a tag, or a full name such as `refs/pull/12/head`. */
export function isRefName(name: string): boolean {
  return name.length > 0 && name.length <= MAX_LENGTH && !FORBIDDEN.test(name) && shortRef(name) !== '';
}

/** Short name of a branch or a tag: `main` of `refs/heads/main`. Other full names stay: `refs/pull/12/head`. */
export function shortRef(name: string): string {
  return name.replace(/^refs\/(heads|tags)\//, '');
}

export function isFullRef(name: string): boolean {
  return name.startsWith(NAMESPACE);
}

/** The full names that a name may stand for, the preferred one first: a branch before a tag, as git clone does. */
export function fullRefs(name: string): string[] {
  return isFullRef(name) ? [name] : [`refs/heads/${name}`, `refs/tags/${name}`];
}
