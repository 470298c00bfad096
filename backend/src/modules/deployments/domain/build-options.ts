/** Source of a build's files, as error messages name it. */
export type SourceKind = 'repository' | 'upload';

/** Build options of the request. */
export interface BuildOptions {
  /** folder to build, `.` for the root; normalized */
  buildContext: string;
  /** path in the context; null: `Dockerfile`, if it exists */
  dockerfile: string | null;
  baseImage: string | null;
  installCommand: string | null;
  buildCommand: string | null;
  startCommand: string | null;
  /** Stage of the Dockerfile to build. Default: the last. Rows of older versions have neither of these. */
  target?: string | null;
  /** the variables are build arguments as well */
  buildEnvVars?: boolean;
}

/** Build options of a Git deployment, as stored in the deployment's row. */
export interface GitOptions extends BuildOptions {
  /** branch or tag; null: the remote's default branch */
  ref: string | null;
  commit: string | null;
  submodules: boolean;
}

/** Result of the build plan; shown as `build` of a deployment. */
export interface BuildFacts {
  method: 'DOCKERFILE' | 'COMMANDS' | 'DETECTED';
  /** description of the detected runtime; null with a Dockerfile */
  detected: string | null;
  /** what in the files determined the runtime, its version and its commands; a row of an earlier version has none */
  reasons?: string[];
  warnings: string[];
  /** the release command of this row is that of the Procfile: the next build reads it again */
  releaseFromProcfile?: boolean;
}
