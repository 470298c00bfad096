import type { SourceFiles } from './source-files.js';
import { packageName } from './python-requirements.js';
import { tableAt, textsOf, tomlOf } from './toml.js';

/** Packages that PyPI has only as sources in C, and whose headers the full image of Python has. */
const COMPILED: ReadonlySet<string> = new Set([
  'gssapi',
  'm2crypto',
  'mysqlclient',
  'netifaces',
  'psycopg2',
  'pycairo',
  'pycrypto',
  'pygraphviz',
  'pyicu',
  'pylibmc',
  'python-ldap',
  'python-snappy',
  'uwsgi',
]);
const EXTENSION = /\bext_modules\b|\bExtension\(|\bcythonize\(|\bcffi_modules\b/;
const BUILD_TOOLS: ReadonlySet<string> = new Set([
  'cffi',
  'cython',
  'meson-python',
  'nanobind',
  'pybind11',
  'scikit-build',
  'scikit-build-core',
]);

/** Why the build needs compilers or git; undefined when it does not. */
export function compilerReason(files: SourceFiles, lines: string[]): string | undefined {
  for (const line of lines) {
    const name = packageName(line);
    if (name !== undefined && COMPILED.has(name)) return `a build stage with compilers for ${name}`;
    if (/^psycopg\[[\w ,-]{0,100}\bc\b/.test(line)) return 'a build stage with compilers for psycopg[c]';
    if (/\bgit\+(?:https?|ssh|git):/.test(line)) return 'a build stage with git for a dependency of a repository';
  }
  for (const name of files.names)
    if (name.endsWith('setup.py') && EXTENSION.test(files.text(name) ?? ''))
      return `a build stage with compilers for the extension of ${name}`;
  const { requires } = tableAt(tomlOf(files.text('pyproject.toml')), 'build-system');
  const tools = textsOf(requires).map((line) => packageName(line) ?? '');
  return tools.some((tool) => BUILD_TOOLS.has(tool))
    ? 'a build stage with compilers for the build system of pyproject.toml'
    : undefined;
}

/**
 * Why the program needs the full image when it runs; undefined when the slim one does. psycopg without `binary` or `c`
 * opens libpq by its name, see https://www.psycopg.org/psycopg3/docs/basic/install.html
 */
export function libraryReason(lines: string[]): string | undefined {
  const names = lines.map(packageName);
  if (!names.includes('psycopg') || names.includes('psycopg-binary') || names.includes('psycopg-c')) return undefined;
  return lines.some((line) => /^psycopg\[[\w ,-]{0,100}\b(?:binary|c)\b/i.test(line))
    ? undefined
    : 'the full image for psycopg, which needs libpq; psycopg[binary] does without';
}

/** Where the final image finds the libraries that extensions are linked with. */
export const SHARED_LIBRARIES = '/home/app/.local/lib/shared';
/** What every image of a release has, and must match its own loader. */
const OF_THE_SYSTEM = 'ld-*|libc.*|libm.*|libdl.*|libpthread.*|librt.*|libutil.*|libresolv.*|libpython*';

/** Copies the libraries of extensions, such as libpq: the slim image of the same release does not have them. */
export const COPY_SHARED_LIBRARIES = [
  `mkdir -p ${SHARED_LIBRARIES}`,
  "find /home/app/.local -name '*.so*' -type f -exec ldd {} + 2>/dev/null" +
    ` | sed -n 's/.* => \\(\\/[^ ]*\\) .*/\\1/p' | sort -u | while read -r library; do` +
    ` case "\${library##*/}" in ${OF_THE_SYSTEM}) ;; *) cp -nL "$library" ${SHARED_LIBRARIES}/ ;; esac; done`,
].join(' && ');
