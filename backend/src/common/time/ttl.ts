import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { Nullable } from '#src/common/null-fields.js';

const MIN_SECONDS = 60;
const MAX_SECONDS = 31_536_000;
const MAX_NOTICE_MS = 3_600_000;
const RANGE = { message: `must be a whole number between ${MIN_SECONDS} and ${MAX_SECONDS}, or null` };

/** Validates a TTL in seconds from now on; null means that the resource does not expire. */
export function TtlSeconds(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ type: Number, nullable: true, required: false, example: 86_400 }),
    Nullable(),
    IsOptional(),
    IsInt(RANGE),
    Min(MIN_SECONDS, RANGE),
    Max(MAX_SECONDS, RANGE),
  );
}

/** Expiry of a TTL; null for a resource that does not expire. */
export function expiryOf(now: Date, ttlSeconds: number | null | undefined): Date | null {
  return ttlSeconds == null ? null : new Date(now.getTime() + ttlSeconds * 1000);
}

/** When the expiry is announced: a tenth of the TTL before it, one hour at most. */
export function expiryWarningAt(now: Date, end: Date): Date {
  const ttlMs = end.getTime() - now.getTime();
  return new Date(end.getTime() - Math.min(MAX_NOTICE_MS, ttlMs / 10));
}
