/** `@nestjs/swagger` for a running API: its decorators describe, and nobody reads it. What a file imports and this lacks stops the start. */
const nothing = () => () => undefined;

export {
  nothing as ApiBody,
  nothing as ApiConsumes,
  nothing as ApiExcludeController,
  nothing as ApiExtension,
  nothing as ApiHeader,
  nothing as ApiOperation,
  nothing as ApiParam,
  nothing as ApiProduces,
  nothing as ApiProperty,
  nothing as ApiQuery,
  nothing as ApiResponse,
  nothing as ApiSecurity,
  nothing as ApiTags,
};
