import { parse } from 'smol-toml';

/** Where mise keeps the versions of a project; see https://mise.jdx.dev/configuration.html. */
export const MISE = ['mise.toml', '.mise.toml'];

export type TomlTable = Record<string, unknown>;

/** A TOML file as a table; empty when it is none: the tool that reads it reports that. */
export function tomlOf(text: string | undefined): TomlTable {
  try {
    return text === undefined ? {} : parse(text);
  } catch {
    return {};
  }
}

/** The table at a path of keys; empty when there is none. */
export function tableAt(value: unknown, ...keys: string[]): TomlTable {
  let found = value;
  for (const key of keys) found = isTable(found) ? found[key] : undefined;
  return isTable(found) ? found : {};
}

export function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The texts of a list; empty when it is no list. */
export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** The version of a tool in mise.toml: `"22"`, `{ version = "22" }` or the first of a list. */
export function miseVersionOf(text: string | undefined, tool: string): string | undefined {
  const wanted = tableAt(tomlOf(text), 'tools')[tool];
  const first: unknown = Array.isArray(wanted) ? wanted[0] : wanted;
  const version = isTable(first) ? first['version'] : first;
  return typeof version === 'string' ? version : undefined;
}
