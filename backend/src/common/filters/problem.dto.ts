import { ApiProperty } from '@nestjs/swagger';
import { API_ERRORS } from '#src/common/errors/error-registry.js';

export class FieldErrorDto {
  /** Dotted path into the body, or the parameter's name. */
  path: string;
  message: string;
}

/** RFC 9457 problem details; the body of every error, as `application/problem+json`. */
export class ProblemDto {
  type: string;
  title: string;
  status: number;
  @ApiProperty({ enum: Object.keys(API_ERRORS), enumName: 'ErrorCode' })
  code: string;
  detail: string;
  hint?: string;
  /** Only for a failed validation. */
  errors?: FieldErrorDto[];
  /** Scopes that the operation needs. */
  required?: string[];
  instance: string;
  requestId: string;
  timestamp: Date;
}
