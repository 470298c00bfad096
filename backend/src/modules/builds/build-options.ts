/** Where the files of a build come from, as users call it. */
export type SourceKind = 'repository' | 'upload';

/** How an image is made of the files, as the request says it. */
export interface BuildOptions {
  /** a folder of the files, `.` for their root; normalised */
  buildContext: string;
  /** path in the context; null: `Dockerfile`, if there is one */
  dockerfile: string | null;
  baseImage: string | null;
  installCommand: string | null;
  buildCommand: string | null;
  startCommand: string | null;
}

/** The same of a repository; a column of the deployment's row. */
export interface GitOptions extends BuildOptions {
  /** branch or tag; null: the remote's default branch */
  ref: string | null;
  commit: string | null;
  submodules: boolean;
}

/** What became of it; shown as `build` of a deployment. */
export interface BuildFacts {
  method: 'DOCKERFILE' | 'COMMANDS' | 'DETECTED';
  /** in words; null where a Dockerfile says it all */
  detected: string | null;
  warnings: string[];
}
