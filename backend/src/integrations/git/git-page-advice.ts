/** The repository, and what to build of it, that a page of a forge shows. */
interface Page {
  /** Address without a query. */
  gitUrl: string;
  branch?: string | undefined;
  commit?: string | undefined;
  buildContext?: string | undefined;
}

/**
 * What to send instead of the address of a page that people copy from the browser: a branch, a folder, a file, a pull
 * request. A problem follows the name "gitUrl".
 */
export function problemOfPage(url: URL): string | undefined {
  if (url.protocol !== 'https:') return undefined;
  const page = pageOf(url);
  if (!page) return undefined;
  const { gitUrl, ...fields } = page;
  const others = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [`${name} ${JSON.stringify(decoded(value))}`],
  );
  const sent = [`gitUrl "${gitUrl}"`, ...others];
  const last = sent.length > 1 ? ` and ${sent.pop() ?? ''}` : '';
  return `must be the address of the repository, not of a page: send ${sent.join(', ')}${last}`;
}

/** Forges whose repositories have two names; everything after these is a page. */
const TWO_NAMES = new Set(['github.com', 'www.github.com', 'bitbucket.org', 'codeberg.org', 'gitea.com', 'git.sr.ht']);
const COMMIT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** `#main` and `#main:folder` as docker build takes them; `?ref=main` of Terraform and pip. */
const FRAGMENT = /^#(?!L\d|readme)([A-Za-z0-9._/-]+)(?::([A-Za-z0-9._/-]+))?$/;

function pageOf(url: URL): Page | undefined {
  const names = url.pathname.split('/').filter(Boolean);
  return (
    codeCommitPage(url, names) ??
    azurePage(url, names) ??
    bitbucketServerPage(url, names) ??
    gitLabPage(url, names) ??
    otherPage(url, names) ??
    queryPage(url, names)
  );
}

/** `https://REGION.console.aws.amazon.com/codesuite/codecommit/repositories/NAME/browse/refs/heads/main`. */
function codeCommitPage({ hostname }: URL, names: string[]): Page | undefined {
  const region = /^([a-z0-9-]+)\.console\.aws\.amazon\.com$/.exec(hostname)?.[1];
  const [, codecommit, , name, , refs, heads, ...branch] = names;
  if (region === undefined || codecommit !== 'codecommit' || name === undefined) return undefined;
  const gitUrl = `https://git-codecommit.${region}.amazonaws.com/v1/repos/${name}`;
  const isBranch = refs === 'refs' && heads === 'heads';
  return { gitUrl, branch: isBranch ? branch.join('/').replace(/\/--\/.*$/, '') : undefined };
}

/** `…/_git/NAME?path=/folder&version=GBmain`; GB is a branch, GT a tag, GC a commit. */
function azurePage({ origin, searchParams, search }: URL, names: string[]): Page | undefined {
  const at = names.indexOf('_git');
  if (at < 0 || names[at + 1] === undefined || (search === '' && names.length === at + 2)) return undefined;
  const gitUrl = addressOf(origin, names.slice(0, at + 2));
  const version = searchParams.get('version') ?? '';
  const [kind, name] = [version.slice(0, 2), version.slice(2)];
  return {
    gitUrl,
    branch: kind === 'GB' || kind === 'GT' ? name : undefined,
    commit: kind === 'GC' ? name : undefined,
  };
}

/** `/projects/KEY/repos/NAME/browse?at=refs/heads/main`, and `/users/NAME/repos/…` of a personal one. */
function bitbucketServerPage({ origin, searchParams }: URL, names: string[]): Page | undefined {
  const at = names.findIndex((name, index) => name === 'repos' && /^(?:projects|users)$/.test(names[index - 2] ?? ''));
  if (at < 0 || names[at + 1] === undefined) return undefined;
  const owner = names[at - 2] === 'users' ? `~${names[at - 1] ?? ''}` : names[at - 1];
  const gitUrl = `${addressOf(origin, [...names.slice(0, at - 2), 'scm', owner ?? '', names[at + 1] ?? ''])}.git`;
  return { gitUrl, branch: searchParams.get('at')?.replace(/^refs\/(?:heads|tags)\//, '') };
}

/** GitLab has its pages below `/-/`, which is no name of a repository. */
function gitLabPage({ origin }: URL, names: string[]): Page | undefined {
  const at = names.indexOf('-');
  return at < 2 ? undefined : { gitUrl: addressOf(origin, names.slice(0, at)), ...shownBy(names.slice(at + 1)) };
}

/** Pages after two or more names, which no forge lets a repository be named. */
function otherPage({ origin, hostname }: URL, names: string[]): Page | undefined {
  if (names.at(-1)?.endsWith('.git')) return undefined;
  const fixed = TWO_NAMES.has(hostname) && names.length > 2 ? 2 : undefined;
  const at = fixed ?? names.findIndex((_, index) => index >= 2 && isPage(names.slice(index)));
  if (at < 0) return undefined;
  return { gitUrl: addressOf(origin, names.slice(0, at)), ...shownBy(names.slice(at)) };
}

function isPage([kind = '', next = '']: string[]): boolean {
  switch (kind) {
    case 'tree':
    case 'blob':
    case 'blame':
    case 'commits':
      return next !== '';
    case 'src':
    case 'raw':
      return /^(?:branch|tag|commit)$/.test(next);
    case 'commit':
      return COMMIT_ID.test(next);
    case 'pull':
    case 'pulls':
    case 'merge_requests':
    case 'pull-requests':
      return /^\d+$/.test(next);
    case 'releases':
      return next === 'tag';
    default:
      return false;
  }
}

/** What a page shows, by the names after those of the repository. */
function shownBy([kind = '', ...rest]: string[]): Partial<Page> {
  const [first = ''] = rest;
  switch (kind) {
    case 'pull':
    case 'pulls':
      return /^\d+$/.test(first) ? { branch: `refs/pull/${first}/head` } : {};
    case 'merge_requests':
      return /^\d+$/.test(first) ? { branch: `refs/merge-requests/${first}/head` } : {};
    case 'releases':
      return { branch: rest[1] };
    case 'tree':
    case 'blob':
    case 'blame':
    case 'commits':
    case 'commit':
      return revision(rest, kind === 'tree');
    case 'src':
    case 'raw':
      return revision(/^(?:branch|tag|commit)$/.test(first) ? rest.slice(1) : rest, kind === 'src');
    case 'branch':
      return { branch: rest.join('/') };
    default:
      return {};
  }
}

/** The first name is taken for the branch, the others for a folder of it: an address does not tell where one ends. */
function revision([name = '', ...folder]: string[], isFolder: boolean): Partial<Page> {
  // sourcehut writes /tree/main/item/folder
  const path = folder[0] === 'item' ? folder.slice(1) : folder;
  const context = isFolder && path.length > 0 && !path.at(-1)?.includes('.') ? path.join('/') : undefined;
  return { ...(COMMIT_ID.test(name) ? { commit: name } : { branch: name }), buildContext: context };
}

function queryPage({ origin, search, searchParams, hash }: URL, names: string[]): Page | undefined {
  if ((search === '' && hash === '') || names.length < 2) return undefined;
  const [, ofHash, buildContext] = FRAGMENT.exec(hash) ?? [];
  const branch = searchParams.get('ref') ?? searchParams.get('branch') ?? searchParams.get('h') ?? ofHash;
  return { gitUrl: addressOf(origin, names), branch, buildContext };
}

function addressOf(origin: string, names: string[]): string {
  return `${origin}/${names.join('/')}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
