/** What is known against versions of the Docker Engine: the newest of them that matters here, by the version that mends it. */
export interface Advisory {
  id: string;
  /** in branches that were mended: the first version without it */
  mendedIn: string[];
  about: string;
}

/** https://github.com/moby/moby/security/advisories */
export const ADVISORIES: Advisory[] = [
  {
    id: 'CVE-2024-41110',
    mendedIn: ['23.0.15', '25.0.6', '26.1.5', '27.1.1'],
    about: 'authorization plugins can be bypassed',
  },
  {
    id: 'CVE-2024-21626',
    mendedIn: ['24.0.9', '25.0.2'],
    about: 'runc: a container can reach the file system of the host',
  },
  {
    id: 'CVE-2023-28840',
    mendedIn: ['20.10.24', '23.0.3'],
    about: 'encrypted overlays take unencrypted packets',
  },
];

/** Those that concern a version. Distributions mend without changing the number: what is found deserves a look and no more. */
export function advisoriesFor(version: string): Advisory[] {
  const own = numbers(version);
  return ADVISORIES.filter(({ mendedIn }) => {
    const branches = mendedIn.map(numbers).sort(compare);
    const sameBranch = branches.find(([major, minor]) => major === own[0] && (major < 23 ? minor === own[1] : true));
    if (sameBranch) return compare(own, sameBranch) < 0;
    const newest = branches.at(-1);
    return newest !== undefined && compare(own, newest) < 0;
  });
}

type Numbers = [number, number, number];

function numbers(version: string): Numbers {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.+~-]/).map((part) => Number(part) || 0);
  return [major, minor, patch];
}

function compare(a: Numbers, b: Numbers): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
