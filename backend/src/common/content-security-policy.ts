const STRICT = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self'",
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
};

/** The policy of a page that loads files of its own origin only. `changes` replaces and adds directives. */
export function contentSecurityPolicy(changes: Record<string, string> = {}): string {
  const directives = Object.entries({ ...STRICT, ...changes });
  return directives.map(([name, value]) => `${name} ${value}`).join('; ');
}
