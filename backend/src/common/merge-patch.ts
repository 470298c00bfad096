import type { Type } from '@nestjs/common';

export type JsonObject = Record<string, unknown>;

const PATCHES = new Set<unknown>();

/** Marks a DTO whose body is a merge patch: every field may be missing, and null removes. */
export function MergePatch(): ClassDecorator {
  return (type) => void PATCHES.add(type);
}

export function isMergePatch(type: unknown): boolean {
  return PATCHES.has(type);
}

/** Names of the marked DTO classes. */
export function mergePatchNames(): string[] {
  return [...PATCHES].map((type) => (type as Type).name);
}

/** RFC 7396: null removes a member, objects merge, and everything else replaces. Changes neither argument. */
export function mergePatch(target: unknown, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(isJsonObject(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, isJsonObject(value) ? mergePatch(merged.get(name), value) : value);
  }
  return Object.fromEntries(merged);
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The members with other names than these. */
export function omit(value: object, ...names: string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}
