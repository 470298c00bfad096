import type { Runtime } from './runtime.js';
import { isOtherProject } from './other-runtimes.js';
import type { SourceFiles } from './source-files.js';
import { renderStaticSite } from './static-site.js';

const DEFAULT_PORT = 8080;
/** Where generators put a site; the root is first. */
const FOLDERS = ['', 'public/', 'dist/', 'docs/', '_site/', 'site/', 'build/', 'out/', 'www/', 'html/'];

/** Detects index.html without any other runtime: nginx serves its folder. */
export function detectStatic(files: SourceFiles, nginxImage: string): Runtime | undefined {
  if (isOtherProject(files)) return undefined;
  const folder = FOLDERS.find((each) => files.has(`${each}index.html`) && !isTemplate(files, each));
  if (folder === undefined) return undefined;
  const isSinglePage = hasFallback(files, folder);
  return {
    description: `a static site (${folder}index.html)`,
    reasons: [
      folder === '' ? 'index.html in the root' : `files of ${folder}, which has the index.html`,
      ...(isSinglePage ? ['index.html for every path that no file has, from _redirects or 200.html'] : []),
      ...(files.has(`${folder}404.html`) && !isSinglePage ? ['404.html for what is missing'] : []),
    ],
    baseImage: nginxImage,
    defaultPort: DEFAULT_PORT,
    dockerfile: ({ options: { baseImage, installCommand, buildCommand, startCommand }, port }) => {
      if ([installCommand, buildCommand, startCommand].some((command) => command !== null)) return undefined;
      const site = { folder: `app/${folder}`, isSinglePage, isBundled: folder !== '', port };
      return renderStaticSite({ nginxImage: baseImage ?? nginxImage, ...site });
    },
  };
}

/** A page with front matter is an input of Jekyll and alike, and not a page yet. */
function isTemplate(files: SourceFiles, folder: string): boolean {
  return (files.text(`${folder}index.html`) ?? '').startsWith('---');
}

/** What Netlify and Cloudflare read, and what Surge reads. */
function hasFallback(files: SourceFiles, folder: string): boolean {
  const lines = (files.text(`${folder}_redirects`) ?? files.text('_redirects') ?? '').split('\n');
  return (
    files.has(`${folder}200.html`) || lines.some((line) => /^\/\*\s{1,20}\/(?:index\.html)?\s{1,20}200/.test(line))
  );
}
